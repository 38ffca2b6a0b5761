import { normalQuantile } from './normal-quantile.ts';
import { normalTail } from './normal-tail.ts';

/** Whether a series goes up or down as it goes on. */
export interface TrendTest {
  /** Pairs of which the later value is higher, less those of which it is lower. */
  readonly s: number;
  /** The variance of `s` in a series without a trend. */
  readonly variance: number;
  /** `s` in standard deviations, with continuity correction. */
  readonly z: number;
  /** How likely so large a `z` is in a series without a trend, to either side. */
  readonly p: number;
}

/** Autocorrelations within this band, of 95 %, are taken for chance. */
const CORRELATION_SHARE = 0.975;

/**
 * The trend test of Mann (Econometrica 13, 1945) and Kendall for independent values, ties allowed for. Costs n²/2 comparisons: 10 µs for 120
 * values.
 */
export function mannKendall(values: readonly number[]): TrendTest {
  const s = pairScore(values);
  return testOf(s, varianceOf(values));
}

/**
 * The same for values that depend on their neighbors: the variance is corrected by the autocorrelation of the ranks once the trend (Theil and Sen's slope) is taken out, as far as it is more than
 * chance. `lags`: how
 * far values depend on each other at most; default: all of them, as in the paper, where those far apart add noise. Source: Hamed and Rao, A modified Mann–Kendall trend test for autocorrelated data, Journal of Hydrology 204 (1998).
 */
export function hamedRao(
  values: readonly number[],
  lags = values.length - 1,
): TrendTest & {
  /** By how much dependence raises the variance of `s`; 1 for none. */
  readonly correction: number;
} {
  const correction = varianceCorrection(values, lags);
  return { ...testOf(pairScore(values), varianceOf(values) * correction), correction };
}

/** The median of the slopes of all pairs, in units a step (Sen, Journal of the American Statistical Association 63, 1968). */
export function senSlope(values: readonly number[]): number {
  const count = values.length;
  if (count < 2) return 0;
  const slopes = new Float64Array((count * (count - 1)) / 2);
  let at = 0;
  for (let i = 0; i < count; i++) {
    for (let j = i + 1; j < count; j++) slopes[at++] = (values[j]! - values[i]!) / (j - i);
  }
  return medianOf(slopes);
}

/** Correlations of a series with itself, `lags` later from 1 on, about its mean; NaN for a constant series. */
export function autocorrelations(values: ArrayLike<number>, lags: number): readonly number[] {
  const count = values.length;
  let mean = 0;
  for (let i = 0; i < count; i++) mean += values[i]! / count;
  const sumAt = (lag: number) => {
    let sum = 0;
    for (let i = 0; i + lag < count; i++) sum += (values[i]! - mean) * (values[i + lag]! - mean);
    return sum;
  };
  const variance = sumAt(0);
  return Array.from({ length: lags }, (_, i) => (variance === 0 ? NaN : sumAt(i + 1) / variance));
}

/** Ranks from 1; equal values share the mean of theirs. */
export function ranksOf(values: readonly number[]): Float64Array {
  const order = values.map((_, i) => i).sort((a, b) => values[a]! - values[b]!);
  const ranks = new Float64Array(values.length);
  for (let from = 0; from < order.length;) {
    let to = from + 1;
    while (to < order.length && values[order[to]!] === values[order[from]!]) to++;
    for (let i = from; i < to; i++) ranks[order[i]!] = (from + 1 + to) / 2;
    from = to;
  }
  return ranks;
}

/** The middle of the values, which are put into another order. By Hoare's selection: some ns a value, where sorting takes 100. */
export function medianOf(values: Float64Array): number {
  const half = values.length >> 1;
  const upper = select(values, half);
  if (values.length % 2 === 1) return upper;
  let lower = -Infinity;
  for (let i = 0; i < half; i++) if (values[i]! > lower) lower = values[i]!;
  return (lower + upper) / 2;
}

/** The value of a rank, from 0; those before it are no higher afterwards. */
function select(values: Float64Array, rank: number): number {
  let [low, high] = [0, values.length - 1];
  while (low < high) {
    const pivot = values[(low + high) >> 1]!;
    let [i, j] = [low, high];
    while (i <= j) {
      while (values[i]! < pivot) i++;
      while (values[j]! > pivot) j--;
      if (i > j) break;
      const value = values[i]!;
      values[i++] = values[j]!;
      values[j--] = value;
    }
    if (rank <= j) high = j;
    else if (rank >= i) low = i;
    else break;
  }
  return values[rank]!;
}

function testOf(s: number, variance: number): TrendTest {
  const z = s === 0 || !(variance > 0) ? 0 : (s - Math.sign(s)) / Math.sqrt(variance);
  return { s, variance, z, p: 2 * normalTail(Math.abs(z)) };
}

function pairScore(values: readonly number[]): number {
  let score = 0;
  for (let i = 0; i < values.length; i++) {
    for (let j = i + 1; j < values.length; j++) score += Math.sign(values[j]! - values[i]!);
  }
  return score;
}

function varianceOf(values: readonly number[]): number {
  const term = (n: number) => n * (n - 1) * (2 * n + 5);
  const counts = new Map<number, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  const ties = [...counts.values()].reduce((sum, count) => sum + term(count), 0);
  return (term(values.length) - ties) / 18;
}

function varianceCorrection(values: readonly number[], lags: number): number {
  const count = values.length;
  if (count < 3) return 1;
  const slope = senSlope(values);
  const ranks = ranksOf(values.map((value, i) => value - (i + 1) * slope));
  const chance = normalQuantile(CORRELATION_SHARE) / Math.sqrt(count);
  const sum = autocorrelations(ranks, Math.min(lags, count - 1)).reduce((total, correlation, i) => {
    const rest = count - (i + 1);
    return Math.abs(correlation) > chance ? total + rest * (rest - 1) * (rest - 2) * correlation : total;
  }, 0);
  return 1 + (2 / (count * (count - 1) * (count - 2))) * sum;
}
