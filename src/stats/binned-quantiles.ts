import type { ValuesByBin } from './binned-values.ts';
import { quantilePlace, valueAtPlace } from './quantile.ts';

/** Values between two places whose counts are known for each bin. */
const STRIDE_COUNT = 512;

/**
 * Exact quantiles of values that belong to bins, each of them once or counted, when each bin counts a whole number of times: what a bootstrap over bins asks
 * for again and again.
 *
 * Built once by sorting; a quantile then costs ten sums over the bins and a walk over 1/512 of the values. Memory 12 bytes a
 * value and 2 KB a bin.
 */
export class BinnedQuantiles {
  readonly count: number;
  /** Ascending, with the bin of each. */
  readonly #values: Float64Array;
  readonly #bins: Uint16Array;
  /** How often each is there; undefined: once. */
  readonly #counts: Uint32Array | undefined;
  readonly #binCount: number;
  readonly #stride: number;
  /** How many of the first `k · stride` values lie in each bin. */
  readonly #countsBefore: readonly Uint32Array[];
  /** Values in each bin. */
  readonly #binSizes: Uint32Array;

  /** `bins[i]`, below `binCount` ≤ 65,536, is the bin of `values[i]`. */
  constructor({ values, bins, counts }: ValuesByBin, binCount: number) {
    const order = Uint32Array.from(values, (_, i) => i).sort((a, b) => values[a]! - values[b]!);
    this.#values = Float64Array.from(order, (i) => values[i]!);
    this.#bins = Uint16Array.from(order, (i) => bins[i]!);
    this.#counts = counts && Uint32Array.from(order, (i) => counts[i]!);
    this.#binCount = binCount;
    this.#stride = Math.max(1, Math.ceil(values.length / STRIDE_COUNT));
    const countsBefore: Uint32Array[] = [];
    const sizes = new Uint32Array(binCount);
    for (let i = 0; i < values.length; i++) {
      if (i % this.#stride === 0) countsBefore.push(sizes.slice());
      sizes[this.#bins[i]!]! += this.#countOf(i);
    }
    this.#countsBefore = countsBefore;
    this.#binSizes = sizes;
    this.count = sizes.reduce((sum, size) => sum + size, 0);
  }

  /** How many values there are when bin b counts `weights[b]` times. */
  weightedCount(weights: Uint32Array): number {
    return this.#dot(this.#binSizes, weights);
  }

  /** Share of the values of each bin above `value`, less the share of all: what a quantile there depends on. */
  excess(value: number): Float64Array {
    const above = new Float64Array(this.#binCount);
    let total = 0;
    for (let i = 0; i < this.#values.length; i++) {
      if (this.#values[i]! <= value) continue;
      above[this.#bins[i]!]! += this.#countOf(i);
      total += this.#countOf(i);
    }
    const share = total / this.count;
    return above.map((n, bin) => n - share * this.#binSizes[bin]!);
  }

  /**
   * A percentile (0 to 100) of the values that there are with `weights`, as reports define it (`quantilePlace`); NaN when there are
   * none.
   */
  percentile(percentile: number, weights: Uint32Array): number {
    const total = this.weightedCount(weights);
    if (total === 0) return NaN;
    const place = quantilePlace(total, percentile);
    const { lower, share } = place;
    const { index, passed } = this.#find(lower, weights);
    if (share === 0 || passed > lower + 1) return this.#values[index]!;
    let next = index + 1;
    while (weights[this.#bins[next]!] === 0) next++;
    return valueAtPlace(place, (rank) => this.#values[rank === lower ? index : next]!);
  }

  /** Where the value at a 0-based rank stands, and how many values there are up to it. */
  #find(rank: number, weights: Uint32Array): { readonly index: number; readonly passed: number } {
    let low = 0;
    let high = this.#countsBefore.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#dot(this.#countsBefore[middle]!, weights) <= rank) low = middle;
      else high = middle - 1;
    }
    let passed = this.#dot(this.#countsBefore[low]!, weights);
    let index = low * this.#stride;
    for (; index < this.#values.length; index++) {
      passed += weights[this.#bins[index]!]! * this.#countOf(index);
      if (passed > rank) break;
    }
    return { index, passed };
  }

  #countOf(index: number): number {
    return this.#counts === undefined ? 1 : this.#counts[index]!;
  }

  #dot(counts: Uint32Array, weights: Uint32Array): number {
    let sum = 0;
    for (let bin = 0; bin < this.#binCount; bin++) sum += counts[bin]! * weights[bin]!;
    return sum;
  }
}
