/** Values kept one by one; beyond, equal or nearly equal ones of a bin are counted. */
const MOST_EXACT_VALUES = 2_000_000;
const FIRST_LENGTH = 1024;
/** Leading bits of a value, sign and exponent among them, that tell it apart: two values are one when they differ by less than 1 in 2048. */
const DROPPED_BITS = 9;

/** Values that belong to bins of time; `counts[i]` says how often `values[i]` is there, 1 for each when it is left out. */
export interface ValuesByBin {
  readonly values: Float64Array;
  readonly bins: Uint16Array;
  readonly counts?: Uint32Array;
}

/**
 * Collects values by bin in bounded memory: exactly up to two million (10 bytes each), and beyond that as counts of values that
 * agree to 1 part in 2048, of which there are at most some ten thousand a bin.
 */
export class BinnedValues {
  readonly #binCount: number;
  readonly #mostExact: number;
  #values = new Float64Array(FIRST_LENGTH);
  #bins = new Uint16Array(FIRST_LENGTH);
  #exact = 0;
  /** By leading bits, then by bin; undefined while values are exact. */
  #counts: Map<number, Uint32Array> | undefined;
  readonly #double = new Float64Array(1);
  readonly #words = new Int32Array(this.#double.buffer);

  /** `binCount` is at most 65,536. */
  constructor(binCount: number, mostExact = MOST_EXACT_VALUES) {
    this.#binCount = binCount;
    this.#mostExact = mostExact;
  }

  add(value: number, bin: number): void {
    if (this.#counts === undefined && this.#exact === this.#mostExact) this.#beginCounting();
    if (this.#counts !== undefined) {
      this.#count(this.#counts, value, bin);
      return;
    }
    if (this.#exact === this.#values.length) this.#grow();
    this.#values[this.#exact] = value;
    this.#bins[this.#exact++] = bin;
  }

  /** All of them so far. */
  finish(): ValuesByBin {
    const counted = this.#counts;
    if (counted === undefined) {
      return { values: this.#values.slice(0, this.#exact), bins: this.#bins.slice(0, this.#exact) };
    }
    const used = [...counted].flatMap(([leading, counts]) =>
      Array.from(counts.entries()).flatMap(([bin, count]) =>
        count === 0 ? [] : [{ value: this.#valueOf(leading), bin, count }],
      ),
    );
    return {
      values: Float64Array.from(used, ({ value }) => value),
      bins: Uint16Array.from(used, ({ bin }) => bin),
      counts: Uint32Array.from(used, ({ count }) => count),
    };
  }

  #beginCounting(): void {
    this.#counts = new Map();
    for (let i = 0; i < this.#exact; i++) this.#count(this.#counts, this.#values[i]!, this.#bins[i]!);
    this.#values = new Float64Array(0);
    this.#bins = new Uint16Array(0);
    this.#exact = 0;
  }

  #count(counts: Map<number, Uint32Array>, value: number, bin: number): void {
    this.#double[0] = value;
    const leading = this.#words[HIGH_WORD]! >> DROPPED_BITS;
    let ofValue = counts.get(leading);
    if (ofValue === undefined) counts.set(leading, (ofValue = new Uint32Array(this.#binCount)));
    ofValue[bin]! += 1;
  }

  /** The middle of the values with these leading bits. */
  #valueOf(leading: number): number {
    this.#words[HIGH_WORD] = (leading << DROPPED_BITS) | (1 << (DROPPED_BITS - 1));
    this.#words[1 - HIGH_WORD] = 0;
    return this.#double[0]!;
  }

  #grow(): void {
    const [values, bins] = [new Float64Array(2 * this.#exact), new Uint16Array(2 * this.#exact)];
    values.set(this.#values);
    bins.set(this.#bins);
    this.#values = values;
    this.#bins = bins;
  }
}

const HIGH_WORD = new Uint8Array(new Uint16Array([1]).buffer)[0] === 1 ? 1 : 0;
