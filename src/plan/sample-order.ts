import { assertNever, InferometerError } from '../core/errors.ts';
import { RandomSource } from '../core/random.ts';
import type { SampleOrderSettings } from './plan.ts';

/** Which dataset row each sample of a phase uses; endless. */
export interface SampleOrder {
  /**
   * Row of the sample with this number. Numbers may only grow from call to call: those left out are passed over, so that each
   * worker can follow the order of the whole phase. Does not allocate.
   */
  rowOf(index: number): number;
}

/** Throws `INFEROMETER_PLAN_DATASET_SIZE` unless the dataset has from 1 to 2^32 − 1 rows. */
export function createSampleOrder(settings: SampleOrderSettings): SampleOrder {
  const { order, datasetSize, firstRow = 0, seed } = settings;
  if (!(Number.isInteger(datasetSize) && datasetSize >= 1 && firstRow + datasetSize < 2 ** 32)) {
    throw new InferometerError(
      'INFEROMETER_PLAN_DATASET_SIZE',
      'input',
      `sample order: the dataset must have 1 to ${2 ** 32 - 1} rows (got ${datasetSize})`,
    );
  }
  switch (order) {
    case 'sequential':
      return { rowOf: (index) => firstRow + (index % datasetSize) };
    case 'with_replacement':
      return new OrderWithReplacement(datasetSize, firstRow, seed);
    case 'without_replacement':
      return new OrderWithoutReplacement(datasetSize, firstRow, seed);
    default:
      return assertNever(order);
  }
}

/** Each row drawn anew: one draw for each sample, also for those passed over. */
class OrderWithReplacement implements SampleOrder {
  readonly #random: RandomSource;
  readonly #datasetSize: number;
  readonly #firstRow: number;
  #drawn = 0;
  #row = 0;

  constructor(datasetSize: number, firstRow: number, seed: number) {
    this.#random = new RandomSource(seed);
    this.#datasetSize = datasetSize;
    this.#firstRow = firstRow;
  }

  /** @hot */
  rowOf(index: number): number {
    while (this.#drawn <= index) {
      this.#row = this.#firstRow + this.#random.below(this.#datasetSize);
      this.#drawn += 1;
    }
    return this.#row;
  }
}

/**
 * Passes over the dataset, each a shuffle of the pass before it.
 *
 * The shuffle of the next pass is spread over the samples of this one, a swap each, so that no sample waits for the
 * shuffle of a large dataset. Memory: 8 bytes a row.
 */
class OrderWithoutReplacement implements SampleOrder {
  readonly #random: RandomSource;
  #pass = 0;
  #rows: Uint32Array;
  #nextRows: Uint32Array;
  /** The swap that the shuffle of `#nextRows` makes next; 0 when it is done. */
  #nextSwap: number;

  constructor(datasetSize: number, firstRow: number, seed: number) {
    this.#random = new RandomSource(seed);
    this.#rows = Uint32Array.from({ length: datasetSize }, (_, row) => firstRow + row);
    this.#random.shuffle(this.#rows);
    this.#nextRows = this.#rows.slice();
    this.#nextSwap = datasetSize - 1;
  }

  /** @hot */
  rowOf(index: number): number {
    const pass = Math.floor(index / this.#rows.length);
    while (this.#pass < pass) this.#beginNextPass();
    const position = index - pass * this.#rows.length;
    this.#shuffleNextDownTo(this.#rows.length - 1 - position);
    return this.#rows[position]!;
  }

  #beginNextPass(): void {
    this.#shuffleNextDownTo(0);
    const usedUp = this.#rows;
    this.#rows = this.#nextRows;
    this.#nextRows = usedUp;
    this.#nextRows.set(this.#rows);
    this.#nextSwap = this.#rows.length - 1;
    this.#pass += 1;
  }

  #shuffleNextDownTo(swap: number): void {
    while (this.#nextSwap > swap) this.#random.swapBelow(this.#nextRows, this.#nextSwap--);
  }
}
