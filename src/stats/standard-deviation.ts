/**
 * Standard deviation of `count` integers as a sample (n − 1), from their exact sums: null for none, 0 for one.
 *
 * √((n·Σx² − (Σx)²) / (n·(n−1))) with exact integers up to the quotient, so no digit is lost however small the spread is
 * beside the values; the relative error is below 1e-15.
 */
export function standardDeviationOfIntegers(count: number, total: bigint, sumSq: bigint): number | null {
  if (count < 2) return count === 0 ? null : 0;
  const n = BigInt(count);
  const spread = n * sumSq - total * total;
  return spread <= 0n ? 0 : Math.sqrt(Number(spread) / Number(n * (n - 1n)));
}

/**
 * Standard deviation of `count` numbers as a sample, from sums that are rounded already: null for none, 0 for one.
 *
 * √((Σx² − (Σx)²/n) / (n−1)). Good when the spread is of the order of the values; about half the digits, or all of them,
 * are gone when it is much smaller. For snapshots that carry nothing better.
 */
export function standardDeviationOfSums(count: number, total: number, sumSq: number): number | null {
  if (count < 2) return count === 0 ? null : 0;
  return Math.sqrt(Math.max(0, sumSq - (total * total) / count) / (count - 1));
}
