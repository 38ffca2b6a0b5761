import { describe, expect, it } from 'vitest';
import { RandomSource } from '../core/random.ts';
import { batchCount, batchMeansInterval, MOST_BATCHES } from './batch-means.ts';

const SECONDS = 60;
const RUNS = 1000;

/** How often the interval of a simulated run holds the true rate. `steps` a second, each with its chance of an event. */
function coverage(
  seed: number,
  trueRate: number,
  chances: (random: RandomSource, steps: number) => number[],
): number {
  const random = new RandomSource(seed);
  const steps = 200 * SECONDS;
  let covered = 0;
  for (let run = 0; run < RUNS; run++) {
    const amounts = new Array<number>(MOST_BATCHES).fill(0);
    chances(random, steps).forEach((chance, step) => {
      if (random.uniform() < chance) amounts[Math.floor((step * MOST_BATCHES) / steps)]! += 1;
    });
    const seconds = SECONDS / MOST_BATCHES;
    const { low, high } = batchMeansInterval(amounts.map((amount) => ({ amount, seconds })))!;
    if (low <= trueRate && trueRate <= high) covered += 1;
  }
  return covered / RUNS;
}

describe('batchMeansInterval', () => {
  it('is that of Student for batches of equal length', () => {
    // Mean 10 and standard deviation √2.5 of 5 values; t of 4 degrees is 2.776.
    const { low, high } = batchMeansInterval([8, 9, 10, 11, 12].map((amount) => ({ amount, seconds: 1 })))!;
    expect(low).toBeCloseTo(10 - 2.7764451 * Math.sqrt(2.5 / 5), 6);
    expect(high).toBeCloseTo(10 + 2.7764451 * Math.sqrt(2.5 / 5), 6);
  });

  it('takes a long batch for more than a short one', () => {
    const steady = [1, 2, 3, 4, 5].map((seconds) => ({ amount: 7 * seconds, seconds }));
    const { low, high } = batchMeansInterval(steady)!;
    expect(low).toBeCloseTo(7, 12);
    expect(high).toBeCloseTo(7, 12);
  });

  it('has none for too few batches, and cuts no run of too few events', () => {
    expect(batchMeansInterval([1, 2, 3, 4].map((amount) => ({ amount, seconds: 1 })))).toBeNull();
    expect([0, 24, 25, 49, 50, 1e6].map(batchCount)).toEqual([0, 0, 5, 9, 10, 10]);
  });

  it('covers the true rate of independent arrivals as often as it says', () => {
    const found = coverage(1, 20, (_, steps) => new Array<number>(steps).fill(0.1));
    expect(found).toBeGreaterThan(0.935);
    expect(found).toBeLessThan(0.965);
  });

  it('nearly does for a server that is busy for a second at a time', () => {
    const found = coverage(2, 20, (random, steps) => {
      let [isBusy, left] = [false, 0];
      return Array.from({ length: steps }, () => {
        if (left-- <= 0) {
          isBusy = random.uniform() < 0.5;
          left = Math.ceil(-Math.log(1 - random.uniform()) * 200);
        }
        return isBusy ? 0.05 : 0.15;
      });
    });
    expect(found).toBeGreaterThan(0.9);
  });
});
