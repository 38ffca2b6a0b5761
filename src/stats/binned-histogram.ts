import type { SeriesHistory } from '../core/run-history.ts';
import { MaxColumn } from './bin-columns.ts';
import { HdrHistogram } from './hdr.ts';
import type { BinColumn } from './time-bins.ts';

/** Tells values apart to 1 part in 128. */
const SIGNIFICANT_FIGURES = 2;
const PERCENTILES = [50, 90, 99];

/** A bin that is not being written: its histogram, and what is told of it. */
interface ClosedBin {
  readonly packed: Uint8Array;
  readonly count: number;
  readonly percentiles: readonly number[];
}

/** A histogram and the bin whose values it holds; −1 for none. */
interface OpenBin {
  bin: number;
  readonly histogram: HdrHistogram;
}

/**
 * A distribution for each bin: exact count and maximum, and percentiles within 1 %, by the same definition as those of the
 * whole run, never above the maximum.
 *
 * The two bins written last are open, for values of neighbouring bins come mixed. The others are packed, 2 to 3 bytes a used
 * bucket; a late value opens one again for some 10 µs. Bins are
 * merged by their histograms, so the percentiles of a merged bin are those of its values.
 */
export class BinnedHistogram implements BinColumn {
  readonly #maxima: MaxColumn;
  #closed: (ClosedBin | undefined)[] = [];
  #current: OpenBin;
  #previous: OpenBin;

  /** Whole values from `low` to `high`; those beyond are clamped for the percentiles. */
  constructor(maxBins: number, low: number, high: number) {
    this.#maxima = new MaxColumn(maxBins);
    this.#current = { bin: -1, histogram: new HdrHistogram(low, high, SIGNIFICANT_FIGURES) };
    this.#previous = { bin: -1, histogram: new HdrHistogram(low, high, SIGNIFICANT_FIGURES) };
  }

  /** Adds values to a bin; some ns each. @hot */
  recordAll(bin: number, values: Float64Array): void {
    if (values.length === 0) return;
    this.#open(bin);
    let max = -Infinity;
    for (let at = 0; at < values.length; at++) {
      if (values[at]! > max) max = values[at]!;
    }
    this.#maxima.raise(bin, max);
    this.#current.histogram.recordAllClamped(values);
  }

  /** Every bin's figures, in whole numbers; undefined when nothing was recorded. */
  series(length: number): SeriesHistory | undefined {
    const closed = this.#closed.slice(0, length);
    for (const { bin, histogram } of [this.#current, this.#previous]) {
      if (histogram.count > 0) closed[bin] = { packed: NOTHING, ...figuresOf(histogram) };
    }
    const max = this.#maxima.values(length).map((value) => (value === null ? null : Math.round(value)));
    const percentile = (index: number) =>
      max.map((highest, bin) =>
        highest === null ? null : Math.min(highest, closed[bin]?.percentiles[index] ?? highest),
      );
    const count = max.map((_, bin) => closed[bin]?.count ?? 0);
    if (max.every((value) => value === null)) return undefined;
    return { count, p50: percentile(0), p90: percentile(1), p99: percentile(2), max };
  }

  extend(): void {
    // A new bin is empty.
  }

  coarsen(length: number): void {
    this.#maxima.coarsen(length);
    close(this.#current, this.#closed);
    close(this.#previous, this.#closed);
    const before = this.#closed;
    this.#closed = [];
    for (let bin = 0; 2 * bin < length; bin++) {
      const [first, second] = [before[2 * bin], before[2 * bin + 1]];
      this.#closed[bin] =
        first !== undefined && second !== undefined ? this.#merge(first, second) : (first ?? second);
    }
  }

  /** Makes a bin the current one. */
  #open(bin: number): void {
    if (bin === this.#current.bin) return;
    const current = this.#previous;
    this.#previous = this.#current;
    this.#current = current;
    if (current.bin === bin) return;
    close(current, this.#closed);
    current.bin = bin;
    const closed = this.#closed[bin];
    if (closed !== undefined) current.histogram.addPacked(closed.packed);
  }

  #merge(first: ClosedBin, second: ClosedBin): ClosedBin {
    const { histogram } = this.#current;
    histogram.addPacked(first.packed);
    histogram.addPacked(second.packed);
    const merged = closedBinOf(histogram);
    histogram.clear();
    return merged;
  }
}

const NOTHING = new Uint8Array(0);

/** Packs an open bin and leaves it empty. */
function close(open: OpenBin, closed: (ClosedBin | undefined)[]): void {
  const { bin, histogram } = open;
  open.bin = -1;
  if (histogram.count === 0) return;
  closed[bin] = closedBinOf(histogram);
  histogram.clear();
}

function closedBinOf(histogram: HdrHistogram): ClosedBin {
  return { packed: histogram.pack(), ...figuresOf(histogram) };
}

function figuresOf(histogram: HdrHistogram): Omit<ClosedBin, 'packed'> {
  return { count: histogram.count, percentiles: histogram.quantiles(PERCENTILES).map(Math.round) };
}
