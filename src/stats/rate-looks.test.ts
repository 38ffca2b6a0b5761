import { describe, expect, it } from 'vitest';
import { RandomSource } from '../core/random.ts';
import { type RateLook, RateLooks } from './rate-looks.ts';

/** A stream of amounts a second, offered each second until both ends are within 5 % of the rate, or for ten minutes. */
function stopsWhenTight(draw: () => number): RateLook | undefined {
  const looks = new RateLooks();
  const amounts: number[] = [];
  for (let second = 0; second < 600; second++) {
    amounts.push(draw());
    looks.offer(amounts, 1);
    const { latest } = looks;
    if (latest !== undefined && latest.low >= latest.rate * 0.95 && latest.high <= latest.rate * 1.05) break;
  }
  return looks.latest;
}

describe('RateLooks', () => {
  it('covers the true rate in at least 95 of 100 runs that end when it is tight', () => {
    const random = new RandomSource(3);
    const covered = Array.from({ length: 200 }, () => {
      const { low, high } = stopsWhenTight(() => 40 + 10 * random.normal())!;
      return low <= 40 && 40 <= high;
    }).filter(Boolean).length;
    expect(covered / 200).toBeGreaterThanOrEqual(0.95);
  });

  it('looks first at 20 s and then when there is a quarter more, each time with more confidence', () => {
    const random = new RandomSource(5);
    const looks = new RateLooks();
    const amounts: number[] = [];
    const seen = new Set<RateLook>();
    for (let second = 1; second <= 60; second++) {
      amounts.push(100 + random.normal());
      looks.offer(amounts, 1);
      if (looks.latest !== undefined) seen.add(looks.latest);
    }
    expect([...seen].map(({ seconds }) => seconds)).toEqual([20, 25, 32, 40, 49]);
  });

  it('sees nothing in too short a time', () => {
    const looks = new RateLooks();
    looks.offer([1, 2, 3], 4);
    expect(looks.latest).toBeUndefined();
  });
});
