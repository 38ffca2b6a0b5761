import { countedText, durationText, numberText, percentText } from '../core/quantity-text.ts';
import { inFlightByLittle, littleError, type Throughput } from '../core/throughput.ts';

/** Little's law holds in a steady run; up to this much is chance, beside what the samples account for that reach over a border. */
const LITTLE_TOLERANCE = 0.02;

/** The rates: `20.0 requests/s succeeded, 0.50/s failed`. */
export function rateText({
  succeeded_per_second: succeeded,
  errored_per_second: errored,
  errored: erroredCount,
}: Throughput): string {
  return `${numberText(succeeded)} requests/s succeeded${erroredCount === 0 ? '' : `, ${numberText(errored)}/s failed`}`;
}

/** The measured window: `over 9.80 s, from the end of the ramp-up (210 ms) to the last request sent`. */
export function windowText(throughput: Throughput): string {
  const { window_ns: windowNs, parts, ramp_up_ns: rampUpNs, ended_by: endedBy } = throughput;
  const from = `from the end of the ramp-up (${durationText(rampUpNs)})`;
  const to =
    endedBy === 'issuing'
      ? 'to the last request sent'
      : 'until 90 % of the successful responses were complete, since the requests were sent in one burst';
  return `over ${durationText(windowNs)}, ${from} ${to}${parts.length === 1 ? '' : `, in ${countedText(parts.length, 'part')} separated by pauses`}`;
}

/** `12.3 s for the last 5 requests, not included in the throughput`; empty when nothing ended behind the window. */
export function drainText({ drain_ns: drainNs, drain_ended: ended }: Throughput): string {
  if (ended === 0) return '';
  const last = ended === 1 ? 'the last request' : `the last ${countedText(ended, 'request')}`;
  return `${durationText(drainNs)} for ${last}, not included in the throughput`;
}

/** How many samples were in flight, and whether that agrees with the rate and the latency. Of a burst it can't be asked. */
export function inFlightText(throughput: Throughput): string {
  const { mean_in_flight: inFlight, mean_latency_ns: latencyNs, window_ns: windowNs } = throughput;
  const error = littleError(throughput);
  const expected = inFlightByLittle(throughput);
  const mean = `${numberText(inFlight)} on average`;
  if (error === null || expected === null || latencyNs === null || throughput.ended_by !== 'issuing')
    return mean;
  const product = `rate × mean latency = ${numberText(expected)}`;
  if (Math.abs(error) <= LITTLE_TOLERANCE + latencyNs / (2 * windowNs)) return `${mean} (${product})`;
  const difference = `${percentText(Math.abs(error))} ${error > 0 ? 'more' : 'less'}`;
  return `${mean}, but ${product}, ${difference}: the load was not steady in the window`;
}
