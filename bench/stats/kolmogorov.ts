/** Passed by chance once in 1000 cases. */
export const KOLMOGOROV_LIMIT = 1.95;

/**
 * Kolmogorov and Smirnov's distance of values from an even spread over 0 to 1, times √n. For a Poisson process, give the share of all
 * expected arrivals that each arrival has behind it.
 */
export function kolmogorovDistance(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const n = sorted.length;
  const distances = sorted.map((value, i) => Math.max((i + 1) / n - value, value - i / n));
  return Math.sqrt(n) * distances.reduce((most, one) => Math.max(most, one), 0);
}
