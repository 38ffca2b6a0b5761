/** A value at a time. */
export type Point = readonly [x: number, y: number];

/**
 * How much y grows with x: the median of the slopes of all pairs of points (Theil–Sen), which a jump or two does not move, as a garbage
 * collection makes them. Quadratic in the points; NaN for fewer than two.
 */
export function medianSlope(points: readonly Point[]): number {
  const slopes = points.flatMap(([x, y], index) =>
    points.slice(index + 1).map(([laterX, laterY]) => (laterY - y) / (laterX - x)),
  );
  slopes.sort((a, b) => a - b);
  const middle = slopes.length / 2;
  return (slopes[Math.floor(middle - 0.5)]! + slopes[Math.floor(middle)]!) / 2;
}
