/** The key of a percentile in snapshots and reports: its shortest decimal text, with at least one decimal (`99.0`). */
export function percentileKey(percentile: number): string {
  return Number.isInteger(percentile) ? percentile.toFixed(1) : String(percentile);
}

/** 0-based position of a percentile among `count` ascending values: ⌊(n−1)·(p/100)⌋ in doubles, no interpolation. */
export function percentileIndex(count: number, percentile: number): number {
  return Math.floor((count - 1) * (percentile / 100));
}
