import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { standardDeviationOfIntegers, standardDeviationOfSums } from './standard-deviation.ts';

/** Square root of a fraction to 30 decimals, cut off. */
function exactRoot(numerator: bigint, denominator: bigint): number {
  const scale = 10n ** 30n;
  const wanted = (numerator * scale * scale) / denominator;
  let root = BigInt(Math.floor(Math.sqrt(Number(wanted))));
  for (let step = 0; step < 60; step++) root = (root + wanted / (root === 0n ? 1n : root)) / 2n;
  return Number(root) / 1e30;
}

describe('standardDeviationOfIntegers', () => {
  it('is exact to 1e-15', () => {
    const values = fc.array(fc.maxSafeInteger().map(BigInt), { minLength: 2, maxLength: 20 });
    fc.assert(
      fc.property(values, (sample) => {
        const n = BigInt(sample.length);
        const total = sample.reduce((sum, value) => sum + value, 0n);
        const sumSq = sample.reduce((sum, value) => sum + value * value, 0n);
        const exact = exactRoot(n * sumSq - total * total, n * (n - 1n));
        const found = standardDeviationOfIntegers(sample.length, total, sumSq)!;
        expect(Math.abs(found - exact)).toBeLessThanOrEqual(1e-15 * exact);
      }),
    );
  });

  it('is null for no value and 0 for one or for equal ones', () => {
    expect(standardDeviationOfIntegers(0, 0n, 0n)).toBeNull();
    expect(standardDeviationOfIntegers(1, 7n, 49n)).toBe(0);
    expect(standardDeviationOfIntegers(3, 21n, 147n)).toBe(0);
  });
});

describe('standardDeviationOfSums', () => {
  it('is right where the spread is of the order of the values', () => {
    expect(standardDeviationOfSums(4, 10, 30)).toBeCloseTo(Math.sqrt(5 / 3), 12);
  });

  it('is never the root of a negative number', () => {
    expect(standardDeviationOfSums(3, 3 * 0.1, 3 * 0.01 - 1e-9)).toBe(0);
  });

  it('is null for no value and 0 for one', () => {
    expect(standardDeviationOfSums(0, 0, 0)).toBeNull();
    expect(standardDeviationOfSums(1, 7, 49)).toBe(0);
  });
});
