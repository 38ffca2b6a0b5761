import type { HdrHistogram } from './hdr.ts';

/**
 * Edges of `bucketCount` buckets of equal ratio over the observed range.
 *
 * From max(min, 1) to max(max, 10 times that): values below 1 belong to the first bucket, and equal values still span a
 * decade.
 */
export function logBucketEdges(min: number, max: number, bucketCount: number): number[] {
  const low = Math.max(min, 1);
  const high = Math.max(max, 10 * low);
  const lowLog = Math.log(low);
  const step = (Math.log(high) - lowLog) / bucketCount;
  return Array.from({ length: bucketCount + 1 }, (_, i) => Math.exp(lowLog + i * step));
}

/** Says in which bucket a value is: half-open buckets, the last one closed, values beyond the edges in the outermost. */
export function logBucketing(edges: readonly number[]): (value: number) => number {
  const bounds = Float64Array.from(edges);
  const lowLog = Math.log(bounds[0]!);
  const bucketsPerLog = (bounds.length - 1) / (Math.log(bounds.at(-1)!) - lowLog);
  return (value) => bucketOf(value, bounds, lowLog, bucketsPerLog);
}

/** Counts the buckets of an HDR histogram, each by its highest value: approximate where that lies beyond an edge. */
export function countHdr(edges: readonly number[], hdr: HdrHistogram): number[] {
  const last = edges.length - 2;
  return Array.from({ length: edges.length - 1 }, (_, i) =>
    hdr.countBetween(i === 0 ? -Infinity : edges[i]!, i === last ? Infinity : edges[i + 1]!),
  );
}

/**
 * The logarithm names the bucket or, by rounding, a neighbour of it; the edges themselves decide.
 * @hot
 */
function bucketOf(value: number, edges: Float64Array, lowLog: number, bucketsPerLog: number): number {
  const last = edges.length - 2;
  if (value >= edges[last]!) return last;
  if (value < edges[1]!) return 0;
  let bucket = Math.floor((Math.log(value) - lowLog) * bucketsPerLog);
  while (value < edges[bucket]!) bucket -= 1;
  while (value >= edges[bucket + 1]!) bucket += 1;
  return bucket;
}
