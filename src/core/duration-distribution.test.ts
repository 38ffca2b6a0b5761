import { describe, expect, it } from 'vitest';
import { type DurationDistribution, drawDurationMs } from './duration-distribution.ts';
import { KeyedRandom } from './keyed-random.ts';
import { RandomSource } from './random.ts';

const COUNT = 20_000;

function drawn(distribution: DurationDistribution, random = new RandomSource(3)): number[] {
  return Array.from({ length: COUNT }, () => drawDurationMs(distribution, random)).sort((a, b) => a - b);
}

const quantile = (values: readonly number[], q: number) => values[Math.floor(q * values.length)]!;

describe('spans of time', () => {
  it('at one value are that value, and take no random number', () => {
    const random = new RandomSource(3);
    expect(
      new Set(Array.from({ length: 9 }, () => drawDurationMs({ kind: 'fixed', ms: 7 }, random))),
    ).toEqual(new Set([7]));
    expect(random.uniform()).toBe(new RandomSource(3).uniform());
  });

  it('uniform lie evenly between the ends', () => {
    const values = drawn({ kind: 'uniform', leastMs: 100, mostMs: 300 });
    expect(values[0]).toBeGreaterThanOrEqual(100);
    expect(values.at(-1)).toBeLessThan(300);
    for (const q of [0.1, 0.5, 0.9]) expect(Math.abs(quantile(values, q) - (100 + 200 * q))).toBeLessThan(4);
  });

  it('exponential have its quantiles', () => {
    const values = drawn({ kind: 'exponential', meanMs: 50 });
    for (const q of [0.1, 0.5, 0.9]) expect(quantile(values, q) / (-50 * Math.log(1 - q))).toBeCloseTo(1, 1);
  });

  it.each([
    ['MT19937', () => new RandomSource(3)],
    ['one key after the other', keysInTurn],
  ])('lognormal have its quantiles, drawn by %s', (_name, random) => {
    const values = Array.from(
      { length: COUNT },
      ((source) => () => {
        return drawDurationMs({ kind: 'lognormal', medianMs: 2000, sigma: 0.5 }, source);
      })(random()),
    ).sort((a, b) => a - b);
    expect(quantile(values, 0.5) / 2000).toBeCloseTo(1, 1);
    expect(quantile(values, 0.8413) / (2000 * Math.exp(0.5))).toBeCloseTo(1, 1);
    expect(quantile(values, 0.1587) / (2000 * Math.exp(-0.5))).toBeCloseTo(1, 1);
  });
});

/** The first two draws of each key, as they are used. */
function keysInTurn() {
  const random = new KeyedRandom(3, 1);
  let draws = 0;
  return {
    uniform: () => {
      if (draws % 2 === 0) random.start(draws / 2);
      draws += 1;
      return random.uniform();
    },
  };
}
