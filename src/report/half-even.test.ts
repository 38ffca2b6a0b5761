import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { fixedHalfEven, generalHalfEven } from './half-even.ts';

describe('fixedHalfEven', () => {
  it.each([
    [0.125, 2, '0.12'],
    [0.375, 2, '0.38'],
    [0.625, 2, '0.62'],
    [-0.125, 2, '-0.12'],
    [1.005, 2, '1.00'],
    [2.675, 2, '2.67'],
    [10.25, 1, '10.2'],
    [0.5, 0, '0'],
    [1.5, 0, '2'],
    [12.345, 2, '12.35'],
    [1e22, 0, '10000000000000000000000'],
    [1e20, 2, '100000000000000000000.00'],
    [-(2 ** 80), 2, '-1208925819614629174706176.00'],
    [0, 2, '0.00'],
  ])('%d to %d decimals is %s', (value, decimals, text) => expect(fixedHalfEven(value, decimals)).toBe(text));

  it('agrees with exact rational arithmetic', () => {
    // Eighths and sixteenths are where ties live; the rest are plain doubles.
    const values = fc.oneof(
      fc.integer({ min: -100_000, max: 100_000 }).map((n) => n / 16),
      fc.double({ min: -1e9, max: 1e9, noNaN: true }),
    );
    fc.assert(
      fc.property(values, fc.integer({ min: 0, max: 4 }), (value, decimals) => {
        const found = fixedHalfEven(value, decimals);
        expect(BigInt(found.replace('.', ''))).toBe(nearestEven(value, decimals));
      }),
    );
  });
});

describe('generalHalfEven', () => {
  it.each([
    [0.53125, 4, '0.5312'],
    [81.5, 4, '81.5'],
    [41.015625, 4, '41.02'],
    [81, 4, '81'],
    [0.0123, 3, '0.0123'],
    [1.234, 3, '1.23'],
    [100, 4, '100'],
    [0, 4, '0'],
    [123456, 4, '1.235e+05'],
    [123450, 4, '1.234e+05'],
    [-123550, 4, '-1.236e+05'],
    [2500, 1, '2e+03'],
    [99995, 4, '1e+05'],
    [2 ** 60 * 5, 4, '5.765e+18'],
    [0.00001, 3, '1e-05'],
    [9999.5, 4, '1e+04'],
    [1000.5, 4, '1000'],
  ])('%d to %d digits is %s', (value, digits, text) => expect(generalHalfEven(value, digits)).toBe(text));
});

/** value · 10^decimals to the nearest integer, ties to even, by integers alone. */
function nearestEven(value: number, decimals: number): bigint {
  let denominator = 1n;
  while (!Number.isInteger(value)) {
    value *= 2;
    denominator *= 2n;
  }
  const numerator = BigInt(value) * 10n ** BigInt(decimals);
  const size = numerator < 0n ? -numerator : numerator;
  const floor = size / denominator;
  const twice = 2n * (size % denominator);
  const up = twice > denominator || (twice === denominator && floor % 2n === 1n);
  return (numerator < 0n ? -1n : 1n) * (floor + (up ? 1n : 0n));
}
