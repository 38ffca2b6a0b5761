/**
 * What a server got done over the measured window; in a snapshot's extras as `throughput`.
 *
 * The window begins when the load is built up: once as many samples are in flight as on average. It ends when issuing ends, so the drain
 * is not in it, nor is a sample that hangs. A pause cuts it in parts, each with a start of its own. When fewer than half of the
 * samples had ended by the end of issuing, they were one burst: then it ends when nine in ten of the successes had come. What completes in
 * the window counts, whenever it was issued. Its borders are off by
 * 1/2000 of the time from the start to the last issue at most. There is none for a window too short for that, of about a quarter of a ms.
 */
export interface Throughput {
  /** ns since the run's origin. */
  readonly start_ns: number;
  readonly end_ns: number;
  /** Length of the window: of all its parts together. */
  readonly window_ns: number;
  /** One after another; more than one when issuing was paused. */
  readonly parts: readonly { readonly start_ns: number; readonly end_ns: number }[];
  readonly ended_by: 'issuing' | 'completions';
  /** From the first issue to the start, before which the load was being built up. */
  readonly ramp_up_ns: number;
  /** Samples that ended in the window. */
  readonly succeeded: number;
  readonly errored: number;
  readonly succeeded_per_second: number;
  readonly errored_per_second: number;
  /** Tokens of a sample are spread evenly from its first chunk to its last. */
  readonly output_tokens_per_second: number;
  /** Where the two rates lie with 95 % confidence; null for too few samples. Absent in a snapshot of an earlier version. */
  readonly succeeded_per_second_interval?: RateInterval | null;
  readonly output_tokens_per_second_interval?: RateInterval | null;
  /** Over time, exactly: what Little's law calls L. */
  readonly mean_in_flight: number;
  /** Of the samples that ended in the window, failed ones too; null for none. */
  readonly mean_latency_ns: number | null;
  /** From the end of the window to the last sample that ended by itself, and how many ended in that time. */
  readonly drain_ns: number;
  readonly drain_ended: number;
}

export interface RateInterval {
  readonly low: number;
  readonly high: number;
}

/** Reads it off a snapshot's extras; undefined for a snapshot of an earlier version or of another aggregator. Never throws. */
export function readThroughput(
  extras: { readonly [key: string]: unknown } | undefined,
): Throughput | undefined {
  const { throughput } = extras ?? {};
  if (typeof throughput !== 'object' || throughput === null) return undefined;
  const {
    succeeded_per_second: rate,
    window_ns: windowNs,
    mean_in_flight: inFlight,
    parts,
  } = throughput as Partial<Throughput>;
  const numbers = [rate, windowNs, inFlight];
  return Array.isArray(parts) && numbers.every((value) => typeof value === 'number' && Number.isFinite(value))
    ? (throughput as Throughput)
    : undefined;
}

/** What Little's law makes of the rate and the mean latency: samples in flight; null when none ended. */
export function inFlightByLittle({
  succeeded_per_second: succeeded,
  errored_per_second: errored,
  mean_latency_ns: latencyNs,
}: Throughput): number | null {
  return latencyNs === null ? null : (succeeded + errored) * (latencyNs / 1e9);
}

/** By which share rate × mean latency differs from the samples that were in flight; null when none ended or none was in flight. */
export function littleError(throughput: Throughput): number | null {
  const expected = inFlightByLittle(throughput);
  const { mean_in_flight: inFlight } = throughput;
  return expected === null || !(inFlight > 0) ? null : expected / inFlight - 1;
}
