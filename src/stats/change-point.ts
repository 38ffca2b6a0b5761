import { ranksOf } from './trend.ts';

/** Where the level of a series most likely changes. */
export interface ChangePoint {
  /** Values before it. */
  readonly after: number;
  /** How far the two parts differ in rank: at most n²/4. */
  readonly u: number;
  /** How likely so large a `u` is in independent values of one level, approximately; at most 1. */
  readonly p: number;
}

/**
 * Pettitt's test for a change of level at an unknown place (Applied Statistics 28, 1979). `correction`: by how much dependence of neighbors raises the
 * variance, as of `hamedRao`; default 1, for independent values. Undefined for fewer than two values.
 */
export function changePoint(values: readonly number[], correction = 1): ChangePoint | undefined {
  const count = values.length;
  if (count < 2) return undefined;
  const ranks = ranksOf(values);
  let [sum, u, after] = [0, -1, 0];
  for (let before = 1; before < count; before++) {
    sum += ranks[before - 1]!;
    const size = Math.abs(2 * sum - before * (count + 1));
    if (size > u) [u, after] = [size, before];
  }
  const exponent = (-6 * u * u) / ((count ** 3 + count ** 2) * Math.max(1, correction));
  return { after, u, p: Math.min(1, 2 * Math.exp(exponent)) };
}
