import { endianness } from 'node:os';
import { forEachPacked, packCounts } from './packed-counts.ts';
import { quantilePlace, ranksOfPlace, valueAtPlace } from './quantile.ts';

const FRACTION_BITS_OF_HIGH_WORD = 20;
const EXPONENT_BIAS = 1023;
/** Values that {@link HdrHistogram.recordAllClamped} takes at a time: they stay in the nearest cache. */
const UNITS = 512;

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
  readonly #unitsPerOne: number;
  readonly #halfCount: number;
  readonly #halfBits: number;
  /** Width of the buckets of each octave. */
  readonly #widths: Float64Array;
  readonly #counts: Float64Array;
  readonly #double = new Float64Array(1);
  readonly #words = new Int32Array(this.#double.buffer);
  /** Room for {@link recordAllClamped}. */
  #units: Float64Array | undefined;
  readonly #highWord = endianness() === 'LE' ? 1 : 0;
  readonly #droppedBits: number;
  readonly #firstLeadingBits: number;
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
    const unit = 2 ** Math.floor(Math.log2(low));
    this.#unitsPerOne = 1 / unit;
    this.#halfBits = Math.ceil(Math.log2(2 * 10 ** significantFigures)) - 1;
    this.#halfCount = 2 ** this.#halfBits;
    this.#droppedBits = FRACTION_BITS_OF_HIGH_WORD - this.#halfBits;
    this.#firstLeadingBits = (EXPONENT_BIAS + this.#halfBits - 1) << this.#halfBits;
    const octaves = (this.#indexOf(high) >> this.#halfBits) + 1;
    this.#widths = Float64Array.from({ length: octaves }, (_, i) => unit * 2 ** Math.max(0, i - 1));
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

  /**
   * Counts values, those beyond `low` and `high` as these. Cheaper than {@link record} for each: a value is written long
   * before it is read again as bits.
   * @hot
   */
  recordAllClamped(values: Float64Array): void {
    for (let first = 0; first < values.length; first += UNITS) {
      this.#recordUnits(values, first, Math.min(values.length, first + UNITS));
    }
    this.#count += values.length;
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

  /** Forgets all values; costs as much as the buckets used. */
  clear(): void {
    if (this.#count > 0) this.#counts.fill(0, this.#firstUsed, this.#lastUsed + 1);
    this.#count = 0;
    this.#firstUsed = Infinity;
    this.#lastUsed = -1;
  }

  /** The counts in a few bytes a used bucket, for {@link addPacked}. */
  pack(): Uint8Array {
    return packCounts(this.#counts, this.#lastUsed);
  }

  /** Adds the counts that a histogram of the same layout has packed. */
  addPacked(packed: Uint8Array): void {
    forEachPacked(packed, (index, count) => {
      this.#counts[index]! += count;
      this.#count += count;
      if (index < this.#firstUsed) this.#firstUsed = index;
      if (index > this.#lastUsed) this.#lastUsed = index;
    });
  }

  /**
   * As the reference has them: for each percentile the highest value of the bucket that holds it, where the counts from below first reach
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

  /**
   * Percentiles by the definition of `quantilePlace`: those of the recorded values, each taken as the middle of its bucket. The lowest
   * and highest one are taken as `min` and `max` where these are told, and nothing lies beyond them. NaN when nothing is recorded. One
   * walk over the used buckets for all of them.
   */
  quantiles(percentiles: readonly number[], min = -Infinity, max = Infinity): number[] {
    const count = this.#count;
    if (count === 0) return percentiles.map(() => NaN);
    const places = percentiles.map((percentile) => quantilePlace(count, percentile));
    const ranks = [...new Set(places.flatMap(ranksOfPlace))].sort((a, b) => a - b);
    const valueAtRank = this.#middlesAtRanks(ranks);
    if (Number.isFinite(max)) valueAtRank.set(count - 1, max);
    if (Number.isFinite(min)) valueAtRank.set(0, min);
    const valueAt = (rank: number) => Math.min(max, Math.max(min, valueAtRank.get(rank)!));
    return places.map((place) => valueAtPlace(place, valueAt));
  }

  /** The lowest and highest value of the bucket that holds the value of a rank, from 0 to below the count. One walk over the used buckets. */
  bucketAtRank(rank: number): { readonly lowest: number; readonly highest: number } {
    let index = this.#firstUsed;
    let below = this.#counts[index]!;
    while (below <= rank) below += this.#counts[++index]!;
    return { lowest: this.lowestOf(index), highest: this.#highestOf(index) };
  }

  /** How many values are in buckets whose highest value v is `from` ≤ v < `to`; ±Infinity for no bound. */
  countBetween(from: number, to: number): number {
    const end = Math.min(this.#lastUsed + 1, this.#firstIndexFrom(to));
    let sum = 0;
    for (let index = Math.max(this.#firstUsed, this.#firstIndexFrom(from)); index < end; index++) {
      sum += this.#counts[index]!;
    }
    return sum;
  }

  /** Calls `visit` for each used bucket, ascending, with its highest value, count and number. */
  forEachBucket(visit: (highestValue: number, count: number, bucket: number) => void): void {
    for (let index = this.#firstUsed; index <= this.#lastUsed; index++) {
      const count = this.#counts[index]!;
      if (count !== 0) visit(this.#highestOf(index), count, index);
    }
  }

  /** The first and the last bucket with values, when there are any. */
  get usedBuckets(): readonly [first: number, last: number] {
    return [this.#firstUsed, this.#lastUsed];
  }

  /** Buckets are numbered from 0 in ascending order of their values. */
  get bucketCount(): number {
    return this.#counts.length;
  }

  /**
   * The number of the bucket that counts a value, where those beyond `low` and `high` are counted as these.
   * @hot
   */
  bucketOf(value: number): number {
    return this.#indexOf(value < this.low ? this.low : value > this.high ? this.high : value);
  }

  /** The lowest whole number of a bucket; only clamped values in it are lower. */
  lowestOf(bucket: number): number {
    const octave = bucket >> this.#halfBits;
    const positionInOctave = bucket & (this.#halfCount - 1);
    return (octave === 0 ? positionInOctave : this.#halfCount + positionInOctave) * this.#widths[octave]!;
  }

  /** How many whole numbers a bucket tells as one. */
  widthOf(bucket: number): number {
    return this.#widths[bucket >> this.#halfBits]!;
  }

  /** The lowest bucket whose highest value is at least `bound`: the one that holds the next whole number. */
  #firstIndexFrom(bound: number): number {
    if (bound <= 0) return 0;
    // The last bucket may reach beyond `high`.
    const last = this.#counts.length - 1;
    return bound > this.#highestOf(last) ? last + 1 : this.#indexOf(Math.ceil(bound));
  }

  /** Everything the loops use is in locals, or they would read the fields again for each value. @hot */
  #recordUnits(values: Float64Array, first: number, end: number): void {
    this.#units ??= new Float64Array(UNITS);
    const units = this.#units;
    const words = new Int32Array(units.buffer);
    const { low, high } = this;
    const [counts, halfCount, unitsPerOne] = [this.#counts, this.#halfCount, this.#unitsPerOne];
    const [highWord, droppedBits, firstLeadingBits] = [
      this.#highWord,
      this.#droppedBits,
      this.#firstLeadingBits,
    ];
    for (let at = first; at < end; at++) {
      const value = values[at]!;
      units[at - first] = (value < low ? low : value > high ? high : value) * unitsPerOne;
    }
    let firstUsed = counts.length;
    let lastUsed = -1;
    for (let at = 0; at < end - first; at++) {
      let index = (words[2 * at + highWord]! >> droppedBits) - firstLeadingBits;
      if (index < halfCount) index = Math.trunc(units[at]!);
      counts[index]! += 1;
      if (index < firstUsed) firstUsed = index;
      if (index > lastUsed) lastUsed = index;
    }
    this.#firstUsed = Math.min(this.#firstUsed, firstUsed);
    this.#lastUsed = Math.max(this.#lastUsed, lastUsed);
  }

  #middlesAtRanks(ascendingRanks: readonly number[]): Map<number, number> {
    const values = new Map<number, number>();
    let next = 0;
    let below = 0;
    for (let index = this.#firstUsed; next < ascendingRanks.length; index++) {
      below += this.#counts[index]!;
      while (next < ascendingRanks.length && ascendingRanks[next]! < below) {
        values.set(ascendingRanks[next++]!, this.lowestOf(index) + (this.widthOf(index) - 1) / 2);
      }
    }
    return values;
  }

  #rankOf(percentile: number): number {
    return Math.min(this.#count, Math.max(1, Math.floor((percentile * this.#count) / 100 + 0.5)));
  }

  /**
   * Octaves of `half` buckets follow one another. Below 2·half the value in units is its index; above, exponent and leading
   * bits of the double count up exactly as the buckets do, so the index is their difference to those of the first.
   * @hot
   */
  #indexOf(value: number): number {
    const units = value * this.#unitsPerOne;
    if (units < this.#halfCount) return Math.trunc(units);
    this.#double[0] = units;
    return (this.#words[this.#highWord]! >> this.#droppedBits) - this.#firstLeadingBits;
  }

  #highestOf(index: number): number {
    return this.lowestOf(index) + this.widthOf(index) - 1;
  }
}
