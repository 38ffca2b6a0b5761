import { describe, expect, it } from 'vitest';
import { RandomSource } from '../../core/random.ts';
import { parseLengths } from './length-distribution.ts';

function drawn(text: string, count = 20_000): number[] {
  const lengths = parseLengths(text)!;
  const random = new RandomSource(5);
  return Array.from({ length: count }, () => lengths.draw(random)).sort((a, b) => a - b);
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

describe('lengths', () => {
  it('at one value are that value', () => {
    expect(new Set(drawn('512'))).toEqual(new Set([512]));
  });

  it('uniform take every value between the ends as often', () => {
    const values = drawn('uniform:10,19');
    expect(new Set(values)).toEqual(new Set([10, 11, 12, 13, 14, 15, 16, 17, 18, 19]));
    for (let length = 10; length < 20; length++) {
      expect(Math.abs(values.filter((one) => one === length).length - 2000)).toBeLessThan(
        4 * Math.sqrt(2000),
      );
    }
  });

  it('normal have the mean and the deviation', () => {
    const values = drawn('normal:500,50');
    expect(Math.abs(mean(values) - 500)).toBeLessThan(2);
    expect(Math.abs(mean(values.map((value) => (value - 500) ** 2)) ** 0.5 - 50)).toBeLessThan(2);
  });

  it('lognormal have the median and the spread of the logarithm', () => {
    const values = drawn('lognormal:1024,0.5');
    expect(Math.abs(values[10_000]! / 1024 - 1)).toBeLessThan(0.02);
    expect(values[Math.round(0.8413 * 20_000)]! / 1024 / Math.exp(0.5)).toBeCloseTo(1, 1);
  });

  it('zipf fall off with the exponent', () => {
    const values = drawn('zipf:1.5,1000', 50_000);
    const ofLength = (length: number) => values.filter((one) => one === length).length;
    expect(ofLength(1) / ofLength(4)).toBeGreaterThan(7);
    expect(ofLength(1) / ofLength(4)).toBeLessThan(9);
    expect(values.at(-1)).toBeLessThanOrEqual(1000);
  });

  it.each([
    '',
    '0',
    '-5',
    '1.5',
    'uniform:5',
    'uniform:9,5',
    'normal:0,1',
    'lognormal:100,9',
    'zipf:1,0',
    'gauss:1,2',
    'uniform:1,2,3',
    'constructor:1',
  ])('%j are none', (text) => {
    expect(parseLengths(text)).toBeUndefined();
  });
});
