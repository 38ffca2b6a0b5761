import { expect, it } from 'vitest';
import { percentileIndex, percentileKey } from './percentile-key.ts';

it.each([
  [99, '99.0'],
  [99.9, '99.9'],
  [99.99, '99.99'],
  [50, '50.0'],
  [0, '0.0'],
  [100, '100.0'],
])('keys %d as %s', (percentile, key) => {
  expect(percentileKey(percentile)).toBe(key);
});

it.each([
  [1, 99.9, 0],
  [2, 99.9, 0],
  [4, 50, 1],
  [10, 90, 8],
  [11, 90, 9],
  [100, 99, 98],
  [101, 99, 99],
  [1000, 100, 999],
])('of %d values percentile %d is at %d', (count, percentile, index) => {
  expect(percentileIndex(count, percentile)).toBe(index);
});
