import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  countedText,
  countText,
  durationText,
  numberText,
  percentText,
  settingText,
} from './quantity-text.ts';
import { alignColumns } from './text-table.ts';

describe('durationText', () => {
  it.each([
    [0, '0 ns'],
    [1, '1 ns'],
    [850, '850 ns'],
    [999.6, '1.00 µs'],
    [1500, '1.50 µs'],
    [52_300_000, '52.3 ms'],
    [999_400_000, '999 ms'],
    [999_600_000, '1.00 s'],
    [60_400_000_000, '60.4 s'],
    [99_940_000_000, '99.9 s'],
    [99_960_000_000, '1m 40s'],
    [125_000_000_000, '2m 05s'],
    [3_725_000_000_000, '1h 02m 05s'],
    [-1_500, '-1.50 µs'],
    [NaN, 'N/A'],
  ])('%d ns is %s', (ns, text) => expect(durationText(ns)).toBe(text));

  it('stays within half a unit of its third digit', () => {
    const nsOf = { ns: 1, µs: 1e3, ms: 1e6, s: 1e9 };
    fc.assert(
      fc.property(fc.double({ min: 100, max: 9.9e10, noNaN: true }), (ns) => {
        const [digits, unit] = durationText(ns).split(' ') as [string, keyof typeof nsOf];
        expect(Math.abs(Number(digits) * nsOf[unit] - ns) / ns).toBeLessThan(0.0051);
      }),
    );
  });
});

describe('numbers', () => {
  it.each([
    [0, '0'],
    [0.01234, '0.0123'],
    [1, '1.00'],
    [9.999, '10.0'],
    [99.96, '100'],
    [49.94, '49.9'],
    [271.24, '271'],
    [2712.4, '2,712'],
    [Infinity, 'N/A'],
  ])('%d is %s', (value, text) => expect(numberText(value)).toBe(text));

  it('sets off thousands of numbers and bigints', () => {
    expect(countText(1_234_567)).toBe('1,234,567');
    expect(countText(2n ** 64n)).toBe('18,446,744,073,709,551,616');
  });

  it('shows settings as they were written', () => {
    expect([50, 0.5, 1024, 33.3333].map(settingText)).toEqual(['50', '0.5', '1,024', '33.3333']);
  });

  it('counts one and many', () => {
    expect(countedText(1, 'sample')).toBe('1 sample');
    expect(countedText(0, 'sample')).toBe('0 samples');
  });

  it('shows shares in per cent', () => {
    expect([0, 0.00012, 0.0123, 0.5, 1].map(percentText)).toEqual([
      '0 %',
      '0.012 %',
      '1.23 %',
      '50.0 %',
      '100 %',
    ]);
  });
});

describe('alignColumns', () => {
  it('sets the first column left and the others right', () => {
    expect(
      alignColumns([
        ['', 'p50', 'p99'],
        ['TTFT', '52.3 ms', '9 µs'],
        ['Issue delay', '', ''],
      ]),
    ).toEqual(['                 p50   p99', 'TTFT         52.3 ms  9 µs', 'Issue delay']);
  });
});
