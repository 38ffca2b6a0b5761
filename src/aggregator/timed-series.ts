import type { SeriesSampler } from '../metrics/sampler.ts';
import type { BinnedHistogram } from '../stats/binned-histogram.ts';
import type { TimeBins } from '../stats/time-bins.ts';

/** A series whose values are also kept by when they were observed. */
export class TimedSeries {
  readonly #sampler: SeriesSampler;
  readonly #bins: TimeBins;
  readonly #histogram: BinnedHistogram;

  constructor(sampler: SeriesSampler, bins: TimeBins, histogram: BinnedHistogram) {
    this.#sampler = sampler;
    this.#bins = bins;
    this.#histogram = histogram;
  }

  /** Adds a value observed at `timeNs`; throws as the sampler does. @hot */
  record(value: number, timeNs: number): void {
    this.#sampler.record(value);
    this.#histogram.record(this.#bins.binAt(timeNs), value);
  }
}
