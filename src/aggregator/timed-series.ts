import type { SeriesSampler } from '../metrics/sampler.ts';
import { BinnedHistogram, type BinnedFigures } from '../stats/binned-histogram.ts';
import type { HdrHistogram } from '../stats/hdr.ts';
import type { BinColumn, TimeBins } from '../stats/time-bins.ts';

/**
 * The values of a series by when they were observed. They are taken from the sampler when a bin is left, so that recording one
 * costs nothing more: whatever was recorded since a bin was entered belongs to it.
 */
export class TimedSeries implements BinColumn {
  readonly #sampler: SeriesSampler;
  readonly #bins: TimeBins;
  readonly #histogram: BinnedHistogram;

  /** Values from `low` to `high`; those beyond are clamped for the percentiles. */
  constructor(sampler: SeriesSampler, bins: TimeBins, maxBins: number, low: number, high: number) {
    this.#sampler = sampler;
    this.#bins = bins;
    this.#histogram = new BinnedHistogram(maxBins, low, high);
    sampler.onManyNew = () => this.leave();
  }

  /** Records a value observed now; throws as the sampler does. @hot */
  record(value: number): void {
    this.#sampler.record(value);
  }

  /** Records a value observed at an earlier moment; throws as the sampler does. */
  recordLate(value: number, observedNs: number): void {
    this.leave();
    this.#sampler.record(value);
    this.#histogram.recordAll(this.#bins.binOf(observedNs), this.#sampler.takeNew());
  }

  /** See {@link BinnedHistogram.series}. */
  series(length: number): BinnedFigures | undefined {
    this.leave();
    return this.#histogram.series(length);
  }

  /** See {@link BinnedHistogram.histogramOf}. */
  histogramOf(bin: number): HdrHistogram {
    return this.#histogram.histogramOf(bin);
  }

  leave(): void {
    this.#histogram.recordAll(this.#bins.current, this.#sampler.takeNew());
  }

  extend(): void {
    // A new bin is empty.
  }

  coarsen(length: number): void {
    this.#histogram.coarsen(length);
  }
}
