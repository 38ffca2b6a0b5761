import { regularizedIncompleteBeta } from './incomplete-beta.ts';

/**
 * The value below which a Student t variable of `degrees` > 0 degrees of freedom lies with `probability`, 0.5 to below 1.
 *
 * Found by bisection on the distribution function, to 12 digits. Source: Abramowitz and Stegun 26.7.1.
 */
export function studentTQuantile(probability: number, degrees: number): number {
  if (!(probability >= 0.5 && probability < 1)) throw new RangeError(`probability ${probability}`);
  if (!(degrees > 0)) throw new RangeError(`${degrees} degrees of freedom`);
  let low = 0;
  let high = 1;
  while (distribution(high, degrees) < probability) high *= 2;
  while (high - low > 1e-12 * high) {
    const middle = (low + high) / 2;
    if (distribution(middle, degrees) < probability) low = middle;
    else high = middle;
  }
  return high;
}

function distribution(t: number, degrees: number): number {
  return 1 - regularizedIncompleteBeta(degrees / 2, 0.5, degrees / (degrees + t * t)) / 2;
}
