import { regularizedIncompleteBeta } from './incomplete-beta.ts';
import { studentTQuantile } from './student-t.ts';

/** How sure the intervals of a report are. */
export const INTERVAL_CONFIDENCE = 0.95;

/** Beyond so many values the binomial distribution is taken as normal: off by a rank, of hundreds. */
const EXACT_AT_MOST = 100_000;
/** A Student t of so many degrees is normal to 9 digits. */
const NORMAL_DEGREES = 1e9;

/**
 * 1-based ranks of the two ascending values between which a percentile lies with a confidence of at least `confidence`, whatever the
 * distribution; `undefined` where no value is far enough out: the sample is too small for that end.
 */
export interface IntervalRanks {
  readonly lower: number | undefined;
  readonly upper: number | undefined;
}

/**
 * The ranks for `count` independent values: each end leaves out at most half of what the confidence leaves. Costs some 20 µs for many
 * values. Source: David and Nagaraja, Order Statistics, §7.1.
 */
export function intervalRanks(
  count: number,
  percentile: number,
  confidence: number = INTERVAL_CONFIDENCE,
): IntervalRanks {
  const p = percentile / 100;
  const tail = (1 - confidence) / 2;
  if (!(count >= 1 && p > 0 && p < 1)) return { lower: undefined, upper: undefined };
  if (count > EXACT_AT_MOST) return normalRanks(count, p, tail);
  // The highest rank below which the percentile lies with a chance of no more than `tail`, and its mirror image.
  const lower = highestWhere(count, (rank) => atMost(rank - 1, count, p) <= tail);
  const upperFromTop = highestWhere(count, (rank) => atMost(rank - 1, count, 1 - p) <= tail);
  return {
    lower: lower === 0 ? undefined : lower,
    upper: upperFromTop === 0 ? undefined : count + 1 - upperFromTop,
  };
}

/** The chance that a percentile of independent values lies between those at these ranks; to an end that is not there, all of it. */
export function intervalCoverage(count: number, percentile: number, { lower, upper }: IntervalRanks): number {
  const p = percentile / 100;
  const below = lower === undefined ? 0 : atMost(lower - 1, count, p);
  const above = upper === undefined ? 0 : atMost(count - upper, count, 1 - p);
  return 1 - below - above;
}

/** The fewest values for which a percentile has both ends of an interval. */
export function fewestForInterval(percentile: number, confidence: number = INTERVAL_CONFIDENCE): number {
  const p = percentile / 100;
  const rarer = Math.max(p, 1 - p);
  return Math.ceil(Math.log((1 - confidence) / 2) / Math.log(rarer) - 1e-9);
}

/** The chance of at most `hits` in `count` draws with chance `p` each. */
function atMost(hits: number, count: number, p: number): number {
  if (hits < 0) return 0;
  return hits >= count ? 1 : regularizedIncompleteBeta(count - hits, hits + 1, 1 - p);
}

/** The highest rank from 1 to `count` that holds, when all lower ones do too; 0 for none. */
function highestWhere(count: number, holds: (rank: number) => boolean): number {
  let held = 0;
  let failed = count + 1;
  while (failed - held > 1) {
    const middle = Math.floor((held + failed) / 2);
    if (holds(middle)) held = middle;
    else failed = middle;
  }
  return held;
}

function normalRanks(count: number, p: number, tail: number): IntervalRanks {
  const reach = studentTQuantile(1 - tail, NORMAL_DEGREES) * Math.sqrt(count * p * (1 - p));
  const lower = Math.floor(count * p - reach);
  const upper = Math.ceil(count * p + reach) + 1;
  return { lower: lower < 1 ? undefined : lower, upper: upper > count ? undefined : upper };
}
