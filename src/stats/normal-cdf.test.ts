import { expect, test } from 'vitest';
import { normalCdf } from './normal-cdf.ts';

// scipy.stats.norm.cdf
test.each([
  [0, 0.5],
  [1, 0.8413447460685429],
  [-1, 0.15865525393145707],
  [1.96, 0.9750021048517795],
  [-3.5, 2.3262907903552504e-4],
  [-8, 6.220960574271785e-16],
])('the share below %d is %d', (score, share) => {
  expect(Math.abs(normalCdf(score) / share - 1)).toBeLessThan(3e-7);
});

test('nothing is below minus infinity, and everything below infinity', () => {
  expect(normalCdf(-Infinity)).toBe(0);
  expect(normalCdf(Infinity)).toBe(1);
});
