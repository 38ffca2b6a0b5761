/**
 * A place between two of the ascending values that stand at the 0-based ranks `lower` and `lower` + 1. `share`, 0 to below 1, says how
 * far it is to the second one; at 0 only `lower` counts.
 */
export interface QuantilePlace {
  readonly lower: number;
  readonly share: number;
}

/**
 * Where a percentile (0 to 100) of `count` ≥ 1 values lies: Hazen's definition, number 5 of Hyndman and Fan.
 *
 * The 1-based position is n·p + 1/2, at least 1 and at most n. On latency-like distributions it is the least biased of those
 * compared in ADR 13, and is above the true percentile about as often as below it. Source: Hyndman and Fan, The American Statistician
 * 50 (1996).
 */
export function quantilePlace(count: number, percentile: number): QuantilePlace {
  const position = (count * percentile) / 100 + 0.5;
  if (!(position > 1)) return { lower: 0, share: 0 };
  if (position >= count) return { lower: count - 1, share: 0 };
  const lower = Math.floor(position);
  return { lower: lower - 1, share: position - lower };
}

/** The value at a place, when `valueAt` gives the value at a 0-based rank. */
export function valueAtPlace({ lower, share }: QuantilePlace, valueAt: (rank: number) => number): number {
  const low = valueAt(lower);
  if (share === 0) return low;
  const high = valueAt(lower + 1);
  // Two equal values stay what they are, to the last bit.
  return low === high ? low : low + share * (high - low);
}

/** A percentile of values in ascending order; NaN when there are none. */
export function quantileOfSorted(ascending: ArrayLike<number>, percentile: number): number {
  if (ascending.length === 0) return NaN;
  return valueAtPlace(quantilePlace(ascending.length, percentile), (rank) => ascending[rank]!);
}

/** The ranks whose values a place needs. */
export function ranksOfPlace({ lower, share }: QuantilePlace): readonly number[] {
  return share === 0 ? [lower] : [lower, lower + 1];
}
