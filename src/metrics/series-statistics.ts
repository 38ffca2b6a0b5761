import { errorText } from '../core/errors.ts';
import { earlyStoppingEstimate, earlyStoppingTargets } from '../stats/early-stopping.ts';
import { countExactly, type CountedValues } from '../stats/exact-counts.ts';
import type { HdrHistogram } from '../stats/hdr.ts';
import { countHdr, logBucketEdges } from '../stats/log-buckets.ts';
import { percentileIndex, percentileKey } from '../stats/percentile-key.ts';
import type { ResolvedSeriesOptions } from './series-options.ts';
import { liveQuantiles, placeQuantiles, quantilesAt, ranksOf } from './series-quantiles.ts';
import type { HistogramBucket, SeriesSnapshot } from './snapshot.ts';

/** The part of a series' statistics that is exact in the one snapshot and approximate in the other. */
export type Distribution = Pick<
  SeriesSnapshot,
  'percentiles' | 'histogram' | 'earlyStoppingPercentiles' | 'quantiles'
>;

/** The exact extremes of a series; 0 when it is empty. */
interface ObservedRange {
  readonly count: number;
  readonly min: number;
  readonly max: number;
}

type Grid = Pick<ResolvedSeriesOptions, 'percentiles' | 'bucketCount' | 'earlyStopping'>;

/** Every value of a series, as it stands and as its histogram counts it. */
export type SeriesValues = Pick<CountedValues, 'chunks' | 'hdr' | 'areIntegers'>;

/**
 * The distribution from every value: percentiles by the reference's definition and by ours, the latter with intervals; exact bucket
 * counts; early-stopping estimates where they were requested.
 *
 * A failure of the estimates is told to `onEstimateFailure` and leaves them out.
 */
export function exactDistribution(
  range: ObservedRange,
  values: SeriesValues,
  grid: Grid,
  onEstimateFailure: (reason: string) => void,
): Distribution {
  const { count, min, max } = range;
  const indices = grid.percentiles.map((p): Placed => [percentileKey(p), percentileIndex(count, p)]);
  const estimates = grid.earlyStopping ? placeEstimates(count, grid.percentiles, onEstimateFailure) : null;
  if (count === 0) {
    return {
      ...emptyDistribution(grid),
      earlyStoppingPercentiles: estimates && valuesOf(estimates, new Map()),
    };
  }
  const edges = logBucketEdges(min, max, grid.bucketCount);
  const placed = placeQuantiles(count, grid.percentiles);
  const ranks = [
    ...[...indices, ...(estimates ?? [])].flatMap(([, index]) => index ?? []),
    ...placed.flatMap(ranksOf),
  ];
  const { valueAtRank, bucketCounts } = countExactly({ ...values, min, max }, ranks, edges);
  return {
    percentiles: valuesOf(indices, valueAtRank),
    histogram: histogramOf(edges, bucketCounts),
    earlyStoppingPercentiles: estimates && valuesOf(estimates, valueAtRank),
    quantiles: quantilesAt(placed, (rank) => valueAtRank.get(rank)!),
  };
}

/** The distribution as the HDR histogram knows it; the edges follow the exact extremes. */
export function liveDistribution(range: ObservedRange, hdr: HdrHistogram, grid: Grid): Distribution {
  const { count, min, max } = range;
  if (count === 0) return emptyDistribution(grid);
  const values = hdr.percentiles(grid.percentiles);
  const edges = logBucketEdges(min, max, grid.bucketCount);
  return {
    percentiles: Object.fromEntries(grid.percentiles.map((p, i) => [percentileKey(p), values[i]!])),
    histogram: histogramOf(edges, countHdr(edges, hdr)),
    earlyStoppingPercentiles: null,
    quantiles: liveQuantiles(range, hdr, grid.percentiles),
  };
}

/** The key of a percentile, and the rank of the value that stands for it if any does. */
type Placed = readonly [key: string, index: number | undefined];

function placeEstimates(
  count: number,
  percentiles: readonly number[],
  onFailure: (reason: string) => void,
): Placed[] | null {
  try {
    return earlyStoppingTargets(percentiles).map((p) => [
      percentileKey(p),
      earlyStoppingEstimate(count, p).index,
    ]);
  } catch (error) {
    onFailure(errorText(error));
    return null;
  }
}

function valuesOf(
  placed: readonly Placed[],
  values: ReadonlyMap<number, number>,
): Record<string, number | null> {
  return Object.fromEntries(
    placed.map(([key, index]) => [key, index === undefined ? null : (values.get(index) ?? null)]),
  );
}

function emptyDistribution(grid: Grid): Distribution {
  return {
    percentiles: Object.fromEntries(grid.percentiles.map((p) => [percentileKey(p), 0])),
    histogram: [],
    earlyStoppingPercentiles: null,
  };
}

function histogramOf(edges: readonly number[], counts: readonly number[]): HistogramBucket[] {
  return counts.map((count, i) => [[edges[i]!, edges[i + 1]!], count]);
}
