/** A quantity bin by bin on the axis of {@link TimeBins}. */
export interface BinColumn {
  /** The current bin is about to be left: what belongs to it and was not told yet has to be told now. */
  leave?(): void;
  /** Bins `from` to before `to` come into being. */
  extend(from: number, to: number): void;
  /** Of `length` bins, 2i and 2i + 1 become bin i. */
  coarsen(length: number): void;
}

/**
 * Time in equal bins, of bounded number: when the last one is passed, neighbours are merged pair by pair and the bins are twice
 * as long. So where a moment lies depends on the latest moment only, not on the order in which moments came.
 *
 * Bin 0 begins at the first moment; earlier ones count there. Going to a moment costs two comparisons while the bin stays.
 */
export class TimeBins {
  readonly #maxBins: number;
  readonly #columns: BinColumn[] = [];
  #startNs = NaN;
  #binNs: number;
  #length = 0;
  #current = 0;
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

  /** The bin of the moment gone to last. @hot */
  get current(): number {
    return this.#current;
  }

  /** Keeps a column in step; to be called before the first moment. */
  add<Column extends BinColumn>(column: Column): Column {
    this.#columns.push(column);
    return column;
  }

  /** Makes the bin of a moment the current one; may double the bins, so that one known before no longer holds. @hot */
  goTo(timeNs: number): void {
    if (timeNs >= this.#fromNs && timeNs < this.#toNs) return;
    this.#enter(timeNs);
  }

  /** The bin of a moment not after the latest one gone to. */
  binOf(timeNs: number): number {
    return Math.max(0, Math.floor((timeNs - this.#startNs) / this.#binNs));
  }

  #enter(timeNs: number): void {
    for (const column of this.#columns) column.leave?.();
    if (Number.isNaN(this.#startNs)) this.#startNs = timeNs;
    while (timeNs - this.#startNs >= this.#maxBins * this.#binNs) this.#coarsen();
    const bin = this.binOf(timeNs);
    if (bin >= this.#length) {
      for (const column of this.#columns) column.extend(this.#length, bin + 1);
      this.#length = bin + 1;
    }
    this.#current = bin;
    this.#fromNs = bin === 0 ? -Infinity : this.#startNs + bin * this.#binNs;
    this.#toNs = this.#startNs + (bin + 1) * this.#binNs;
  }

  #coarsen(): void {
    for (const column of this.#columns) column.coarsen(this.#length);
    this.#length = Math.ceil(this.#length / 2);
    this.#binNs *= 2;
  }
}
