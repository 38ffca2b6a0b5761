import { BUCKETS_PER_DECADE, type LogDistribution } from '../core/run-history.ts';
import type { HdrHistogram } from './hdr.ts';

/** Keeps the logarithm of a whole power of ten on its own side of the edge. */
const ROUNDING = 1e-9;

/**
 * The values of a histogram in the buckets that are the same for every run, each by the highest value of its own bucket.
 * `zeroCount` of them were 0 or less and are clamped to the lowest in the histogram.
 */
export function logDistributionOf(histogram: HdrHistogram, zeroCount: number): LogDistribution {
  const counts = new Map<number, number>();
  let clamped = zeroCount;
  histogram.forEachBucket((highest, bucketCount) => {
    const values = bucketCount - clamped;
    clamped = 0;
    if (values === 0) return;
    const bucket = Math.floor(BUCKETS_PER_DECADE * Math.log10(highest) + ROUNDING);
    counts.set(bucket, (counts.get(bucket) ?? 0) + values);
  });
  const first = Math.min(...counts.keys());
  const last = Math.max(...counts.keys());
  if (counts.size === 0) return { first: 0, counts: [], zero: zeroCount };
  return {
    first,
    counts: Array.from({ length: last - first + 1 }, (_, i) => counts.get(first + i) ?? 0),
    zero: zeroCount,
  };
}
