/** From this mean on the normal distribution is close enough. */
const LARGE_MEAN = 200;
/** Standard normal quantile of 99.9 %, rounded up. */
const Z_999 = 3.1;

/** The least k that a Poisson variable of this mean exceeds with a probability of at most 1 − `confidence`; for large means at 99.9 %. */
export function poissonLimit(mean: number, confidence: number): number {
  if (mean <= 0) return 0;
  if (mean > LARGE_MEAN) return Math.ceil(mean + Z_999 * Math.sqrt(mean) + 1);
  let k = 0;
  let probability = Math.exp(-mean);
  let sum = probability;
  while (sum < confidence) {
    k += 1;
    probability *= mean / k;
    sum += probability;
  }
  return k;
}
