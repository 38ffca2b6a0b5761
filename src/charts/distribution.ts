import { BUCKETS_PER_DECADE, type LogDistribution } from '../core/run-history.ts';

type Point = readonly [x: number, y: number];

/** Values in it, zeros too. */
export function countOf({ counts, zero }: LogDistribution): number {
  return counts.reduce((sum, count) => sum + count, zero);
}

/** Lower edge of bucket `i`; the upper one of the bucket before it. */
export function edgeOf({ first }: LogDistribution, i: number): number {
  return rounded(10 ** ((first + i) / BUCKETS_PER_DECADE));
}

/** Lowest and highest edge of the buckets with values; undefined when all are 0. */
export function rangeOf(
  distribution: LogDistribution,
): { readonly min: number; readonly max: number } | undefined {
  const { counts } = distribution;
  const from = counts.findIndex((count) => count > 0);
  if (from < 0) return undefined;
  return {
    min: edgeOf(distribution, from),
    max: edgeOf(distribution, counts.findLastIndex((count) => count > 0) + 1),
  };
}

/**
 * The share of the values in each bucket, `merge` of them taken together, as points at their lower edges; a last point of 0 closes
 * the outline. Merged buckets begin at multiples of `merge`, so that those of two runs fall together.
 */
export function histogramPoints(distribution: LogDistribution, merge: number): readonly Point[] {
  const { first, counts } = distribution;
  const total = countOf(distribution);
  const from = Math.floor(first / merge);
  const to = Math.ceil((first + counts.length) / merge);
  const shares = Array.from({ length: to - from }, (_, group) => {
    const at = (from + group) * merge - first;
    return (
      counts.slice(Math.max(0, at), Math.max(0, at + merge)).reduce((sum, count) => sum + count, 0) / total
    );
  });
  return [...shares, 0].map((share, group) => [
    edgeOf({ ...distribution, first: 0 }, (from + group) * merge),
    rounded(share),
  ]);
}

/**
 * The values by percentile as points (1 / (1 − q), value): at each edge the share of values below it is known, between edges the line is
 * straight. It ends at the maximum, which stands for the last of all values.
 */
export function ninesPoints(distribution: LogDistribution, max: number | undefined): readonly Point[] {
  const { counts, zero } = distribution;
  const total = countOf(distribution);
  const points: Point[] = [];
  let below = zero;
  counts.forEach((count, i) => {
    if (count === 0) return;
    if (points.length === 0) points.push([rounded(total / (total - below)), edgeOf(distribution, i)]);
    below += count;
    const edge = edgeOf(distribution, i + 1);
    const value = max === undefined ? edge : Math.min(edge, max);
    points.push([below === total ? total : rounded(total / (total - below)), value]);
  });
  return points;
}

function rounded(value: number): number {
  return Number(value.toPrecision(6));
}
