/**
 * Counts of whole numbers in log-linear buckets, as HdrHistogram lays them out.
 *
 * With 3 significant figures values below 2048 have a bucket each; above, the 11 leading bits tell values apart, so a
 * value is known to 1 part in 1024. `low` above 1 makes the finest bucket 2^⌊log₂ low⌋ wide.
 *
 * Recording costs a few ns and allocates nothing; memory is 8 bytes a bucket: 270 KB for 3 figures up to an hour of ns,
 * 27 MB for 5. Source: Gil Tene, HdrHistogram.
 */
export class HdrHistogram {
  readonly low: number;
  readonly high: number;
  readonly significantFigures: number;
  readonly #unit: number;
  readonly #halfCount: number;
  readonly #halfBits: number;
  readonly #counts: Float64Array;
  #count = 0;
  #firstUsed = Infinity;
  #lastUsed = -1;

  /** Values from `low` (1 or more) to `high` (at least 2·low), told apart to `significantFigures` (1 to 5) digits. */
  constructor(low: number, high: number, significantFigures: number) {
    const inDomain = low >= 1 && high >= 2 * low && high <= Number.MAX_SAFE_INTEGER;
    const whole = [low, high, significantFigures].every(Number.isInteger);
    if (!inDomain || !whole || significantFigures < 1 || significantFigures > 5) {
      throw new RangeError(`HDR histogram of [${low}, ${high}] with ${significantFigures} figures`);
    }
    this.low = low;
    this.high = high;
    this.significantFigures = significantFigures;
    this.#unit = 2 ** Math.floor(Math.log2(low));
    this.#halfBits = Math.ceil(Math.log2(2 * 10 ** significantFigures)) - 1;
    this.#halfCount = 2 ** this.#halfBits;
    this.#counts = new Float64Array(this.#indexOf(high) + 1);
  }

  get count(): number {
    return this.#count;
  }

  /**
   * Counts one value from `low` to `high`; a fraction is cut off. Values beyond are the caller's to clamp.
   * @hot
   */
  record(value: number): void {
    const index = this.#indexOf(value);
    this.#counts[index]! += 1;
    this.#count += 1;
    if (index < this.#firstUsed) this.#firstUsed = index;
    if (index > this.#lastUsed) this.#lastUsed = index;
  }

  /** Adds the counts of `other`, which must have the same layout, else RangeError. */
  merge(other: HdrHistogram): void {
    const same =
      this.low === other.low &&
      this.high === other.high &&
      this.significantFigures === other.significantFigures;
    if (!same) throw new RangeError('HDR histograms of different layouts');
    for (let index = other.#firstUsed; index <= other.#lastUsed; index++) {
      this.#counts[index]! += other.#counts[index]!;
    }
    this.#count += other.#count;
    this.#firstUsed = Math.min(this.#firstUsed, other.#firstUsed);
    this.#lastUsed = Math.max(this.#lastUsed, other.#lastUsed);
  }

  /**
   * For each percentile the highest value of the bucket that holds it: where the counts from below first reach
   * max(1, ⌊p·count/100 + 0.5⌋). 0 when nothing is recorded. One walk over the used buckets for all of them.
   */
  percentiles(percentiles: readonly number[]): number[] {
    const values = percentiles.map(() => 0);
    if (this.#count === 0) return values;
    const wanted = percentiles
      .map((percentile, position) => ({ position, rank: this.#rankOf(percentile) }))
      .sort((a, b) => a.rank - b.rank);
    let next = 0;
    let below = 0;
    for (let index = this.#firstUsed; index <= this.#lastUsed && next < wanted.length; index++) {
      below += this.#counts[index]!;
      while (next < wanted.length && wanted[next]!.rank <= below) {
        values[wanted[next]!.position] = this.#highestOf(index);
        next += 1;
      }
    }
    return values;
  }

  /** Calls `visit` for each used bucket, ascending, with its highest value and count. */
  forEachBucket(visit: (highestValue: number, count: number) => void): void {
    for (let index = this.#firstUsed; index <= this.#lastUsed; index++) {
      const count = this.#counts[index]!;
      if (count !== 0) visit(this.#highestOf(index), count);
    }
  }

  #rankOf(percentile: number): number {
    return Math.min(this.#count, Math.max(1, Math.floor((percentile * this.#count) / 100 + 0.5)));
  }

  /**
   * The buckets of one octave follow those of the one before: octave s (values whose leading bits need a shift of s)
   * begins at s·half, and a value's leading bits count from there.
   * @hot
   */
  #indexOf(value: number): number {
    const units = Math.floor(value / this.#unit);
    const shift = shiftOf(units, this.#halfBits);
    return shift * this.#halfCount + Math.floor(units / 2 ** shift);
  }

  #highestOf(index: number): number {
    const shift = Math.max(0, Math.floor(index / this.#halfCount) - 1);
    return (index - shift * this.#halfCount + 1) * 2 ** shift * this.#unit - 1;
  }
}

/**
 * How many low bits of `units` go beyond the `halfBits` + 1 leading ones.
 * @hot
 */
function shiftOf(units: number, halfBits: number): number {
  const bits = units < 2 ** 32 ? 32 - Math.clz32(units) : 64 - Math.clz32(units / 2 ** 32);
  return bits > halfBits ? bits - halfBits - 1 : 0;
}
