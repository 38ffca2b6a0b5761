import { describe, expect, it } from 'vitest';
import { KOLMOGOROV_LIMIT, kolmogorovDistance } from '../../bench/stats/kolmogorov.ts';
import { KeyedRandom } from './keyed-random.ts';

const KEYS = 100_000;

function firstOf(random: KeyedRandom, key: number): number {
  random.start(key);
  return random.uniform();
}

describe('the numbers of a key', () => {
  it('are the same in whichever order the keys come, and whoever asks', () => {
    const [one, other] = [new KeyedRandom(42, 1), new KeyedRandom(42, 1)];
    const forward = Array.from({ length: 100 }, (_, key) => firstOf(one, key));
    const backward = Array.from({ length: 100 }, (_, i) => firstOf(other, 99 - i)).reverse();
    expect(forward).toEqual(backward);
  });

  it('differ by seed, by purpose and by key, also beyond 2^32', () => {
    const seen = [
      [42, 1, 0],
      [43, 1, 0],
      [42, 2, 0],
      [42, 1, 1],
      [42, 1, 2 ** 32],
      [42, 1, 2 ** 33],
    ].map(([seed, purpose, key]) => firstOf(new KeyedRandom(seed!, purpose!), key!));
    expect(new Set(seen).size).toBe(seen.length);
  });

  it('are spread evenly over keys that follow one another, and so are those behind the first', () => {
    const random = new KeyedRandom(7, 1);
    const [firsts, seconds]: [number[], number[]] = [[], []];
    for (let key = 0; key < KEYS; key++) {
      firsts.push(firstOf(random, key));
      seconds.push(random.uniform());
    }
    expect(kolmogorovDistance(firsts)).toBeLessThan(KOLMOGOROV_LIMIT);
    expect(kolmogorovDistance(seconds)).toBeLessThan(KOLMOGOROV_LIMIT);
  });

  it('tell nothing of those of the next key', () => {
    const random = new KeyedRandom(7, 1);
    const values = Array.from({ length: KEYS }, (_, key) => firstOf(random, key) - 0.5);
    for (const lag of [1, 2, 64]) {
      let sum = 0;
      for (let i = lag; i < KEYS; i++) sum += values[i]! * values[i - lag]!;
      // The sum of n products of two independent values of variance 1/12.
      expect(Math.abs(sum)).toBeLessThan((4 * Math.sqrt(KEYS - lag)) / 12);
    }
  });
});
