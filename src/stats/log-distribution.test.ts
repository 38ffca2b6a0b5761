import fc from 'fast-check';
import { expect, test } from 'vitest';
import { BUCKETS_PER_DECADE } from '../core/run-history.ts';
import { HdrHistogram } from './hdr.ts';
import { logDistributionOf } from './log-distribution.ts';

const HIGH = 3_600_000_000_000;

function distributionOf(values: readonly number[]) {
  const histogram = new HdrHistogram(1, HIGH, 3);
  for (const value of values) histogram.record(Math.max(1, value));
  return logDistributionOf(histogram, values.filter((value) => value < 1).length);
}

test('puts whole powers of ten into the bucket they begin', () => {
  expect(distributionOf([1, 10, 1000])).toEqual({
    first: 0,
    counts: Array.from({ length: 121 }, (_, i) => (i === 0 || i === 40 || i === 120 ? 1 : 0)),
    zero: 0,
  });
});

test('tells values below 1 apart from ones', () => {
  expect(distributionOf([0, 0, 1])).toEqual({ first: 0, counts: [1], zero: 2 });
  expect(distributionOf([0])).toEqual({ first: 0, counts: [], zero: 1 });
  expect(distributionOf([])).toEqual({ first: 0, counts: [], zero: 0 });
});

test('counts every value within 0.1 % of its bucket', () => {
  const values = fc.array(fc.integer({ min: 0, max: HIGH }), { minLength: 1, maxLength: 50 });
  fc.assert(
    fc.property(values, (sample) => {
      const { first, counts, zero } = distributionOf(sample);
      expect(zero + counts.reduce((sum, n) => sum + n, 0)).toBe(sample.length);
      const ascending = sample.filter((value) => value > 0).sort((a, b) => a - b);
      const edge = (bucket: number) => 10 ** (bucket / BUCKETS_PER_DECADE);
      const buckets = counts.flatMap((n, i) => Array.from({ length: n }, () => first + i));
      buckets.forEach((bucket, i) => {
        expect(ascending[i]! * 1.001).toBeGreaterThanOrEqual(edge(bucket));
        expect(ascending[i]!).toBeLessThan(edge(bucket + 1));
      });
    }),
  );
});
