import { normalQuantile } from './normal-quantile.ts';
import { INTERVAL_CONFIDENCE } from './quantile-interval.ts';

/**
 * Where a share lies when `hits` of `count` ≥ 1 independent draws had it: Wilson's score interval, without correction for continuity. Unlike the
 * textbook interval it stays within 0 and 1, and it says something when there was no hit. Source: Wilson, Journal of the American
 * Statistical Association 22 (1927); Brown, Cai and DasGupta, Statistical Science 16 (2001).
 */
export function wilsonInterval(
  hits: number,
  count: number,
  confidence: number = INTERVAL_CONFIDENCE,
): { readonly low: number; readonly high: number } {
  const z = normalQuantile(1 - (1 - confidence) / 2);
  const share = hits / count;
  const square = (z * z) / count;
  const middle = (share + square / 2) / (1 + square);
  const reach = (z * Math.sqrt((share * (1 - share)) / count + square / (4 * count))) / (1 + square);
  return {
    low: hits === 0 ? 0 : Math.max(0, middle - reach),
    high: hits === count ? 1 : Math.min(1, middle + reach),
  };
}
