import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ExactSums } from './exact-sums.ts';

/** Values of every size, the limbs' and the fast path's borders among them. */
const integers = fc.oneof(
  fc.maxSafeInteger(),
  fc.integer({ min: -5000, max: 5000 }),
  fc
    .tuple(fc.integer({ min: 0, max: 52 }), fc.integer({ min: -2, max: 2 }), fc.constantFrom(1, -1))
    .map(([exponent, offset, sign]) => sign * (2 ** exponent + offset)),
);

function sumsOf(values: readonly number[]): ExactSums {
  const sums = new ExactSums();
  for (const value of values) sums.add(value);
  return sums;
}

function naiveSums(values: readonly number[]) {
  const exact = values.map(BigInt);
  return {
    total: exact.reduce((sum, value) => sum + value, 0n),
    sumSq: exact.reduce((sum, value) => sum + value * value, 0n),
  };
}

describe('ExactSums', () => {
  it('equals sums of bigints', () => {
    fc.assert(
      fc.property(fc.array(integers, { maxLength: 50 }), (values) => {
        const sums = sumsOf(values);
        const { total, sumSq } = naiveSums(values);
        expect(BigInt(sums.total)).toBe(total);
        expect(sums.sumSqExact).toBe(sumSq);
        expect(sums.sumSq).toBe(Number(sumSq));
        expect(sums.count).toBe(values.length);
      }),
    );
  });

  it('equals sums of bigints over many foldings', () => {
    const nearOneLimbSquared = fc.integer({ min: 4090, max: 5000 });
    fc.assert(
      fc.property(integers, integers, nearOneLimbSquared, (a, b, length) => {
        const values = Array.from({ length }, (_, i) => (i % 3 === 0 ? a : b));
        const sums = sumsOf(values);
        const { total, sumSq } = naiveSums(values);
        expect(BigInt(sums.total)).toBe(total);
        expect(sums.sumSqExact).toBe(sumSq);
      }),
      { numRuns: 30 },
    );
  });

  it.each([2 ** 42, 2 ** 42 - 1, -(2 ** 42), 2 ** 43 - 1, 3_600_000_000_000, Number.MAX_SAFE_INTEGER])(
    'stays exact when every value is %d',
    (value) => {
      const sums = sumsOf(new Array<number>(3000).fill(value));
      expect(BigInt(sums.total)).toBe(3000n * BigInt(value));
      expect(sums.sumSqExact).toBe(3000n * BigInt(value) ** 2n);
    },
  );

  it('may be read at any time', () => {
    fc.assert(
      fc.property(fc.array(integers, { maxLength: 30 }), (values) => {
        const sums = new ExactSums();
        values.forEach((value, i) => {
          sums.add(value);
          expect(BigInt(sums.total)).toBe(naiveSums(values.slice(0, i + 1)).total);
        });
      }),
    );
  });

  it('gives the total as a number as long as that is exact', () => {
    expect(sumsOf([Number.MAX_SAFE_INTEGER]).total).toBe(Number.MAX_SAFE_INTEGER);
    expect(sumsOf([Number.MAX_SAFE_INTEGER, 1]).total).toBe(2n ** 53n);
    expect(sumsOf([-Number.MAX_SAFE_INTEGER, -2]).total).toBe(-(2n ** 53n) - 1n);
  });

  it('merges', () => {
    fc.assert(
      fc.property(fc.array(integers), fc.array(integers), (first, second) => {
        const merged = sumsOf(first);
        merged.merge(sumsOf(second));
        const whole = sumsOf([...first, ...second]);
        expect([merged.count, merged.total, merged.sumSqExact]).toEqual([
          whole.count,
          whole.total,
          whole.sumSqExact,
        ]);
      }),
    );
  });

  it.each([0.5, NaN, Infinity, 2 ** 53, -(2 ** 53)])('refuses %d', (value) => {
    expect(() => new ExactSums().add(value)).toThrow(RangeError);
  });

  it('keeps a small spread beside large values', () => {
    expect(sumsOf([3_500_000_000_000, 3_500_000_000_001, 3_500_000_000_002]).stdDev).toBe(1);
  });
});
