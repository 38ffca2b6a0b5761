/** Standard deviation of values as a sample (n − 1), as a share of their mean; 0 for fewer than two, and where the mean is 0. */
export function coefficientOfVariation(values: readonly number[]): number {
  const count = values.length;
  const mean = values.reduce((sum, value) => sum + value, 0) / count;
  if (count < 2 || mean === 0) return 0;
  const squares = values.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return Math.sqrt(squares / (count - 1)) / Math.abs(mean);
}
