import { InferometerError } from '../core/errors.ts';

/** Most bytes of all requests together. */
export const MAX_ARENA_BYTES = 2 ** 31;

/** What a thread needs to see an arena; crosses by structured clone without a copy. */
export interface SharedArena {
  /** The requests, one after another. */
  readonly bytes: SharedArrayBuffer;
  /** As Float64Array: where each begins, and last where they all end. */
  readonly offsets: SharedArrayBuffer;
  /** As Uint32Array: how many choices each asks for; undefined when all ask for one. */
  readonly choices?: SharedArrayBuffer | undefined;
}

/**
 * All requests of a run as bytes, ready to be written, in memory that threads share: encoded once, before the run.
 *
 * Memory: the requests and 8 bytes each, once for all threads; each thread adds about 100 bytes for a row it has used.
 */
export class RequestArena {
  readonly rowCount: number;
  readonly shared: SharedArena;
  readonly #offsets: Float64Array;
  readonly #choices: Uint32Array | undefined;
  readonly #views: (Uint8Array | undefined)[];

  private constructor(shared: SharedArena) {
    this.shared = shared;
    this.#offsets = new Float64Array(shared.offsets);
    this.#choices = shared.choices && new Uint32Array(shared.choices);
    this.rowCount = this.#offsets.length - 1;
    this.#views = new Array<Uint8Array | undefined>(this.rowCount).fill(undefined);
  }

  /**
   * Encodes rows 0 to `rowCount` − 1 and copies them together; holds each request twice until it returns. `choicesOf`: how many choices a
   * row asks for, 1 when it is left out.
   *
   * Throws `INFEROMETER_DATASET_TOO_LARGE` when they take more than {@link MAX_ARENA_BYTES}.
   */
  static build(
    rowCount: number,
    encodeRequest: (row: number) => Uint8Array,
    choicesOf: (row: number) => number = () => 1,
  ): RequestArena {
    const offsets = new Float64Array(new SharedArrayBuffer((rowCount + 1) * Float64Array.BYTES_PER_ELEMENT));
    const requests: Uint8Array[] = [];
    for (let row = 0; row < rowCount; row++) {
      const request = encodeRequest(row);
      const end = offsets[row]! + request.length;
      if (end > MAX_ARENA_BYTES) throw tooLarge(row, rowCount);
      offsets[row + 1] = end;
      requests.push(request);
    }
    const bytes = new Uint8Array(new SharedArrayBuffer(offsets[rowCount]!));
    requests.forEach((request, row) => bytes.set(request, offsets[row]));
    const choices = choiceColumn(rowCount, choicesOf);
    return new RequestArena({ bytes: bytes.buffer, offsets: offsets.buffer, choices });
  }

  /** The same arena as seen by another thread. */
  static fromShared(shared: SharedArena): RequestArena {
    return new RequestArena(shared);
  }

  get byteLength(): number {
    return this.#offsets[this.rowCount]!;
  }

  /**
   * The request of a row, to be written and never changed. The view is made at the first use of the row and then kept: a Buffer,
   * so that a socket takes it as it is.
   * @hot
   */
  requestBytes(row: number): Uint8Array {
    return this.#views[row] ?? this.#view(row);
  }

  /** How many choices the request of a row asks for. @hot */
  choicesOf(row: number): number {
    return this.#choices === undefined ? 1 : this.#choices[row]!;
  }

  #view(row: number): Uint8Array {
    const start = this.#offsets[row];
    const end = this.#offsets[row + 1];
    if (start === undefined || end === undefined) {
      throw new InferometerError(
        'INFEROMETER_DATASET_ROW',
        'internal',
        `request arena: the row must be 0 to ${this.rowCount - 1} (got ${row})`,
      );
    }
    const view = Buffer.from(this.shared.bytes, start, end - start);
    this.#views[row] = view;
    return view;
  }
}

function choiceColumn(rowCount: number, choicesOf: (row: number) => number): SharedArrayBuffer | undefined {
  const counts = Array.from({ length: rowCount }, (_, row) => choicesOf(row));
  if (counts.every((count) => count === 1)) return undefined;
  const column = new Uint32Array(new SharedArrayBuffer(rowCount * Uint32Array.BYTES_PER_ELEMENT));
  column.set(counts);
  return column.buffer;
}

function tooLarge(row: number, rowCount: number): InferometerError {
  return new InferometerError(
    'INFEROMETER_DATASET_TOO_LARGE',
    'input',
    `dataset: the requests of ${row} of its ${rowCount} rows already take ${MAX_ARENA_BYTES / 2 ** 30} GiB, the limit for all; use fewer or shorter rows`,
  );
}
