import { quantileOfSorted } from '../../src/stats/quantile.ts';

/** A percentile (0 to 100) of values in ascending order, at least one. */
export type QuantileDefinition = (ascending: Float64Array, percentile: number) => number;

/** What is compared, by what numpy calls it. `lower` is the reference's own; `hazen` is ours. */
export const QUANTILE_DEFINITIONS = {
  lower: (ascending, percentile) => ascending[Math.floor((ascending.length - 1) * (percentile / 100))]!,
  inverted_cdf: (ascending, percentile) =>
    ascending[Math.max(0, Math.ceil((ascending.length * percentile) / 100 - 1e-9) - 1)]!,
  hazen: quantileOfSorted,
  weibull: atPosition((n, p) => (n + 1) * p),
  linear: atPosition((n, p) => (n - 1) * p + 1),
  median_unbiased: atPosition((n, p) => (n + 1 / 3) * p + 1 / 3),
  normal_unbiased: atPosition((n, p) => (n + 0.25) * p + 0.375),
} as const satisfies Readonly<Record<string, QuantileDefinition>>;

export type QuantileDefinitionName = keyof typeof QUANTILE_DEFINITIONS;

/** The broken line through (rank, value), read at a 1-based position. */
function atPosition(positionOf: (count: number, p: number) => number): QuantileDefinition {
  return (ascending, percentile) => {
    const count = ascending.length;
    const position = Math.min(count, Math.max(1, positionOf(count, percentile / 100)));
    const [low, high] = [ascending[Math.floor(position) - 1]!, ascending[Math.ceil(position) - 1]!];
    return low + (position - Math.floor(position)) * (high - low);
  };
}
