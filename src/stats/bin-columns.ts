import type { BinColumn } from './time-bins.ts';

/** A sum in each bin. */
export class SumColumn implements BinColumn {
  readonly #sums: Float64Array;

  constructor(maxBins: number) {
    this.#sums = new Float64Array(maxBins);
  }

  /** @hot */
  add(bin: number, amount: number): void {
    this.#sums[bin]! += amount;
  }

  at(bin: number): number {
    return this.#sums[bin]!;
  }

  values(length: number): number[] {
    return [...this.#sums.subarray(0, length)];
  }

  extend(): void {
    // A new bin is 0 already.
  }

  coarsen(length: number): void {
    foldPairs(this.#sums, length, 0, (a, b) => a + b);
  }
}

/** The highest value in each bin; null where there is none. */
export class MaxColumn implements BinColumn {
  readonly #maxima: Float64Array;

  constructor(maxBins: number) {
    this.#maxima = new Float64Array(maxBins).fill(NaN);
  }

  /** @hot */
  raise(bin: number, value: number): void {
    if (!(value <= this.#maxima[bin]!)) this.#maxima[bin] = value;
  }

  values(length: number): (number | null)[] {
    return Array.from(this.#maxima.subarray(0, length), (value) => (Number.isNaN(value) ? null : value));
  }

  extend(): void {
    // A new bin has no value yet.
  }

  coarsen(length: number): void {
    foldPairs(this.#maxima, length, NaN, greater);
  }
}

/** The highest level in each bin of something that rises and falls by 1; a level that lasts is in each bin it lasts through. */
export class LevelColumn implements BinColumn {
  readonly #maxima: Float64Array;
  #level = 0;

  constructor(maxBins: number) {
    this.#maxima = new Float64Array(maxBins);
  }

  /** @hot */
  rise(bin: number): void {
    this.#level += 1;
    if (this.#level > this.#maxima[bin]!) this.#maxima[bin] = this.#level;
  }

  /** Never below 0. @hot */
  fall(): void {
    if (this.#level > 0) this.#level -= 1;
  }

  values(length: number): number[] {
    return [...this.#maxima.subarray(0, length)];
  }

  extend(from: number, to: number): void {
    this.#maxima.fill(this.#level, from, to);
  }

  coarsen(length: number): void {
    foldPairs(this.#maxima, length, 0, greater);
  }
}

/** NaN stands for no value. */
function greater(a: number, b: number): number {
  return Number.isNaN(a) || b > a ? b : a;
}

/** Puts what each pair makes at the front and `none` behind; a last value without a neighbour meets `none`. */
function foldPairs(
  values: Float64Array,
  length: number,
  none: number,
  combine: (a: number, b: number) => number,
): void {
  const half = Math.ceil(length / 2);
  for (let bin = 0; bin < half; bin++) {
    const second = 2 * bin + 1 < length ? values[2 * bin + 1]! : none;
    values[bin] = combine(values[2 * bin]!, second);
  }
  values.fill(none, half, length);
}
