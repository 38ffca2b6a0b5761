import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HdrHistogram } from './hdr.ts';
import { countHdr, logBucketEdges, logBucketing } from './log-buckets.ts';

const values = fc.array(
  fc.oneof(fc.double({ min: -1e4, max: 3.6e12, noNaN: true }), fc.integer({ min: -20, max: 3000 })),
  { minLength: 1, maxLength: 100 },
);
const bucketCounts = fc.integer({ min: 1, max: 40 });

function edgesOf(sample: readonly number[], bucketCount: number): number[] {
  return logBucketEdges(Math.min(...sample), Math.max(...sample), bucketCount);
}

/** One bucket after the other, as the rule reads. */
function naiveCounts(edges: readonly number[], sample: readonly number[]): number[] {
  const last = edges.length - 2;
  const clipped = sample.map((value) => Math.min(edges.at(-1)!, Math.max(edges[0]!, value)));
  return edges
    .slice(0, -1)
    .map(
      (low, i) =>
        clipped.filter(
          (value) => value >= low && (value < edges[i + 1]! || (i === last && value === edges.at(-1))),
        ).length,
    );
}

describe('logBucketEdges', () => {
  it('spans the observed range in equal ratios', () => {
    const edges = logBucketEdges(1e6, 1e9, 30);
    expect(edges).toHaveLength(31);
    expect(edges[0]! / 1e6).toBeCloseTo(1, 12);
    expect(edges[30]! / 1e9).toBeCloseTo(1, 12);
    for (let i = 0; i < 30; i++) expect(edges[i + 1]! / edges[i]!).toBeCloseTo(10 ** 0.1, 12);
  });

  it('spans a decade when the range is narrower, and begins at 1 or above', () => {
    expect(logBucketEdges(5, 7, 1).map((edge) => Number(edge.toFixed(9)))).toEqual([5, 50]);
    expect(logBucketEdges(0, 0.5, 1).map((edge) => Number(edge.toFixed(9)))).toEqual([1, 10]);
    expect(logBucketEdges(-250, 2000, 1).map((edge) => Number(edge.toFixed(9)))).toEqual([1, 2000]);
  });
});

function countValues(edges: readonly number[], sample: readonly number[]): number[] {
  const bucketOf = logBucketing(edges);
  const counts = new Array<number>(edges.length - 1).fill(0);
  for (const value of sample) counts[bucketOf(value)]! += 1;
  return counts;
}

describe('logBucketing', () => {
  it('equals the naive count', () => {
    fc.assert(
      fc.property(values, bucketCounts, (sample, bucketCount) => {
        const edges = edgesOf(sample, bucketCount);
        expect(countValues(edges, sample)).toEqual(naiveCounts(edges, sample));
      }),
    );
  });

  it('puts a value that sits on an edge above it', () => {
    const edges = logBucketEdges(1, 1e6, 12);
    expect(countValues(edges, edges)).toEqual([...new Array<number>(11).fill(1), 2]);
  });
});

describe('countHdr', () => {
  it('places each bucket by its highest value', () => {
    fc.assert(
      fc.property(values, bucketCounts, (sample, bucketCount) => {
        const edges = edgesOf(sample, bucketCount);
        const hdr = new HdrHistogram(1, 3_600_000_000_000, 3);
        for (const value of sample) hdr.record(Math.max(1, value));
        const expected = new Array<number>(bucketCount).fill(0);
        hdr.forEachBucket((highest, count) => {
          const bucket = edges.findLastIndex((edge) => edge <= highest);
          expected[Math.min(bucketCount - 1, Math.max(0, bucket))]! += count;
        });
        expect(countHdr(edges, hdr)).toEqual(expected);
      }),
    );
  });
});
