import { countedText, countText, durationText, numberText } from '../core/quantity-text.ts';
import { NS_PER_MS } from '../core/time.ts';
import { loadOver, type CalibratedCell, type ClientError, type RunLoad } from './error-bound.ts';

/** What a report says of the client's own error, as one sentence or two. */
export function clientErrorText(error: ClientError): string {
  switch (error.kind) {
    case 'none':
      return 'none of this machine; to measure its error at rest: inferometer calibrate';
    case 'no_load':
      return 'no bound: requests were sent in one burst, or too few to estimate a rate';
    case 'other_connections':
      return 'no bound: calibrate measures plain HTTP/1.1 over connections that are kept alive, and this run had TLS or HTTP/2, or closed its connections';
    case 'beyond':
      return beyondText(error);
    case 'bound':
      return `${boundText(error.cell)} (calibrated ${error.cell.calibratedAt.slice(0, 10)} at ${loadText(error.cell.load)})${lateText(error.lateMs)}`;
  }
}

function beyondText({ load, largest, workers }: Extract<ClientError, { kind: 'beyond' }>): string {
  const onThreads = (count: number) =>
    workers === undefined ? '' : ` on ${countedText(count, 'engine thread')}`;
  const grid = gridOf(loadOver(load, workers ?? null, largest.workers));
  return (
    `no bound: ${loadText(load)}${onThreads(workers ?? 0)} is beyond what was calibrated` +
    ` (up to ${loadText(largest.load)}${onThreads(largest.workers)}); to measure it: inferometer calibrate --grid ${grid}`
  );
}

function lateText(lateMs: number | undefined): string {
  return lateMs === undefined
    ? ''
    : `; but in this run the client was later than that: by ${durationText(lateMs * NS_PER_MS)} in 1 % of the time`;
}

/** The error at one load in words. Bias is overstatement here: a stamp of ours is never on the early side. */
function boundText({ ttft, latency, chunkGap }: CalibratedCell): string {
  const overstated = [
    { name: 'TTFT', error: ttft },
    { name: 'latency', error: latency },
  ].flatMap(({ name, error }) => (error === null ? [] : [{ name, error }]));
  return [
    ...overstated.map(({ name, error }, i) =>
      i === 0
        ? `${name} is overstated by at most ${durationText(error.p50Ns)} at p50 and ${durationText(error.p99Ns)} at p99`
        : `${name} by ${durationText(error.p50Ns)} and ${durationText(error.p99Ns)}`,
    ),
    ...(chunkGap === null
      ? []
      : [`chunk gaps are off by ${durationText(chunkGap.p50Ns)} and ${durationText(chunkGap.p99Ns)}`]),
  ].join(', ');
}

/** `125 requests/s, 250 streams × 100 chunks/s`; without chunks, requests in flight instead of streams. */
export function loadText({ requestsPerSecond, streams, chunksPerSecond }: RunLoad): string {
  const requests = `${amountText(requestsPerSecond)} requests/s`;
  return chunksPerSecond === 0
    ? `${requests}, ${amountText(streams)} in flight`
    : `${requests}, ${amountText(streams)} streams × ${amountText(chunksPerSecond / streams)} chunks/s`;
}

/** A whole number in full, as somebody set it; any other to three digits, as it was measured. */
export function amountText(value: number): string {
  return Number.isInteger(value) ? countText(value) : numberText(value);
}

/** A load as `--grid` of calibrate takes it, rounded so that it covers the run. */
function gridOf({ requestsPerSecond, streams, chunksPerSecond }: RunLoad): string {
  // Without chunks, an answer is one.
  const chunks = chunksPerSecond === 0 ? requestsPerSecond : chunksPerSecond;
  const intervalMs = (streams / chunks) * 1000;
  const shorter = intervalMs >= 2 ? Math.floor(intervalMs) : Math.max(0.1, Math.floor(intervalMs * 10) / 10);
  return `${roundedUp(requestsPerSecond)}x${Math.ceil(streams)}x${shorter}`;
}

/** At most 10 % more than it was. */
function roundedUp(value: number): number {
  const unit = 10 ** (Math.floor(Math.log10(value)) - 1);
  return Number((Math.ceil(value / unit) * unit).toPrecision(2));
}
