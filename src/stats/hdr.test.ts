import fc from 'fast-check';
import { build } from 'hdr-histogram-js';
import { describe, expect, it } from 'vitest';
import { HdrHistogram } from './hdr.ts';

const HOUR_NS = 3_600_000_000_000;

/** What we ask of hdr-histogram-js, whose own types do not resolve under `nodenext`. */
interface Oracle {
  highestEquivalentValue(value: number): number;
}

interface Layout {
  readonly low: number;
  readonly high: number;
  readonly figures: 1 | 2 | 3 | 4 | 5;
}

const layouts: fc.Arbitrary<Layout> = fc
  .record({
    low: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 5000 })),
    high: fc.constantFrom(10_000, 10_000_000, HOUR_NS),
    figures: fc.constantFrom(1, 2, 3, 4, 5),
  })
  .filter(({ high, figures }) => !(high === HOUR_NS && figures === 5));

function valuesOf({ low, high }: Layout): fc.Arbitrary<number[]> {
  const nearPowers = fc
    .tuple(fc.integer({ min: 0, max: Math.floor(Math.log2(high)) }), fc.integer({ min: -2, max: 2 }))
    .map(([exponent, offset]) => Math.min(high, Math.max(low, 2 ** exponent + offset)));
  return fc.array(
    fc.oneof(
      nearPowers,
      fc.maxSafeNat().map((n) => low + (n % (high - low + 1))),
    ),
    {
      maxLength: 60,
    },
  );
}

const recordings = layouts.chain((layout) => fc.tuple(fc.constant(layout), valuesOf(layout)));

function ours({ low, high, figures }: Layout, values: readonly number[]): HdrHistogram {
  const histogram = new HdrHistogram(low, high, figures);
  for (const value of values) histogram.record(value);
  return histogram;
}

function oracleOf({ low, high, figures }: Layout): Oracle {
  return build({
    lowestDiscernibleValue: low,
    highestTrackableValue: high,
    numberOfSignificantValueDigits: figures,
    autoResize: false,
  }) as unknown as Oracle;
}

function bucketsOf(histogram: HdrHistogram): [number, number][] {
  const buckets: [number, number][] = [];
  histogram.forEachBucket((highestValue, count) => buckets.push([highestValue, count]));
  return buckets;
}

