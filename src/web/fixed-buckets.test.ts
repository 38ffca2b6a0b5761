import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BUCKETS_PER_DECADE, type LogDistribution } from '../core/run-history.ts';
import { edgesOf, fixedBucketsOf } from './fixed-buckets.ts';

/** Bucket indices and how often each occurs, to a distribution. */
function distributionOf(buckets: readonly number[], zero: number): LogDistribution {
  const first = Math.min(...buckets, 0);
  const counts = Array.from({ length: Math.max(...buckets, 0) - first + 1 }, () => 0);
  for (const bucket of buckets) counts[bucket - first]! += 1;
  return { first, counts, zero };
}

describe('edges', () => {
  it('are four a decade, both ends included', () => {
    expect(edgesOf(-1, 1, 1)).toEqual([0.1, 0.177828, 0.316228, 0.562341, 1, 1.77828, 3.16228, 5.62341, 10]);
    expect(edgesOf(3, 4, 1e-9)).toEqual([1e-6, 1.77828e-6, 3.16228e-6, 5.62341e-6, 1e-5]);
  });
});

describe('fixed buckets', () => {
  it('count what lies below each edge, whatever lies beyond the first and the last', () => {
    const anyBuckets = fc.array(fc.integer({ min: -90, max: 260 }), { maxLength: 60 });
    fc.assert(
      fc.property(anyBuckets, fc.nat(5), fc.integer({ min: -1, max: 2 }), (buckets, zero, firstDecade) => {
        const edges = edgesOf(firstDecade, firstDecade + 3, 1);
        const found = fixedBucketsOf(distributionOf(buckets, zero), edges, firstDecade);
        const naive = edges.map((_, i) => {
          const exponent = firstDecade + i / 4;
          return (
            zero + buckets.filter((bucket) => (bucket + 1) / BUCKETS_PER_DECADE <= exponent + 1e-9).length
          );
        });
        expect(found.counts).toEqual(naive);
        expect(found.count).toBe(buckets.length + zero);
      }),
    );
  });
});
