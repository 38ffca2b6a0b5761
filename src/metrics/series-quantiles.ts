import type { HdrHistogram } from '../stats/hdr.ts';
import { percentileKey } from '../stats/percentile-key.ts';
import { intervalRanks } from '../stats/quantile-interval.ts';
import { quantilePlace, type QuantilePlace, ranksOfPlace, valueAtPlace } from '../stats/quantile.ts';
import type { QuantileEstimate } from './snapshot.ts';

/** A percentile, the place of its value, and the 0-based ranks of its interval where that has an end. */
interface PlacedQuantile {
  readonly key: string;
  readonly place: QuantilePlace;
  readonly lowRank: number | undefined;
  readonly highRank: number | undefined;
}

type Quantiles = Readonly<Record<string, QuantileEstimate>>;

/** Where the percentiles of `count` ≥ 1 values are found, and their intervals. */
export function placeQuantiles(count: number, percentiles: readonly number[]): readonly PlacedQuantile[] {
  return percentiles.map((percentile) => {
    const { lower, upper } = intervalRanks(count, percentile);
    return {
      key: percentileKey(percentile),
      place: quantilePlace(count, percentile),
      lowRank: lower === undefined ? undefined : lower - 1,
      highRank: upper === undefined ? undefined : upper - 1,
    };
  });
}

/** The ranks whose values a percentile and its interval need. */
export function ranksOf({ place, lowRank, highRank }: PlacedQuantile): readonly number[] {
  return [...ranksOfPlace(place), ...[lowRank, highRank].filter((rank) => rank !== undefined)];
}

export function quantilesAt(placed: readonly PlacedQuantile[], valueAt: (rank: number) => number): Quantiles {
  const endAt = (rank: number | undefined) => (rank === undefined ? null : valueAt(rank));
  return Object.fromEntries(
    placed.map(({ key, place, lowRank, highRank }) => [
      key,
      { value: valueAtPlace(place, valueAt), low: endAt(lowRank), high: endAt(highRank) },
    ]),
  );
}

/** By the same definition from a histogram, without intervals: off by half a bucket at most, and never beyond the extremes. */
export function liveQuantiles(
  { min, max }: { readonly min: number; readonly max: number },
  hdr: HdrHistogram,
  percentiles: readonly number[],
): Quantiles {
  const values = hdr.quantiles(percentiles, min, max);
  return Object.fromEntries(
    percentiles.map((percentile, i) => [percentileKey(percentile), { value: values[i]! }]),
  );
}
