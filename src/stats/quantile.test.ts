import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { quantileOfSorted, quantilePlace, ranksOfPlace, valueAtPlace } from './quantile.ts';

/** By the definition: the broken line through (position k, value k), read at n·p + 1/2. */
function naive(values: readonly number[], percentile: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const position = Math.min(sorted.length, Math.max(1, (sorted.length * percentile) / 100 + 0.5));
  const [low, high] = [sorted[Math.floor(position) - 1]!, sorted[Math.ceil(position) - 1]!];
  return low + (position - Math.floor(position)) * (high - low);
}

describe('quantileOfSorted', () => {
  it('reads the broken line through the ascending values', () => {
    const valueArb = fc.oneof(
      fc.integer({ min: -50, max: 50 }),
      fc.double({ min: -1e12, max: 1e12, noNaN: true }),
    );
    const percentileArb = fc.oneof(
      fc.constantFrom(0, 1, 50, 90, 99, 99.9, 100),
      fc.double({ min: 0, max: 100, noNaN: true }),
    );
    fc.assert(
      fc.property(
        fc.array(valueArb, { minLength: 1, maxLength: 300 }),
        percentileArb,
        (values, percentile) => {
          const sorted = Float64Array.from(values).sort();
          const found = quantileOfSorted(sorted, percentile);
          const wanted = naive(values, percentile);
          expect(Math.abs(found - wanted)).toBeLessThanOrEqual(
            1e-9 * Math.max(1, sorted.at(-1)! - sorted[0]!),
          );
          expect(found).toBeGreaterThanOrEqual(sorted[0]!);
          expect(found).toBeLessThanOrEqual(sorted.at(-1)!);
        },
      ),
    );
  });

  it('never falls as the percentile rises', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 1e9 }), { minLength: 1, maxLength: 100 }),
        fc.double({ min: 0, max: 100, noNaN: true }),
        fc.double({ min: 0, max: 100, noNaN: true }),
        (values, a, b) => {
          const sorted = Float64Array.from(values).sort();
          expect(quantileOfSorted(sorted, Math.min(a, b))).toBeLessThanOrEqual(
            quantileOfSorted(sorted, Math.max(a, b)),
          );
        },
      ),
    );
  });

  it('is the maximum where nothing lies beyond: p99 up to 50 values, p90 up to 5', () => {
    expect(quantilePlace(50, 99)).toEqual({ lower: 49, share: 0 });
    expect(quantilePlace(51, 99).lower).toBe(49);
    expect(quantilePlace(5, 90)).toEqual({ lower: 4, share: 0 });
    expect(quantilePlace(6, 90).lower).toBe(4);
  });

  it('is the middle for the median, and NaN for nothing', () => {
    expect(quantileOfSorted([1, 2, 4], 50)).toBe(2);
    expect(quantileOfSorted([1, 2, 4, 9], 50)).toBe(3);
    expect(quantileOfSorted([], 50)).toBeNaN();
  });

  it('needs one rank or two', () => {
    expect(ranksOfPlace({ lower: 4, share: 0 })).toEqual([4]);
    expect(ranksOfPlace({ lower: 4, share: 0.5 })).toEqual([4, 5]);
    expect(valueAtPlace({ lower: 4, share: 0.25 }, (rank) => rank * 10)).toBe(42.5);
  });
});