describe('HdrHistogram', () => {
  it('has the buckets of hdr-histogram-js', () => {
    fc.assert(
      fc.property(recordings, ([layout, values]) => {
        const oracle = oracleOf(layout);
        const counts = new Map<number, number>();
        for (const value of [...values].sort((a, b) => a - b)) {
          const highest = oracle.highestEquivalentValue(value);
          counts.set(highest, (counts.get(highest) ?? 0) + 1);
        }
        expect(bucketsOf(ours(layout, values))).toEqual([...counts]);
      }),
    );
  });

  it('gives for a percentile the highest value equivalent to the value at its rank', () => {
    const percentiles = fc.array(fc.double({ min: 0, max: 100, noNaN: true }), {
      minLength: 1,
      maxLength: 8,
    });
    fc.assert(
      fc.property(recordings, percentiles, ([layout, values], wanted) => {
        fc.pre(values.length > 0);
        const oracle = oracleOf(layout);
        const ascending = [...values].sort((a, b) => a - b);
        const expected = wanted.map((percentile) => {
          const rank = Math.max(1, Math.floor((percentile * values.length) / 100 + 0.5));
          return oracle.highestEquivalentValue(ascending[Math.min(values.length, rank) - 1]!);
        });
        expect(ours(layout, values).percentiles(wanted)).toEqual(expected);
      }),
    );
  });

  it('counts between bounds by the highest value of a bucket', () => {
    const bound = fc.oneof(
      fc.double({ min: -10, max: 2 * HOUR_NS, noNaN: true }),
      fc.nat(20_000),
      fc.nat(80).map((quarters) => quarters / 4),
    );
    fc.assert(
      fc.property(recordings, bound, bound, ([layout, values], a, b) => {
        const histogram = ours(layout, values);
        const [from, to] = a < b ? [a, b] : [b, a];
        const inside = bucketsOf(histogram).filter(([highest]) => highest >= from && highest < to);
        expect(histogram.countBetween(from, to)).toBe(inside.reduce((sum, [, count]) => sum + count, 0));
        expect(histogram.countBetween(-Infinity, Infinity)).toBe(values.length);
      }),
    );
  });

  it('counts a value from a fraction below it, and not from one above', () => {
    const histogram = ours({ low: 1, high: 10_000, figures: 3 }, [5]);
    expect(histogram.countBetween(4.5, 10)).toBe(1);
    expect(histogram.countBetween(5.5, 10)).toBe(0);
  });

  it('counts the last bucket by its highest value also where that is beyond the highest trackable one', () => {
    const histogram = ours({ low: 4096, high: 10_000, figures: 1 }, [8192]);
    expect(histogram.countBetween(0, 10_001)).toBe(0);
    expect(histogram.countBetween(0, 12_288)).toBe(1);
  });

  it('merges to what one histogram of both would hold', () => {
    fc.assert(
      fc.property(
        layouts.chain((layout) => fc.tuple(fc.constant(layout), valuesOf(layout), valuesOf(layout))),
        ([layout, first, second]) => {
          const merged = ours(layout, first);
          merged.merge(ours(layout, second));
          const whole = ours(layout, [...first, ...second]);
          expect(merged.count).toBe(whole.count);
          expect(bucketsOf(merged)).toEqual(bucketsOf(whole));
          expect(merged.percentiles([0, 50, 100])).toEqual(whole.percentiles([0, 50, 100]));
        },
      ),
    );
  });

  it('refuses to merge another layout', () => {
    const histogram = new HdrHistogram(1, 1000, 3);
    expect(() => histogram.merge(new HdrHistogram(1, 1000, 2))).toThrow(RangeError);
    expect(() => histogram.merge(new HdrHistogram(2, 1000, 3))).toThrow(RangeError);
    expect(() => histogram.merge(new HdrHistogram(1, 2000, 3))).toThrow(RangeError);
  });

  it('cuts fractions off', () => {
    const histogram = ours({ low: 1, high: 10_000, figures: 3 }, [1.9, 1500.99, 4097.5]);
    expect(bucketsOf(histogram)).toEqual([
      [1, 1],
      [1500, 1],
      [4099, 1],
    ]);
  });

  it('takes both of its bounds, and tells 5 figures up to an hour apart', () => {
    const histogram = ours({ low: 1, high: HOUR_NS, figures: 5 }, [1, HOUR_NS]);
    const [lowest, highest] = histogram.percentiles([0, 100]);
    expect(lowest).toBe(1);
    expect(highest! / HOUR_NS - 1).toBeLessThan(1e-5);
  });

  it('answers 0 while empty', () => {
    expect(new HdrHistogram(1, HOUR_NS, 3).percentiles([50, 99])).toEqual([0, 0]);
  });

  it.each([
    [0, 10, 3],
    [10, 19, 3],
    [1, 10, 0],
    [1, 10, 6],
    [1, 10, 2.5],
    [1, 2 ** 54, 3],
    [1.5, 10, 3],
  ])('refuses the bounds %d and %d with %d figures', (low, high, figures) => {
    expect(() => new HdrHistogram(low, high, figures)).toThrow(RangeError);
  });
});

it('counts many values at once as one by one, those beyond the bounds as the bounds', () => {
  const beyond = ([layout, values]: [Layout, number[]]) =>
    [
      layout,
      [...values, 0, -3, layout.high * 2, ...Array.from({ length: 600 }, () => layout.low + 1)],
    ] as const;
  fc.assert(
    fc.property(recordings.map(beyond), ([layout, values]) => {
      const clamped = values.map((value) => Math.min(layout.high, Math.max(layout.low, value)));
      const histogram = ours(layout, []);
      histogram.recordAllClamped(Float64Array.from(values));
      expect(histogram.count).toBe(values.length);
      expect(bucketsOf(histogram)).toEqual(bucketsOf(ours(layout, clamped)));
    }),
  );
});

it('packs into bytes that add up in another one, and is empty when cleared', () => {
  fc.assert(
    fc.property(recordings, ([layout, values]) => {
      const histogram = ours(layout, values);
      const sum = ours(layout, values);
      sum.addPacked(histogram.pack());
      expect(sum.count).toBe(2 * values.length);
      expect(bucketsOf(sum)).toEqual(bucketsOf(ours(layout, [...values, ...values])));
      histogram.clear();
      expect(histogram.count).toBe(0);
      expect(bucketsOf(histogram)).toEqual([]);
      histogram.record(layout.high);
      expect(bucketsOf(histogram)).toEqual(bucketsOf(ours(layout, [layout.high])));
    }),
  );
});
