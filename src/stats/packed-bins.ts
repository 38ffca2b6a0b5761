import { HdrHistogram } from './hdr.ts';
import type { BinColumn } from './time-bins.ts';

/** Tells values apart to 1 part in 128. */
const SIGNIFICANT_FIGURES = 2;

/** A histogram and the bin whose values it holds; −1 for none. */
interface OpenBin {
  bin: number;
  readonly histogram: HdrHistogram;
}

/**
 * A histogram for each bin. The two bins written last are open, for values of neighboring bins come mixed. The others are packed, 2 to 3
 * bytes a used bucket; a late value opens one again for some 10 µs. Bins are merged by adding their counts.
 */
export class PackedBins implements BinColumn {
  readonly #low: number;
  readonly #high: number;
  #packed: (Uint8Array | undefined)[] = [];
  #current: OpenBin;
  #previous: OpenBin;

  /** Whole values from `low` to `high`. */
  constructor(low: number, high: number) {
    this.#low = low;
    this.#high = high;
    this.#current = { bin: -1, histogram: this.createHistogram() };
    this.#previous = { bin: -1, histogram: this.createHistogram() };
  }

  /** An empty one of the layout of the bins. */
  createHistogram(): HdrHistogram {
    return new HdrHistogram(this.#low, this.#high, SIGNIFICANT_FIGURES);
  }

  /** The histogram of a bin, to record values in before the next call. @hot */
  open(bin: number): HdrHistogram {
    if (bin === this.#current.bin) return this.#current.histogram;
    const current = this.#previous;
    this.#previous = this.#current;
    this.#current = current;
    if (current.bin === bin) return current.histogram;
    this.#close(current);
    current.bin = bin;
    const packed = this.#packed[bin];
    if (packed !== undefined) current.histogram.addPacked(packed);
    return current.histogram;
  }

  /** Adds the counts of a bin to a histogram of the same layout. */
  addTo(histogram: HdrHistogram, bin: number): void {
    const open = [this.#current, this.#previous].find((one) => one.bin === bin);
    const packed = this.#packed[bin];
    if (open !== undefined) histogram.merge(open.histogram);
    else if (packed !== undefined) histogram.addPacked(packed);
  }

  extend(): void {
    // A new bin is empty.
  }

  coarsen(length: number): void {
    this.#close(this.#current);
    this.#close(this.#previous);
    const before = this.#packed;
    this.#packed = [];
    for (let bin = 0; 2 * bin < length; bin++) {
      const [first, second] = [before[2 * bin], before[2 * bin + 1]];
      this.#packed[bin] =
        first !== undefined && second !== undefined ? this.#merge(first, second) : (first ?? second);
    }
  }

  /** Packs an open bin and leaves it empty. */
  #close(open: OpenBin): void {
    const { bin, histogram } = open;
    open.bin = -1;
    if (histogram.count === 0) return;
    this.#packed[bin] = histogram.pack();
    histogram.clear();
  }

  #merge(first: Uint8Array, second: Uint8Array): Uint8Array {
    const { histogram } = this.#current;
    histogram.addPacked(first);
    histogram.addPacked(second);
    const merged = histogram.pack();
    histogram.clear();
    return merged;
  }
}
