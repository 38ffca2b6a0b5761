import { MaxColumn } from './bin-columns.ts';
import type { HdrHistogram } from './hdr.ts';
import { PackedBins } from './packed-bins.ts';
import type { BinColumn } from './time-bins.ts';

const PERCENTILES = [50, 90, 99];

interface Figures {
  readonly count: number;
  readonly percentiles: readonly number[];
}

/** Count, percentiles and maximum of each bin, a column each; null (count 0) in a bin without values. */
export interface BinnedFigures {
  readonly count: readonly number[];
  readonly p50: readonly (number | null)[];
  readonly p90: readonly (number | null)[];
  readonly p99: readonly (number | null)[];
  readonly max: readonly (number | null)[];
}

/**
 * A distribution for each bin: exact count and maximum, and percentiles within 1 %, by the same definition as those of the
 * whole run, never above the maximum. Bins are merged by their histograms, so the percentiles of a merged bin are those of its values.
 */
export class BinnedHistogram implements BinColumn {
  readonly #maxima: MaxColumn;
  readonly #bins: PackedBins;
  readonly #scratch: HdrHistogram;
  /** What is told of a bin, until it changes. */
  #figures: (Figures | undefined)[] = [];

  /** Whole values from `low` to `high`; those beyond are clamped for the percentiles. */
  constructor(maxBins: number, low: number, high: number) {
    this.#maxima = new MaxColumn(maxBins);
    this.#bins = new PackedBins(low, high);
    this.#scratch = this.#bins.createHistogram();
  }

  /** Adds values to a bin; some ns each. @hot */
  recordAll(bin: number, values: Float64Array): void {
    if (values.length === 0) return;
    let max = -Infinity;
    for (let at = 0; at < values.length; at++) {
      if (values[at]! > max) max = values[at]!;
    }
    this.#maxima.raise(bin, max);
    this.#bins.open(bin).recordAllClamped(values);
    this.#figures[bin] = undefined;
  }

  /** Every bin's figures, in whole numbers; undefined when nothing was recorded. */
  series(length: number): BinnedFigures | undefined {
    const max = this.#maxima.values(length).map((value) => (value === null ? null : Math.round(value)));
    if (max.every((value) => value === null)) return undefined;
    const figures = max.map((highest, bin) => (highest === null ? undefined : this.#figuresOf(bin)));
    const percentile = (index: number) =>
      max.map((highest, bin) =>
        highest === null ? null : Math.min(highest, figures[bin]!.percentiles[index]!),
      );
    const count = figures.map((one) => one?.count ?? 0);
    return { count, p50: percentile(0), p90: percentile(1), p99: percentile(2), max };
  }

  /** The values of a bin, in a histogram that the next call uses again. */
  histogramOf(bin: number): HdrHistogram {
    this.#scratch.clear();
    this.#bins.addTo(this.#scratch, bin);
    return this.#scratch;
  }

  extend(): void {
    // A new bin is empty.
  }

  coarsen(length: number): void {
    this.#maxima.coarsen(length);
    this.#bins.coarsen(length);
    this.#figures = [];
  }

  #figuresOf(bin: number): Figures {
    const known = this.#figures[bin];
    if (known !== undefined) return known;
    const histogram = this.histogramOf(bin);
    const percentiles = histogram.quantiles(PERCENTILES).map(Math.round);
    return (this.#figures[bin] = { count: histogram.count, percentiles });
  }
}
