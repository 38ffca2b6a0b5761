import { expect, it } from 'vitest';
import { poissonLimit } from './poisson-limit.ts';

/** P(X ≤ k), summed up from logarithms. */
function cumulative(mean: number, k: number): number {
  let sum = 0;
  let log = -mean;
  for (let i = 0; i <= k; i++) {
    if (i > 0) log += Math.log(mean / i);
    sum += Math.exp(log);
  }
  return sum;
}

it.each([0.001, 0.0101, 0.5, 3, 40, 199])(
  'is the least that is exceeded once in a hundred times, mean %d',
  (mean) => {
    const limit = poissonLimit(mean, 0.99);
    expect(cumulative(mean, limit)).toBeGreaterThanOrEqual(0.99);
    if (limit > 0) expect(cumulative(mean, limit - 1)).toBeLessThan(0.99);
  },
);

it('is no less for large means than it has to be, and hardly more', () => {
  const limit = poissonLimit(400, 0.999);
  expect(cumulative(400, limit)).toBeGreaterThanOrEqual(0.999);
  expect(limit).toBeLessThan(470);
});

it('is 0 where nothing can happen', () => {
  expect(poissonLimit(0, 0.99)).toBe(0);
});
