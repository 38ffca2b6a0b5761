import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countExactly } from './exact-counts.ts';
import { HdrHistogram } from './hdr.ts';
import { logBucketEdges } from './log-buckets.ts';

const ONE_HOUR_NS = 3_600_000_000_000;
const PERCENTS = [0, 1, 5, 25, 50, 75, 90, 99, 99.9, 100];

interface Layout {
  readonly low: number;
  readonly high: number;
  readonly figures: number;
}

const NS: Layout = { low: 1, high: ONE_HOUR_NS, figures: 3 };

function hdrOf(values: Float64Array, { low, high, figures }: Layout): HdrHistogram {
  const hdr = new HdrHistogram(low, high, figures);
  for (const value of values) hdr.record(Math.min(high, Math.max(low, value)));
  return hdr;
}

/** Sorts all values and compares each with each edge. */
function expectExact(values: Float64Array, layout: Layout, bucketCount = 30): void {
  const ascending = values.slice().sort();
  const [min, max] = [ascending[0]!, ascending.at(-1)!];
  const ranks = PERCENTS.map((percent) => Math.round((percent / 100) * (values.length - 1)));
  const edges = logBucketEdges(min, max, bucketCount);
  const half = values.length >> 1;
  const { valueAtRank, bucketCounts } = countExactly(
    {
      chunks: () => [values.subarray(0, half), values.subarray(half)],
      hdr: hdrOf(values, layout),
      areIntegers: values.every(Number.isInteger),
      min,
      max,
    },
    ranks,
    edges,
  );
  // Added to 0, both zeros are one.
  const found = [...new Set(ranks)].map((rank) => [rank, valueAtRank.get(rank)! + 0]);
  expect(found).toEqual([...new Set(ranks)].map((rank) => [rank, ascending[rank]! + 0]));
  const expected = new Array<number>(bucketCount).fill(0);
  for (const value of values) {
    let bucket = 0;
    while (bucket < bucketCount - 1 && value >= edges[bucket + 1]!) bucket += 1;
    expected[bucket]! += 1;
  }
  expect(bucketCounts).toEqual(expected);
}

/** A cheap reproducible source. */
function noise(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const SHAPES: Readonly<Record<string, (unit: () => number) => number>> = {
  'latencies in ns': (unit) => Math.floor(1e6 * Math.exp(8 * unit())),
  'fractions of ns': (unit) => 1e6 * Math.exp(3 * unit()),
  'one value': () => 5_000_000,
  'a crowd of whole numbers': (unit) => 3_500_000_000 + Math.floor(300 * unit()),
  'a crowd of fractions': (unit) => 3_500_000_000 + 300 * unit(),
  'token counts': (unit) => Math.floor(40 * unit()),
  'fractions below one': (unit) => unit() / 1000,
  'both signs and zeros': (unit) => Math.round(200 * unit() - 100),
  'beyond the histogram on both sides': (unit) => Math.round(1e13 * (unit() - 0.5)),
  'neighbouring doubles': (unit) => 1 + Math.floor(50 * unit()) * Number.EPSILON,
  'the largest doubles of both signs': (unit) => (unit() - 0.5) * 1e300,
  'a crowd and two far off': (unit) => (unit() < 0.9999 ? 1e9 : unit() < 0.5 ? -1e300 : 1e300),
};

const LAYOUTS = fc.constantFrom<Layout>(
  NS,
  { low: 1, high: 1000, figures: 2 },
  { low: 3, high: 100_000, figures: 1 },
  { low: 1000, high: ONE_HOUR_NS, figures: 3 },
  { low: 1, high: 2 ** 40, figures: 4 },
);

describe('countExactly', () => {
  it('equals sorting and comparing, for any few values and any layout', () => {
    const value = fc.oneof(
      fc.integer({ min: -5, max: 3000 }),
      fc.integer({ min: -(2 ** 45), max: 2 ** 45 }),
      fc.double({ min: -1e4, max: 3.6e12, noNaN: true }),
    );
    const values = fc.oneof(
      fc.array(value, { minLength: 1, maxLength: 200 }),
      fc.array(fc.integer({ min: -5, max: 3000 }), { minLength: 1, maxLength: 200 }),
    );
    fc.assert(
      fc.property(values, LAYOUTS, fc.integer({ min: 1, max: 40 }), (sample, layout, bucketCount) => {
        expectExact(Float64Array.from(sample), layout, bucketCount);
      }),
      { numRuns: 300 },
    );
  });

  describe('equals sorting and comparing, for many values:', () => {
    it.each(Object.keys(SHAPES))('%s', (shape) => {
      const unit = noise(shape.length);
      expectExact(
        Float64Array.from({ length: 100_000 }, () => SHAPES[shape]!(unit)),
        NS,
      );
    });
  });

  it.each(['a crowd of fractions', 'a crowd of whole numbers', 'the largest doubles of both signs'])(
    'equals sorting where more values than are collected crowd in a bucket: %s',
    (shape) => {
      const unit = noise(7);
      expectExact(
        Float64Array.from({ length: 700_000 }, () => SHAPES[shape]!(unit)),
        NS,
      );
    },
  );

  it('does not ask for values that the histogram tells already', () => {
    const values = Float64Array.of(9, 9, 2047, 12);
    const counted = {
      chunks: () => expect.fail('asked for the values'),
      ...{ hdr: hdrOf(values, NS), areIntegers: true, min: 9, max: 2047 },
    };
    const { valueAtRank, bucketCounts } = countExactly(counted, [0, 2, 3], [9, 10, 100, 2047]);
    expect(valueAtRank).toEqual(new Map([0, 2, 3].map((rank) => [rank, [9, 9, 12, 2047][rank]])));
    expect(bucketCounts).toEqual([2, 1, 1]);
  });

  it.each([-1, 3, 0.5, NaN])('refuses rank %d of 3', (rank) => {
    const values = Float64Array.of(1, 2, 3);
    const counted = { chunks: () => [values], hdr: hdrOf(values, NS), areIntegers: true, min: 1, max: 3 };
    expect(() => countExactly(counted, [rank], [1, 10])).toThrow(RangeError);
  });
});
