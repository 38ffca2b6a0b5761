import { describe, expect, it } from 'vitest';
import { RandomSource } from '../core/random.ts';
import { fewestForInterval, intervalCoverage, intervalRanks } from './quantile-interval.ts';

/** Chances of 0 … n hits, by adding up. */
function binomialChances(count: number, p: number): number[] {
  let chances = [1];
  for (let n = 0; n < count; n++) {
    const next = new Array<number>(chances.length + 1).fill(0);
    chances.forEach((chance, hits) => {
      next[hits]! += chance * (1 - p);
      next[hits + 1]! += chance * p;
    });
    chances = next;
  }
  return chances;
}

describe('intervalRanks', () => {
  it('takes the narrowest ranks whose tails are small enough, by adding up the binomial distribution', () => {
    for (const count of [1, 2, 5, 6, 7, 20, 36, 37, 120, 367, 368, 400]) {
      for (const percentile of [1, 50, 90, 99]) {
        const chances = binomialChances(count, percentile / 100);
        const sum = (from: number, to: number) =>
          chances.slice(from, to + 1).reduce((total, chance) => total + chance, 0);
        const ranks = Array.from({ length: count }, (_, i) => i + 1);
        const wanted = {
          lower: ranks.findLast((rank) => sum(0, rank - 1) <= 0.025),
          upper: ranks.find((rank) => sum(rank, count) <= 0.025),
        };
        expect(intervalRanks(count, percentile), `${count} values, p${percentile}`).toEqual(wanted);
      }
    }
  });

  it('goes on smoothly where the normal distribution takes over', () => {
    for (const percentile of [1, 50, 99, 99.9]) {
      const exact = intervalRanks(100_000, percentile);
      const normal = intervalRanks(100_001, percentile);
      expect(Math.abs(exact.lower! - normal.lower!)).toBeLessThanOrEqual(3);
      expect(Math.abs(exact.upper! - normal.upper!)).toBeLessThanOrEqual(3);
      expect(intervalCoverage(100_001, percentile, normal)).toBeGreaterThan(0.945);
    }
  });

  it('has no interval for 0 and 100, nor for no values', () => {
    for (const [count, percentile] of [
      [10, 0],
      [10, 100],
      [0, 50],
    ] as const) {
      expect(intervalRanks(count, percentile)).toEqual({ lower: undefined, upper: undefined });
    }
  });

  it('covers the true percentile as often as it says', () => {
    const random = new RandomSource(5);
    const runs = 2000;
    const ranks = intervalRanks(60, 90);
    let covered = 0;
    for (let run = 0; run < runs; run++) {
      const values = Float64Array.from({ length: 60 }, () => random.exponential(1)).sort();
      const truth = -Math.log(0.1);
      if (values[ranks.lower! - 1]! <= truth && truth <= values[ranks.upper! - 1]!) covered += 1;
    }
    expect(covered / runs).toBeGreaterThan(0.95);
    expect(covered / runs).toBeCloseTo(intervalCoverage(60, 90, ranks), 1);
  });
});

describe('fewestForInterval', () => {
  it('is the first count with both ends', () => {
    for (const percentile of [1, 25, 50, 75, 90, 95, 99, 99.9]) {
      const count = fewestForInterval(percentile);
      const { lower, upper } = intervalRanks(count, percentile);
      expect([lower, upper], `p${percentile}`).not.toContain(undefined);
      const before = intervalRanks(count - 1, percentile);
      expect([before.lower, before.upper], `p${percentile}`).toContain(undefined);
    }
    expect([50, 90, 99, 99.9].map((p) => fewestForInterval(p))).toEqual([6, 36, 368, 3688]);
  });
});
