import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HdrHistogram } from './hdr.ts';
import { LatenessBound, type PercentileBound } from './lateness-bound.ts';
import type { LatenessMass } from './lateness-mixture.ts';
import { quantileOfSorted } from './quantile.ts';

const MS = 1e6;
const HIGH = 1e11;

function histogramOf(values: readonly number[]): HdrHistogram {
  const histogram = new HdrHistogram(1, HIGH, 3);
  for (const value of values) histogram.record(Math.min(HIGH, Math.max(1, value)));
  return histogram;
}

function atPercentile(values: readonly number[], percentile: number): number {
  return quantileOfSorted(
    values.toSorted((a, b) => a - b),
    percentile,
  );
}

/** The distribution of what is given, exactly. */
function massesOf(lateness: readonly number[]): readonly LatenessMass[] {
  const counts = new Map<number, number>();
  for (const ns of lateness) counts.set(ns, (counts.get(ns) ?? 0) + 1 / lateness.length);
  return [...counts].sort(([a], [b]) => a - b).map(([latenessNs, share]) => ({ latenessNs, share }));
}

interface Truth {
  readonly trueNs: number;
  /** Of the read that ends the time, and of the one that begins it. */
  readonly lateNs: number;
  readonly firstLateNs: number;
  /** The lateness is known one by one. */
  readonly isKnown: boolean;
}

function boundOf(truths: readonly Truth[], isTwoSided: boolean, dependence: number): LatenessBound {
  const observedOf = ({ trueNs, lateNs, firstLateNs }: Truth) => trueNs + lateNs - firstLateNs;
  const known = truths.filter(({ isKnown }) => isKnown);
  const unknown = truths.filter(({ isKnown }) => !isKnown);
  const other = truths.map(() => 0).slice(unknown.length);
  return new LatenessBound(
    {
      observed: histogramOf(truths.map(observedOf)),
      late: {
        observed: histogramOf(known.map(observedOf)),
        least: histogramOf(known.map((truth) => observedOf(truth) - truth.lateNs)),
        most: histogramOf(known.map((truth) => observedOf(truth) + truth.firstLateNs)),
      },
    },
    {
      // Either read of a value may be the late one.
      masses: massesOf([
        ...unknown.map(({ lateNs, firstLateNs }) => Math.max(lateNs, firstLateNs)),
        ...other,
      ]),
      isTwoSided,
      dependence,
    },
  );
}

function expectCovered(truths: readonly Truth[], percentile: number, bound: PercentileBound): void {
  const observed = atPercentile(
    truths.map(({ trueNs, lateNs, firstLateNs }) => trueNs + lateNs - firstLateNs),
    percentile,
  );
  const actual = atPercentile(
    truths.map(({ trueNs }) => trueNs),
    percentile,
  );
  // The lowest value of a histogram is 1.
  expect(actual).toBeGreaterThanOrEqual(observed - bound.added - 1);
  if (bound.missing !== null) expect(actual).toBeLessThanOrEqual(observed + bound.missing + 1);
}

const times = fc.integer({ min: 1000, max: 1e9 });
const lateness = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 50 * MS }));
const oneSided = fc.record({
  trueNs: times,
  lateNs: lateness,
  firstLateNs: fc.constant(0),
  isKnown: fc.boolean(),
});
const percentiles = fc.constantFrom(0, 50, 90, 99, 100);

describe('LatenessBound', () => {
  it('holds the true percentile whatever lateness depends on, when any dependence is allowed for', () => {
    fc.assert(
      fc.property(fc.array(oneSided, { minLength: 1, maxLength: 300 }), percentiles, (truths, percentile) => {
        expectCovered(truths, percentile, boundOf(truths, false, Infinity).at(percentile));
      }),
    );
  });

  it('holds it from both sides for a time between two reads', () => {
    const twoSided = fc.record({
      trueNs: fc.integer({ min: 60 * MS, max: 1e9 }),
      lateNs: lateness,
      firstLateNs: lateness,
      isKnown: fc.boolean(),
    });
    fc.assert(
      fc.property(fc.array(twoSided, { minLength: 1, maxLength: 300 }), percentiles, (truths, percentile) => {
        expectCovered(truths, percentile, boundOf(truths, true, Infinity).at(percentile));
      }),
    );
  });

  it('holds it when the slowest are late, and the fastest', () => {
    for (const pick of [
      (rank: number) => rank >= 950,
      (rank: number) => rank < 50,
      (rank: number) => rank % 20 === 0,
    ]) {
      const truths = Array.from({ length: 1000 }, (_, rank) => ({
        trueNs: 10 * MS + rank * 10_000,
        lateNs: pick(rank) ? 20 * MS : 0,
        firstLateNs: 0,
        isKnown: false,
      }));
      for (const percentile of [50, 90, 95, 99])
        expectCovered(truths, percentile, boundOf(truths, false, Infinity).at(percentile));
    }
  });

  it('is as narrow as lateness that is known one by one, and no wider for what is not late', () => {
    const truths = Array.from({ length: 2000 }, (_, i) => ({
      trueNs: 10 * MS + (i % 100) * 10_000,
      lateNs: i % 10 === 0 ? 45 * MS : 0,
      firstLateNs: 0,
      isKnown: i % 10 === 0,
    }));
    const bound = boundOf(truths, false, 2);
    const observed = atPercentile(
      truths.map(({ trueNs, lateNs }) => trueNs + lateNs),
      99,
    );
    const actual = atPercentile(
      truths.map(({ trueNs }) => trueNs),
      99,
    );
    expect(bound.at(99).added).toBeGreaterThanOrEqual(observed - actual);
    expect(bound.at(99).added).toBeLessThan(1.05 * (observed - actual));
    expect(bound.at(50).added).toBeLessThan(0.2 * MS);
  });

  it('is much narrower than the union bound where values are spread out and lateness knows nothing of them', () => {
    const truths = Array.from({ length: 5000 }, (_, i) => ({
      trueNs: 10 * MS + ((i * 7919) % 5000) * 20_000,
      lateNs: i % 50 === 0 ? 2 * MS : 0,
      firstLateNs: 0,
      isKnown: false,
    }));
    const [narrow, wide] = [boundOf(truths, false, 2), boundOf(truths, false, Infinity)];
    for (const percentile of [50, 90, 99]) {
      expectCovered(truths, percentile, narrow.at(percentile));
      expect(narrow.at(percentile).added).toBeLessThanOrEqual(wide.at(percentile).added);
    }
    expect(narrow.at(50).added).toBeLessThan(wide.at(50).added / 2);
  });

  it('limits nothing from above where more may be late than lie beyond', () => {
    const truths = Array.from({ length: 10 }, () => ({
      trueNs: MS,
      lateNs: 0,
      firstLateNs: 0,
      isKnown: false,
    }));
    const bound = new LatenessBound(
      { observed: histogramOf(truths.map(({ trueNs }) => trueNs)) },
      { masses: [], isTwoSided: false },
    );
    expect(bound.at(50)).toMatchObject({ missing: 0 });
    expect(bound.at(50).added).toBeLessThan(0.002 * MS);
  });
});
