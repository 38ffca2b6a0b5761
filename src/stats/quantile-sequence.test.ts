import { describe, expect, it } from 'vitest';
import { RandomSource } from '../core/random.ts';
import { intervalRanks, type IntervalRanks } from './quantile-interval.ts';
import { sequenceRanks } from './quantile-sequence.ts';

type Ranks = (count: number, percentile: number) => IntervalRanks;

/** The chance that a percentile is outside the interval at some count up to `mostValues`, by adding up all paths of the binomial draws. */
function chanceOfEverMissing(ranksOf: Ranks, percentile: number, mostValues: number): number {
  const p = percentile / 100;
  let chances = [1];
  let missed = 0;
  for (let count = 1; count <= mostValues; count++) {
    const next = new Array<number>(count + 1).fill(0);
    chances.forEach((chance, below) => {
      next[below]! += chance * (1 - p);
      next[below + 1]! += chance * p;
    });
    const { lower = 0, upper = count + 1 } = ranksOf(count, percentile);
    next.forEach((chance, below) => {
      if (below >= lower && below < upper) return;
      missed += chance;
      next[below] = 0;
    });
    chances = next;
  }
  return missed;
}

/** Values until both ends are within a share of the estimate, looked at every 50; whether the true percentile was in the interval then. */
function stopsWhenTight(random: RandomSource, ranksOf: Ranks, percentile: number, truth: number) {
  const values: number[] = [];
  for (;;) {
    for (let i = 0; i < 50; i++) values.push(Math.exp(0.3 * random.normal()));
    const { lower, upper } = ranksOf(values.length, percentile);
    if (lower === undefined || upper === undefined) continue;
    const sorted = Float64Array.from(values).sort();
    const estimate = sorted[Math.floor((values.length * percentile) / 100)]!;
    const [low, high] = [sorted[lower - 1]!, sorted[upper - 1]!];
    if (low < estimate * 0.93 || high > estimate * 1.07) continue;
    return { isCovered: low <= truth && truth <= high, count: values.length };
  }
}

describe('sequenceRanks', () => {
  it.each([1, 50, 90, 99])(
    'misses p%s at any time of a growing sample in at most one run of 20',
    (percentile) => {
      const missed = chanceOfEverMissing(sequenceRanks, percentile, 1500);
      expect(missed).toBeLessThanOrEqual(0.05);
      // Which an interval for one look does not: this is what it is for.
      expect(chanceOfEverMissing(intervalRanks, percentile, 1500)).toBeGreaterThan(0.1);
    },
  );

  it('covers the true percentile in at least 95 of 100 runs that end when it is tight', () => {
    const random = new RandomSource(7);
    const truth = Math.exp(0.3 * 1.2815515655446004);
    const runs = Array.from({ length: 200 }, () => stopsWhenTight(random, sequenceRanks, 90, truth));
    const covered = runs.filter(({ isCovered }) => isCovered).length;
    expect(covered / runs.length).toBeGreaterThanOrEqual(0.95);
    expect(Math.max(...runs.map(({ count }) => count))).toBeLessThan(3000);
  });

  it('is at most twice as wide as an interval for one look where it is tuned for', () => {
    const widthOf = ({ lower, upper }: IntervalRanks) => upper! - lower!;
    for (const [percentile, count] of [
      [50, 400],
      [99, 10_000],
      [99.9, 100_000],
      [99, 100_000],
    ] as const) {
      const ratio = widthOf(sequenceRanks(count, percentile)) / widthOf(intervalRanks(count, percentile));
      expect(ratio, `p${percentile} of ${count}`).toBeGreaterThan(1);
      expect(ratio, `p${percentile} of ${count}`).toBeLessThan(2);
    }
  });

  it('has no end where no value is far enough out, and none for 0 and 100', () => {
    expect(sequenceRanks(300, 99).upper).toBeUndefined();
    expect(sequenceRanks(0, 50)).toEqual({ lower: undefined, upper: undefined });
    expect(sequenceRanks(100, 100)).toEqual({ lower: undefined, upper: undefined });
  });
});
