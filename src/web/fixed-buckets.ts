import { BUCKETS_PER_DECADE, type LogDistribution } from '../core/run-history.ts';

/** Of the buckets of a {@link LogDistribution} so many make one that is exported: four are left of a decade. */
const COARSER = 10;

/** Cumulative counts over fixed buckets: `counts[i]` values are at most `edges[i]`; what lies beyond is in `count` only. */
export interface FixedBuckets {
  readonly edges: readonly number[];
  readonly counts: readonly number[];
  readonly count: number;
}

/** Edges 10^(k/4) times `scale` from one power of ten to another, both included, to six digits: the same for every run. */
export function edgesOf(firstDecade: number, lastDecade: number, scale: number): readonly number[] {
  const stepsPerDecade = BUCKETS_PER_DECADE / COARSER;
  return Array.from({ length: (lastDecade - firstDecade) * stepsPerDecade + 1 }, (_, i) =>
    Number((10 ** (firstDecade + i / stepsPerDecade) * scale).toPrecision(6)),
  );
}

/**
 * Counts a distribution into the edges that {@link edgesOf} gives for `firstDecade` to `lastDecade`. Exact but for values on an edge,
 * as every edge is one of the distribution's own.
 */
export function fixedBucketsOf(
  { first, counts, zero }: LogDistribution,
  edges: readonly number[],
  firstDecade: number,
): FixedBuckets {
  const cumulative: number[] = [];
  let next = 0;
  let sum = zero;
  edges.forEach((_, i) => {
    const below = firstDecade * BUCKETS_PER_DECADE + i * COARSER - first;
    while (next < Math.min(below, counts.length)) sum += counts[next++]!;
    cumulative.push(sum);
  });
  return { edges, counts: cumulative, count: counts.reduce((total, count) => total + count, zero) };
}
