import { InferometerError } from '../core/errors.ts';
import { regularizedIncompleteBeta } from './incomplete-beta.ts';
import { percentileKey } from './percentile-key.ts';

/** How far below its percentile a bound may fall, as MLPerf sets it. */
export const EARLY_STOPPING_TOLERANCE = 0;
/** How sure a bound is, as MLPerf sets it. */
export const EARLY_STOPPING_CONFIDENCE = 0.99;
/** Nearer to a fraction of 1 the sample counts grow so large that the logarithms of gamma lose all their digits. */
const SMALLEST_OVER_RATE = 1e-11;

/**
 * MLPerf's bound on a latency percentile from a finite number of samples.
 *
 * Among `count` samples in ascending order the one at `index` is, with the given confidence, not below the true
 * percentile. It is the t-th from the top for the largest t that still passes, so `discarded` = t − 1 samples lie above.
 */
export interface EarlyStoppingEstimate {
  /** The fewest samples that give an estimate at all. */
  readonly minQueries: number;
  /** 0-based; `undefined` when there are fewer than `minQueries` samples. */
  readonly index: number | undefined;
  readonly discarded: number;
}

/**
 * The smallest number of under-latency samples that, beside `overCount` over-latency ones, shows at `confidence` that
 * the share of under-latency samples is above `fraction` − `tolerance`.
 *
 * Throws `INFEROMETER_STATS_DOMAIN` unless 0 < fraction ≤ 1 − 1e-11, 0 < confidence < 1 and 0 ≤ tolerance < fraction.
 * Costs some twenty incomplete beta functions. Source: MLPerf LoadGen, early stopping.
 */
export function minimumPassing(
  overCount: number,
  fraction: number,
  tolerance: number = EARLY_STOPPING_TOLERANCE,
  confidence: number = EARLY_STOPPING_CONFIDENCE,
): number {
  assertKernelDomain(fraction, tolerance, confidence);
  const passing = (under: number) => passes(under, overCount, fraction - tolerance, confidence);
  if (passing(1)) return 1;
  let failed = 1;
  let passed = 2;
  while (!passing(passed)) {
    failed = passed;
    passed *= 2;
  }
  while (passed - failed > 1) {
    const middle = Math.floor((failed + passed) / 2);
    if (passing(middle)) passed = middle;
    else failed = middle;
  }
  return passed;
}

/**
 * Which of `count` ascending samples bounds `percentile` (from 1 up to, not including, 100).
 *
 * Throws `INFEROMETER_STATS_PERCENTILE` for another percentile; the message helps whoever meant a fraction.
 */
export function earlyStoppingEstimate(
  count: number,
  percentile: number,
  confidence: number = EARLY_STOPPING_CONFIDENCE,
): EarlyStoppingEstimate {
  assertPercentile(percentile);
  const fraction = percentile / 100;
  const minQueries = minimumPassing(1, fraction, EARLY_STOPPING_TOLERANCE, confidence) + 1;
  if (count < minQueries) return { minQueries, index: undefined, discarded: 0 };
  // minimumPassing(t) + t ≤ count is the same as: count − t under-latency samples pass beside t over-latency ones.
  const passing = (over: number) =>
    passes(count - over, over, fraction - EARLY_STOPPING_TOLERANCE, confidence);
  let passed = 1;
  let failed = count;
  while (failed - passed > 1) {
    const middle = Math.floor((passed + failed) / 2);
    if (passing(middle)) passed = middle;
    else failed = middle;
  }
  return { minQueries, index: count - passed, discarded: passed - 1 };
}

/** The percentiles of a grid that get an estimate, in the grid's order: from the median up, below 100. */
export function earlyStoppingTargets(grid: readonly number[]): number[] {
  return grid.filter((percentile) => percentile >= 50 && percentile < 100);
}

/**
 * The percentiles of a list someone asked for, by key: descending, each once.
 *
 * Throws `INFEROMETER_STATS_PERCENTILE` like {@link earlyStoppingEstimate}.
 */
export function earlyStoppingTargetsOfList(list: readonly number[]): ReadonlyMap<string, number> {
  list.forEach(assertPercentile);
  const descending = [...new Set(list)].sort((a, b) => b - a);
  return new Map(descending.map((percentile) => [percentileKey(percentile), percentile]));
}

/** Whether the chance of at most `over` over-latency samples, were the share of under-latency ones only `rate`, is small. */
function passes(under: number, over: number, rate: number, confidence: number): boolean {
  return regularizedIncompleteBeta(under, over + 1, rate) < 1 - confidence;
}

function assertKernelDomain(fraction: number, tolerance: number, confidence: number): void {
  const inDomain =
    fraction > 0 &&
    1 - fraction >= SMALLEST_OVER_RATE &&
    confidence > 0 &&
    confidence < 1 &&
    tolerance >= 0 &&
    tolerance < fraction;
  if (inDomain) return;
  throw new InferometerError(
    'INFEROMETER_STATS_DOMAIN',
    'internal',
    'early stopping needs 0 < fraction <= 1 - 1e-11, 0 <= tolerance < fraction and 0 < confidence < 1' +
      ` (got fraction ${fraction}, tolerance ${tolerance}, confidence ${confidence})`,
  );
}

function assertPercentile(percentile: number): void {
  if (percentile >= 1 && percentile < 100) return;
  const hint =
    percentile > 0 && percentile < 1 ? `; did you mean ${Number((percentile * 100).toPrecision(12))}?` : '';
  throw new InferometerError(
    'INFEROMETER_STATS_PERCENTILE',
    'input',
    `a percentile must be at least 1 and below 100 (got ${percentile}${hint})`,
  );
}
