import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FloatSums } from './float-sums.ts';
import { standardDeviationOfIntegers } from './standard-deviation.ts';

function sumsOf(values: readonly number[]): FloatSums {
  const sums = new FloatSums();
  for (const value of values) sums.add(value);
  return sums;
}

describe('FloatSums', () => {
  it('adds up in order', () => {
    const sums = sumsOf([1.5, 2.5, 3.5, 0.25]);
    expect(sums.count).toBe(4);
    expect(sums.total).toBe(7.75);
    expect(sums.sumSq).toBe(20.8125);
    expect(sums.sumSqExact).toBeUndefined();
  });

  it('has the standard deviation of the exact values, however far from 0 they are', () => {
    const offsets = fc.constantFrom(0, 1e6, 3.5e12);
    const spreads = fc.array(fc.integer({ min: 0, max: 100_000 }), { minLength: 2, maxLength: 100 });
    fc.assert(
      fc.property(offsets, spreads, (offset, spread) => {
        const values = spread.map((step) => offset + step / 64);
        const scaled = values.map((value) => BigInt(value * 64));
        const total = scaled.reduce((sum, value) => sum + value, 0n);
        const sumSq = scaled.reduce((sum, value) => sum + value * value, 0n);
        const exact = standardDeviationOfIntegers(values.length, total, sumSq)! / 64;
        expect(Math.abs(sumsOf(values).stdDev! - exact)).toBeLessThanOrEqual(1e-9 * exact + offset * 1e-15);
      }),
    );
  });

  it('has no standard deviation for no value, and 0 for one', () => {
    expect(sumsOf([]).stdDev).toBeNull();
    expect(sumsOf([2.5]).stdDev).toBe(0);
  });
});
