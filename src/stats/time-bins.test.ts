import fc from 'fast-check';
import { expect, test } from 'vitest';
import { LevelColumn, MaxColumn, SumColumn } from './bin-columns.ts';
import { BinnedHistogram } from './binned-histogram.ts';
import { quantileOfSorted } from './quantile.ts';
import { TimeBins } from './time-bins.ts';

const MAX_BINS = 8;
const BIN = 10;

/** Moments that go on, with some before what was already there, and values of all sizes. */
const steps = fc.array(
  fc.record({ forward: fc.integer({ min: -25, max: 40 }), value: fc.integer({ min: 1, max: 1e6 }) }),
  { minLength: 1, maxLength: 60 },
);

function timed(run: readonly { readonly forward: number; readonly value: number }[]) {
  let timeNs = 1000;
  return run.map(({ forward, value }) => ({ timeNs: (timeNs += forward), value }));
}

/** Where each moment lies once all are known. */
function naiveBins(times: readonly number[]) {
  const start = times[0]!;
  let width = BIN;
  while (times.some((time) => time - start >= MAX_BINS * width)) width *= 2;
  const of = (time: number) => Math.max(0, Math.floor((time - start) / width));
  return { start, width, of, length: Math.max(...times.map(of)) + 1 };
}

test('sums, maxima and distributions are those of the values that lie in a bin', () => {
  fc.assert(
    fc.property(steps, (run) => {
      const values = timed(run);
      const bins = new TimeBins(BIN, MAX_BINS);
      const sums = bins.add(new SumColumn(MAX_BINS));
      const maxima = bins.add(new MaxColumn(MAX_BINS));
      const histogram = bins.add(new BinnedHistogram(MAX_BINS, 1, 1e9));
      for (const { timeNs, value } of values) {
        bins.goTo(timeNs);
        sums.add(bins.current, value);
        maxima.raise(bins.current, value);
        histogram.recordAll(bins.current, Float64Array.of(value));
      }
      const { start, width, of, length } = naiveBins(values.map(({ timeNs }) => timeNs));
      expect([bins.startNs, bins.binNs, bins.length]).toEqual([start, width, length]);
      const groups = Array.from({ length }, (_, bin) =>
        values.filter(({ timeNs }) => of(timeNs) === bin).map(({ value }) => value),
      );
      const highest = groups.map((group) => (group.length === 0 ? null : Math.max(...group)));
      expect(sums.values(length)).toEqual(groups.map((group) => group.reduce((sum, v) => sum + v, 0)));
      expect(maxima.values(length)).toEqual(highest);
      const series = histogram.series(length)!;
      expect(series.count).toEqual(groups.map((group) => group.length));
      expect(series.max).toEqual(highest);
      for (const [p, told] of [
        [50, series.p50],
        [90, series.p90],
        [99, series.p99],
      ] as const) {
        groups.forEach((group, bin) => {
          if (group.length === 0) return expect(told[bin]).toBeNull();
          const exact = quantileOfSorted(
            [...group].sort((a, b) => a - b),
            p,
          );
          expect(Math.abs(told[bin]! - exact)).toBeLessThanOrEqual(exact * 0.005 + 0.5);
          expect(told[bin]).toBeLessThanOrEqual(highest[bin]!);
        });
      }
    }),
  );
});

test('a level lasts through the bins in which nothing happens', () => {
  const bins = new TimeBins(BIN, MAX_BINS);
  const level = bins.add(new LevelColumn(MAX_BINS));
  const at = (timeNs: number, change: 'rise' | 'fall') => {
    bins.goTo(timeNs);
    if (change === 'rise') level.rise(bins.current);
    else level.fall();
  };
  at(0, 'rise');
  at(1, 'rise');
  at(2, 'fall');
  at(35, 'fall');
  at(45, 'rise');
  expect(level.values(bins.length)).toEqual([2, 1, 1, 1, 1]);
  bins.goTo(85);
  expect(bins.binNs).toBe(2 * BIN);
  expect(level.values(bins.length)).toEqual([2, 1, 1, 1, 1]);
});

test('a level does not go below 0', () => {
  const bins = new TimeBins(BIN, MAX_BINS);
  const level = bins.add(new LevelColumn(MAX_BINS));
  bins.goTo(0);
  level.fall();
  level.rise(bins.current);
  expect(level.values(1)).toEqual([1]);
});

test('one moment far away leaves bounded bins', () => {
  const bins = new TimeBins(BIN, MAX_BINS);
  const sums = bins.add(new SumColumn(MAX_BINS));
  for (const timeNs of [0, 79, 2 ** 53 - 1]) {
    bins.goTo(timeNs);
    sums.add(bins.current, 1);
  }
  expect(bins.length).toBeLessThanOrEqual(MAX_BINS);
  expect(sums.values(bins.length)[0]).toBe(2);
  expect(sums.values(bins.length).at(-1)).toBe(1);
});

test('values beyond the bounds count at the bounds, the maximum as it is', () => {
  const histogram = new BinnedHistogram(MAX_BINS, 1, 1000);
  histogram.recordAll(0, Float64Array.of(-5, 0));
  histogram.recordAll(1, Float64Array.of(5000.4));
  expect(histogram.series(2)).toEqual({
    count: [2, 1],
    p50: [0, 1002],
    p90: [0, 1002],
    p99: [0, 1002],
    max: [0, 5000],
  });
});

test('nothing recorded is nothing told', () => {
  expect(new BinnedHistogram(MAX_BINS, 1, 1000).series(3)).toBeUndefined();
});
