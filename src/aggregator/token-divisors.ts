import type { HdrHistogram } from '../stats/hdr.ts';

/** Lengths of answers that stand for all. */
const DIVISORS = 10;
export const MOST_TOKENS = 10_000_000;

/** Tokens of a sample by their distribution, each for an equal share of the samples and no more than these have. */
export function tokenDivisors(tokens: HdrHistogram): readonly number[] {
  const percentiles = Array.from({ length: DIVISORS }, (_, i) => (100 * i) / DIVISORS);
  return tokens.percentiles(percentiles).map((count) => Math.max(1, Math.floor(count * 0.99)));
}
