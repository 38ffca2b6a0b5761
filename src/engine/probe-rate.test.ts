import { expect, it } from 'vitest';
import { ProbeRate } from './probe-rate.ts';

const MS = 1e6;

/** The rate after each stretch of 100 ms with so many reads. */
function ratesAfter(readsIn100Ms: readonly number[], mostPerSecond = 240): readonly number[] {
  const rate = new ProbeRate(mostPerSecond);
  let reads = 2 ** 31 - 20;
  rate.at(0, reads);
  return readsIn100Ms.map((count, i) => {
    reads = (reads + count) | 0;
    return rate.at((i + 1) * 100 * MS, reads);
  });
}

it('is a sixteenth of the highest while little is read', () => {
  expect(ratesAfter([0, 0, 0])).toEqual([15, 15, 15]);
});

it('follows the reads at once upward, and up to the highest', () => {
  expect(ratesAfter([1, 2, 5, 500])).toEqual([40, 80, 200, 240]);
});

it('is still the highest behind a stall, and falls when nothing is read for seconds', () => {
  const stalled = ratesAfter([100, 100, ...Array<number>(5).fill(0)]);
  expect(stalled.at(-1)).toBe(240);
  expect(ratesAfter([20, ...Array<number>(60).fill(0)]).at(-1)).toBe(15);
});

it('keeps its rate within a stretch too short to count in', () => {
  const rate = new ProbeRate(240);
  rate.at(0, 0);
  expect(rate.at(10 * MS, 1000)).toBe(15);
  expect(rate.at(60 * MS, 1000)).toBe(240);
});
