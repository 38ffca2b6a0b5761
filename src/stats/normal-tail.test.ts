import { expect, it } from 'vitest';
import { normalQuantile } from './normal-quantile.ts';
import { normalTail } from './normal-tail.ts';

// By the C library: erfc(z/√2)/2.
it.each([
  [0, 0.5],
  [1, 0.15865525393145705],
  [2.9999, 0.0013503412829549],
  [3, 0.0013498980316301],
  [5, 2.866515718791939e-7],
  [8, 6.22096057427178e-16],
])('has the share above %s', (score, share) => {
  expect(normalTail(score) / share).toBeCloseTo(1, 11);
  expect(normalTail(-score)).toBeCloseTo(1 - share, 14);
});

it('is the inverse of the quantile', () => {
  for (const share of [0.5, 0.6, 0.975, 0.9999])
    expect(1 - normalTail(normalQuantile(share))).toBeCloseTo(share, 12);
});
