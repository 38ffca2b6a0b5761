import { type ValueChunks, valuesAtRanks } from './exact-quantiles.ts';

/** Up to this many values of a bucket are collected: 4 MB. */
const LISTED_AT_MOST = 2 ** 19;
/** Whole numbers a bucket may span to have them tallied. */
const TALLIED_AT_MOST = 2 ** 16;

/** A bucket of a histogram in which wanted ranks lie. */
export interface RankedBucketOptions {
  readonly bucket: number;
  /** How many values lie below the bucket, and in it. */
  readonly below: number;
  readonly count: number;
  /** The whole numbers of the bucket when it holds no other values. */
  readonly integers: { readonly lowest: number; readonly width: number } | undefined;
}

/**
 * Finds the values at ranks in one bucket of a histogram, when it was given all values of the bucket once, if it wants them.
 *
 * Few values are listed and sorted; many whole numbers are tallied; many others are asked for again, in up to four passes.
 */
export class RankedBucket {
  readonly bucket: number;
  /** Wanted ranks among all values, ascending. */
  readonly ranks: number[] = [];
  readonly #options: RankedBucketOptions;
  readonly #kind: 'list' | 'tally' | 'crowd';
  readonly #lowest: number;
  readonly #numbers: Float64Array;
  #length = 0;
  #min = Infinity;
  #max = -Infinity;

  constructor(options: RankedBucketOptions) {
    const { bucket, count, integers } = options;
    this.bucket = bucket;
    this.#options = options;
    const width = integers?.width ?? Infinity;
    this.#kind =
      count > width && width <= TALLIED_AT_MOST ? 'tally' : count <= LISTED_AT_MOST ? 'list' : 'crowd';
    this.#lowest = integers?.lowest ?? 0;
    this.#numbers = new Float64Array(this.#kind === 'tally' ? width : this.#kind === 'list' ? count : 0);
  }

  /** Whether it has to be given its values: not when all are the same whole number. */
  get wantsValues(): boolean {
    return this.#options.integers?.width !== 1;
  }

  /** @hot */
  take(value: number): void {
    if (value < this.#min) this.#min = value;
    if (value > this.#max) this.#max = value;
    if (this.#kind === 'list') this.#numbers[this.#length++] = value;
    else if (this.#kind === 'tally') this.#numbers[value - this.#lowest]! += 1;
  }

  /** The wanted ranks and their values, once all values were taken; may go through them again. */
  valuesAtRanks(chunks: ValueChunks): Iterable<readonly [rank: number, value: number]> {
    const { below, count } = this.#options;
    const [min, max] = this.wantsValues ? [this.#min, this.#max] : [this.#lowest, this.#lowest];
    if (min === max) return this.ranks.map((rank) => [rank, min]);
    if (this.#kind === 'list') {
      const sorted = this.#numbers.sort();
      return this.ranks.map((rank) => [rank, sorted[rank - below]!]);
    }
    if (this.#kind === 'tally') return this.#untally();
    const ranks = this.ranks.map((rank) => rank - below);
    const found = valuesAtRanks(() => within(chunks(), min, max), count, ranks);
    return this.ranks.map((rank) => [rank, found.get(rank - below)!]);
  }

  #untally(): (readonly [number, number])[] {
    let reached = this.#options.below;
    let next = -1;
    return this.ranks.map((rank) => {
      while (reached <= rank) reached += this.#numbers[++next]!;
      return [rank, this.#lowest + next];
    });
  }
}

/** Those values that lie between two, ends included. */
function* within(chunks: Iterable<Float64Array>, min: number, max: number): Generator<Float64Array> {
  for (const chunk of chunks) yield chunk.filter((value) => value >= min && value <= max);
}
