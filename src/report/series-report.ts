import type { ExactInteger, QuantileEstimate, SeriesSnapshot } from '../metrics/snapshot.ts';
import { percentileKey } from '../stats/percentile-key.ts';
import { standardDeviationOfIntegers, standardDeviationOfSums } from '../stats/standard-deviation.ts';

/** Values by percentile (`"99.0"`), highest percentile first; null where a snapshot holds none. */
export type PercentileValues = Readonly<Record<string, number | null>>;

/** The distribution of a series in its own unit. Null stands for a number the snapshot does not know. */
export interface SeriesRollup {
  readonly kind: 'values';
  readonly count: number;
  readonly total: ExactInteger | null;
  readonly min: ExactInteger | null;
  readonly max: ExactInteger | null;
  /** By the reference's definition, as are the `percentiles`; for the eye see {@link medianOf} and {@link percentileOf}. */
  readonly median: number | null;
  readonly average: number | null;
  /** Of the values as a sample (n − 1); 0 for one. */
  readonly standardDeviation: number | null;
  readonly percentiles: PercentileValues;
  /** By our definition, with intervals; null for a snapshot of another aggregator, or of an earlier version. */
  readonly quantiles: Readonly<Record<string, QuantileEstimate>> | null;
  /** MLPerf early-stopping bounds; null inside: too few samples. */
  readonly earlyStoppingPercentiles: PercentileValues | null;
  readonly histogram: {
    readonly buckets: readonly (readonly [low: number | null, high: number | null])[];
    readonly counts: readonly number[];
  };
}

/** A series without values; with early stopping asked for it still lists the percentiles it has no estimate for. */
export interface EmptySeries {
  readonly kind: 'empty';
  readonly earlyStoppingPercentiles: PercentileValues | null;
}

export type SeriesReport = SeriesRollup | EmptySeries;

/** Sums up a series of a snapshot; `undefined` is one that the run does not have. */
export function reportSeries(series: SeriesSnapshot | undefined): SeriesReport {
  const earlyStoppingPercentiles = series?.earlyStoppingPercentiles ?? null;
  if (series === undefined || !(series.count > 0)) return { kind: 'empty', earlyStoppingPercentiles };
  const { count, percentiles, histogram } = series;
  return {
    kind: 'values',
    count,
    total: finiteOrNull(series.total),
    min: finiteOrNull(series.min),
    max: finiteOrNull(series.max),
    median: referenceMedianOf(series),
    average: finiteOrNull(Number(series.total) / count),
    standardDeviation: finiteOrNull(standardDeviationOf(series)),
    percentiles: Object.fromEntries(
      Object.entries(percentiles).map(([key, value]) => [key, finiteOrNull(value)]),
    ),
    quantiles: series.quantiles ?? null,
    earlyStoppingPercentiles,
    histogram: {
      buckets: histogram.map(([[low, high]]) => [finiteOrNull(low), finiteOrNull(high)]),
      counts: histogram.map(([, n]) => n),
    },
  };
}

/**
 * A percentile by its number: by our definition, or by the reference's where a snapshot knows no other. Null when the series has no values
 * or the snapshot does not hold that percentile.
 */
export function percentileOf(series: SeriesReport, percentile: number): number | null {
  return estimateOf(series, percentile)?.value ?? null;
}

/** The same with its interval, where that is known. */
export function estimateOf(series: SeriesReport, percentile: number): QuantileEstimate | null {
  if (series.kind === 'empty') return null;
  const { quantiles, percentiles } = series;
  const estimate = quantiles?.[percentileKey(percentile)];
  if (estimate !== undefined) return estimate;
  const value = percentiles[String(percentile)] ?? percentiles[percentileKey(percentile)] ?? null;
  return value === null ? null : { value };
}

/** The 50th percentile as by {@link percentileOf}, or the middle of the range when the snapshot has none. */
export function medianOf(series: SeriesReport): number | null {
  return series.kind === 'empty' ? null : (percentileOf(series, 50) ?? series.median);
}

/** The median as observed, or the middle of the range when the snapshot has no 50th percentile. */
function referenceMedianOf({ percentiles, min, max }: SeriesSnapshot): number | null {
  const observed = percentiles['50'] ?? percentiles['50.0'];
  return finiteOrNull(observed === undefined ? (Number(min) + Number(max)) / 2 : observed);
}

/** From exact integers when they are known, else as the aggregator computed it, else from the rounded sums. */
function standardDeviationOf(series: SeriesSnapshot): number | null {
  const { count, valueKind, total, sumSq, sumSqExact, stdDev } = series;
  const exactSumSq =
    sumSqExact ?? (valueKind === 'int' && Number.isSafeInteger(sumSq) ? BigInt(sumSq) : undefined);
  if (exactSumSq !== undefined && isExactInteger(total)) {
    return standardDeviationOfIntegers(count, BigInt(total), exactSumSq);
  }
  return stdDev ?? standardDeviationOfSums(count, Number(total), sumSq);
}

function isExactInteger(value: ExactInteger): boolean {
  return typeof value === 'bigint' || Number.isSafeInteger(value);
}

function finiteOrNull<N extends ExactInteger>(value: N | null): N | null {
  return typeof value === 'number' && !Number.isFinite(value) ? null : value;
}
