import { closeSync } from 'node:fs';
import { openScratchFile } from '../core/atomic-file.ts';
import { readAllAt, writeAllAt } from '../core/file-bytes.ts';

const FIRST_CHUNK_VALUES = 1024;
const CHUNK_VALUES = 65_536;

export interface RawValuesOptions {
  /** Bytes of full chunks kept in memory before they are moved to a file. Absent: no bound. */
  readonly budgetBytes?: number | undefined;
  /** Where the values past the budget go, in a file that has no name, so nothing is ever left behind. */
  readonly spillDirectory?: string | undefined;
  /** Told once when the file cannot be written; from then on the values stay in memory. */
  readonly onSpillError?: (error: Error) => void;
}

/**
 * Every value of a series in the order it came, in chunks of doubles.
 *
 * Pushing costs about 3 ns; a new chunk of at most 512 KB is taken once in 65 536 values. With a budget and a spill file
 * the oldest chunks are written to the file (blocking, about 0.2 ms a chunk) when the next one would go past the budget,
 * so that memory is bounded by the budget and one chunk, and no more of it is taken once it is used up.
 */
export class RawValues {
  readonly #options: RawValuesOptions;
  #full: Float64Array[] = [];
  /** Chunks whose values are in the file, to be written over: memory that is given back and taken again grows by its holes. */
  #spare: Float64Array[] = [];
  #current: Float64Array = new Float64Array(FIRST_CHUNK_VALUES);
  #currentLength = 0;
  #count = 0;
  #residentValues = 0;
  #spilledValues = 0;
  #spillFile: number | undefined;
  #spillFailed = false;
  /** Where in the current chunk the values begin that {@link takeNew} has not given out. */
  #newFrom = 0;
  #onChunkFull: (() => void) | undefined;

  constructor(options: RawValuesOptions = {}) {
    this.#options = options;
  }

  get count(): number {
    return this.#count;
  }

  /** How many values are in the spill file. */
  get spilledCount(): number {
    return this.#spilledValues;
  }

  /** @hot */
  push(value: number): void {
    if (this.#currentLength === this.#current.length) this.#nextChunk();
    this.#current[this.#currentLength++] = value;
    this.#count += 1;
  }

  /**
   * The values pushed since the last call, or since the current chunk was begun: a view, valid until the next push. So call it at
   * each chunk's end too: `onChunkFull` is called there.
   */
  takeNew(): Float64Array {
    const values = this.#current.subarray(this.#newFrom, this.#currentLength);
    this.#newFrom = this.#currentLength;
    return values;
  }

  /** The one who is called before a chunk that is full is put away. */
  set onChunkFull(listener: () => void) {
    this.#onChunkFull = listener;
  }

  /**
   * The values in order, chunk by chunk; any number of times. A chunk is valid until the next one is asked for, and its
   * values are not to be changed. Push nothing meanwhile.
   */
  *chunks(): Generator<Float64Array> {
    yield* this.#spilledChunks();
    yield* this.#full;
    if (this.#currentLength > 0) yield this.#current.subarray(0, this.#currentLength);
  }

  /** Closes the spill file, and with it the values in it. Nothing may be pushed or read afterwards. Idempotent. */
  close(): void {
    if (this.#spillFile === undefined) return;
    closeSync(this.#spillFile);
    this.#spillFile = undefined;
  }

  #nextChunk(): void {
    this.#onChunkFull?.();
    this.#newFrom = 0;
    this.#full.push(this.#current);
    this.#residentValues += this.#current.length;
    this.#spillPastBudget();
    this.#current = this.#spare.pop() ?? new Float64Array(Math.min(CHUNK_VALUES, this.#current.length * 2));
    this.#currentLength = 0;
  }

  #spillPastBudget(): void {
    const { budgetBytes = Infinity, spillDirectory, onSpillError } = this.#options;
    const residentBytes = this.#residentValues * Float64Array.BYTES_PER_ELEMENT;
    if (residentBytes <= budgetBytes || spillDirectory === undefined || this.#spillFailed) return;
    try {
      this.#spillFile ??= openScratchFile(spillDirectory);
      while (this.#full.length > 0) {
        const chunk = this.#full[0]!;
        writeAllAt(this.#spillFile, bytesOf(chunk), this.#spilledValues * Float64Array.BYTES_PER_ELEMENT);
        this.#spilledValues += chunk.length;
        this.#residentValues -= chunk.length;
        this.#full.shift();
        if (chunk.length === CHUNK_VALUES) this.#spare.push(chunk);
      }
    } catch (error) {
      this.#spillFailed = true;
      onSpillError?.(error as Error);
    }
  }

  *#spilledChunks(): Generator<Float64Array> {
    if (this.#spilledValues === 0) return;
    const chunk = new Float64Array(CHUNK_VALUES);
    for (let first = 0; first < this.#spilledValues; first += CHUNK_VALUES) {
      const part = chunk.subarray(0, this.#spilledValues - first);
      readAllAt(this.#spillFile!, bytesOf(part), first * Float64Array.BYTES_PER_ELEMENT);
      yield part;
    }
  }
}

function bytesOf(values: Float64Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
