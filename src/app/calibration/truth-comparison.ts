import type { RunLoad, SeriesError } from '../../report/error-bound.ts';
import { quantileOfSorted } from '../../stats/quantile.ts';
import type { SeenSample } from './seen-samples.ts';
import type { ServerTruth } from './server-truth.ts';

/** A stretch of time, ns since the run's origin. */
export interface TimeWindow {
  readonly fromNs: number;
  readonly toNs: number;
}

export interface Comparison {
  /** Null where there was nothing to compare. */
  readonly ttft: SeriesError | null;
  readonly chunkGap: SeriesError | null;
  readonly latency: SeriesError | null;
  /** What the client saw in the window. */
  readonly load: RunLoad;
  /** Samples that failed, had no record of the server beside them, or other chunks than it wrote. */
  readonly unmatched: number;
}

/**
 * Reported minus true, for all that was reported in the window: TTFT by its first chunk, a gap by its later chunk, a latency by
 * its end. A row of the dataset must have been sent once only.
 */
export function compareWithTruth(
  samples: readonly SeenSample[],
  truths: readonly ServerTruth[],
  { fromNs, toNs }: TimeWindow,
): Comparison {
  const truthOfRow = new Map(truths.map((truth) => [truth.promptNumber, truth]));
  const inWindow = (ns: number) => ns >= fromNs && ns < toNs;
  const ttft: number[] = [];
  const chunkGap: number[] = [];
  const latency: number[] = [];
  let chunks = 0;
  let latenciesNs = 0;
  let unmatched = 0;
  for (const { row, issuedNs, chunksNs, completedNs, failed } of samples) {
    const truth = truthOfRow.get(row);
    if (failed || completedNs === null || truth?.tokensNs.length !== chunksNs.length) {
      unmatched += 1;
      continue;
    }
    const { receivedNs, tokensNs, endNs } = truth;
    chunksNs.forEach((chunkNs, i) => {
      if (!inWindow(chunkNs)) return;
      chunks += 1;
      if (i === 0) ttft.push(chunkNs - issuedNs - (tokensNs[0]! - receivedNs));
      else chunkGap.push(chunkNs - chunksNs[i - 1]! - (tokensNs[i]! - tokensNs[i - 1]!));
    });
    if (!inWindow(completedNs)) continue;
    latency.push(completedNs - issuedNs - (endNs - receivedNs));
    latenciesNs += completedNs - issuedNs;
  }
  const seconds = (toNs - fromNs) / 1e9;
  const issued = samples.filter(({ issuedNs }) => inWindow(issuedNs)).length;
  return {
    ttft: summarise(ttft),
    chunkGap: summarise(chunkGap),
    latency: summarise(latency),
    load: {
      requestsPerSecond: issued / seconds,
      // In the window each ended one stands for one that was in flight at its borders.
      streams: latenciesNs / (toNs - fromNs),
      chunksPerSecond: chunks / seconds,
    },
    unmatched,
  };
}

/** Percentiles as in a report. */
export function summarise(errorsNs: readonly number[]): SeriesError | null {
  if (errorsNs.length === 0) return null;
  const signed = Float64Array.from(errorsNs).sort();
  const sizes = signed.map(Math.abs).sort();
  return {
    count: signed.length,
    biasNs: quantileOfSorted(signed, 50),
    p50Ns: quantileOfSorted(sizes, 50),
    p99Ns: quantileOfSorted(sizes, 99),
    maxNs: sizes.at(-1)!,
  };
}

/** A mean this much short of the plan is still called reached. */
const LEAST_SLACK = 0.1;
/** Arrivals are Poisson: their number varies by its square root, and with it all that follows from it. */
const SLACK_DEVIATIONS = 2.5;

/** Of a load that was reached but for chance, the nominal values: what was planned reads better and repeats. */
export function calibratedLoad(nominal: RunLoad, measured: RunLoad, measuredSeconds: number): RunLoad {
  const arrivals = nominal.requestsPerSecond * measuredSeconds;
  const slack = Math.max(LEAST_SLACK, SLACK_DEVIATIONS / Math.sqrt(arrivals));
  const reached = (name: keyof RunLoad) =>
    measured[name] < nominal[name] * (1 - slack) ? measured[name] : nominal[name];
  return {
    requestsPerSecond: reached('requestsPerSecond'),
    streams: reached('streams'),
    chunksPerSecond: reached('chunksPerSecond'),
  };
}
