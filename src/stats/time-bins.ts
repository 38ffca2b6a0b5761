/** A quantity bin by bin on the axis of {@link TimeBins}. */
export interface BinColumn {
  /** Bins `from` to before `to` come into being. */
  extend(from: number, to: number): void;
  /** Of `length` bins, 2i and 2i + 1 become bin i. */
  coarsen(length: number): void;
}

/**
 * Time in equal bins, of bounded number: when the last one is passed, neighbours are merged pair by pair and the bins are twice
 * as long. So where a moment lies depends on the latest moment only, not on the order in which moments came.
 *
 * The first moment asked for begins bin 0; earlier ones count there. Finding the bin of a moment costs two comparisons while it
 * is the bin of the moment before.
 */
export class TimeBins {
  readonly #maxBins: number;
  readonly #columns: BinColumn[] = [];
  #startNs = NaN;
  #binNs: number;
  #length = 0;
  /** The bin asked for last, and its ends. */
  #bin = 0;
  #fromNs = Infinity;
  #toNs = -Infinity;

  constructor(binNs: number, maxBins: number) {
    this.#binNs = binNs;
    this.#maxBins = maxBins;
  }

  /** NaN before the first moment. */
  get startNs(): number {
    return this.#startNs;
  }

  get binNs(): number {
    return this.#binNs;
  }

  /** Bins so far. */
  get length(): number {
    return this.#length;
  }

  /** Keeps a column in step; to be called before the first moment. */
  add<Column extends BinColumn>(column: Column): Column {
    this.#columns.push(column);
    return column;
  }

  /** The bin of a moment; may double the bins, so that one found earlier no longer holds. @hot */
  binAt(timeNs: number): number {
    return timeNs >= this.#fromNs && timeNs < this.#toNs ? this.#bin : this.#find(timeNs);
  }

  #find(timeNs: number): number {
    if (Number.isNaN(this.#startNs)) this.#startNs = timeNs;
    const sinceStartNs = Math.max(0, timeNs - this.#startNs);
    while (sinceStartNs >= this.#maxBins * this.#binNs) this.#coarsen();
    const bin = Math.floor(sinceStartNs / this.#binNs);
    if (bin >= this.#length) {
      for (const column of this.#columns) column.extend(this.#length, bin + 1);
      this.#length = bin + 1;
    }
    this.#bin = bin;
    this.#fromNs = bin === 0 ? -Infinity : this.#startNs + bin * this.#binNs;
    this.#toNs = this.#startNs + (bin + 1) * this.#binNs;
    return bin;
  }

  #coarsen(): void {
    for (const column of this.#columns) column.coarsen(this.#length);
    this.#length = Math.ceil(this.#length / 2);
    this.#binNs *= 2;
  }
}
