import { normalDensity, normalTail } from './normal-tail.ts';

const STEPS = 60;

/**
 * The score below which a share of 0.5 to 0.999999 of a standard normal distribution lies, to 10 digits; some µs. By Newton's method, which
 * can't overshoot from the middle.
 */
export function normalQuantile(share: number): number {
  if (!(share >= 0.5 && share <= 0.999999)) throw new RangeError(`share ${share}`);
  let score = 0;
  for (let i = 0; i < STEPS; i++) {
    const step = (share - 1 + normalTail(score)) / normalDensity(score);
    score += step;
    if (Math.abs(step) < 1e-14) break;
  }
  return score;
}
