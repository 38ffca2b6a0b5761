import { normalCdf } from '../stats/normal-cdf.ts';

/** Whether values in the order of their runs go up or down. */
export interface Trend {
  readonly direction: 'up' | 'down';
  /** How likely chance alone gives such a trend or a clearer one. */
  readonly chance: number;
  /** From the first run to the last along the median slope, as a share of the mean. */
  readonly change: number;
}

/** With fewer runs no order is rare enough to tell a trend. */
export const FEWEST_FOR_TREND = 5;
const SIGNIFICANT = 0.05;

/**
 * A significant trend of values in order, by Mann and Kendall's test, with Theil and Sen's slope; undefined without one. Exact up to 9
 * values, beyond by the normal approximation. Sources: Mann, Econometrica 13 (1945); Sen, JASA 63 (1968).
 */
export function trendOf(values: readonly number[]): Trend | undefined {
  const count = values.length;
  if (count < FEWEST_FOR_TREND) return undefined;
  const slopes: number[] = [];
  let score = 0;
  for (let i = 0; i < count; i++) {
    for (let j = i + 1; j < count; j++) {
      score += Math.sign(values[j]! - values[i]!);
      slopes.push((values[j]! - values[i]!) / (j - i));
    }
  }
  const chance = count <= MOST_EXACT ? exactChance(count, Math.abs(score)) : normalChance(count, score);
  if (chance > SIGNIFICANT) return undefined;
  const total = values.reduce((sum, value) => sum + value, 0);
  const change = total === 0 ? 0 : (medianOf(slopes) * (count - 1) * count) / total;
  return { direction: score > 0 ? 'up' : 'down', chance, change };
}

const MOST_EXACT = 9;

/** Two-sided: how often the orders of this many different values have at least that score, by counting their inversions. */
function exactChance(count: number, score: number): number {
  const pairs = (count * (count - 1)) / 2;
  // ways[k]: orders of the values so far with k inversions (Knuth, TAOCP vol. 3 §5.1.1).
  let ways = [1];
  for (let size = 2; size <= count; size++) {
    const next = new Array<number>((size * (size - 1)) / 2 + 1).fill(0);
    for (let k = 0; k < next.length; k++) {
      for (let added = 0; added < size && added <= k; added++) next[k] = next[k]! + (ways[k - added] ?? 0);
    }
    ways = next;
  }
  const total = ways.reduce((sum, one) => sum + one, 0);
  const atLeast = ways
    .filter((_, inversions) => pairs - 2 * inversions >= score)
    .reduce((sum, one) => sum + one, 0);
  return Math.min(1, (2 * atLeast) / total);
}

function normalChance(count: number, score: number): number {
  const deviation = Math.sqrt((count * (count - 1) * (2 * count + 5)) / 18);
  return 2 * (1 - normalCdf(Math.max(0, Math.abs(score) - 1) / deviation));
}

function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
