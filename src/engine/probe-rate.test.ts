import { expect, it } from 'vitest';
import { ProbeRate } from './probe-rate.ts';

const MS = 1e6;
const none = (count: number) => Array<number>(count).fill(0);

/** The rate, of at most 240, after each stretch of 100 ms in which so much was read or sent. */
function ratesAfter(countsIn100Ms: readonly number[]): readonly number[] {
  const rate = new ProbeRate(240);
  // Passes the end of what 32 bits hold.
  let seen = 2 ** 31 - 20;
  rate.at(0, seen);
  return countsIn100Ms.map((count, i) => {
    seen = (seen + count) | 0;
    return rate.at((i + 1) * 100 * MS, seen);
  });
}

it('is the highest at first, and a sixteenth of it when nothing is read for seconds', () => {
  const rates = ratesAfter(none(50));
  expect(rates[0]).toBeGreaterThan(180);
  expect(rates.at(-1)).toBe(15);
});

it('is the highest again from the first request behind an idle time', () => {
  expect(ratesAfter([...none(50), 1]).at(-1)).toBe(240);
});

it('is four times that of the reads', () => {
  expect(ratesAfter(Array<number>(80).fill(2)).at(-1)).toBeCloseTo(80, 0);
  expect(ratesAfter(Array<number>(80).fill(7)).at(-1)).toBe(240);
});

it('is still the highest behind a stall', () => {
  expect(ratesAfter([100, 100, ...none(7)]).at(-1)).toBe(240);
});

it('keeps its rate within a stretch too short to count in', () => {
  const rate = new ProbeRate(240);
  rate.at(0, 0);
  expect(rate.at(40 * MS, 0)).toBe(240);
  expect(rate.at(60 * MS, 0)).toBeLessThan(240);
});
