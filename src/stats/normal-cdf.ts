/** Of a Chebyshev fit to the complementary error function (Press et al., Numerical Recipes, 2nd ed., §6.2), highest power first. */
const FIT = [
  ...[0.17087277, -0.82215223, 1.48851587, -1.13520398, 0.27886807],
  ...[-0.18628806, 0.09678418, 0.37409196, 1.00002368, -1.26551223],
];

/** The share of a standard normal distribution below `score`, to 1.2e-7 of itself or of its complement. */
export function normalCdf(score: number): number {
  const x = Math.abs(score) / Math.SQRT2;
  const t = 1 / (1 + x / 2);
  let exponent = 0;
  for (const coefficient of FIT) exponent = exponent * t + coefficient;
  const tail = (t * Math.exp(exponent - x * x)) / 2;
  return score < 0 ? tail : 1 - tail;
}
