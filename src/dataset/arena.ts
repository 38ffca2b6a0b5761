import { InferometerError } from '../core/errors.ts';

/** Most bytes of all requests together. */
export const MAX_ARENA_BYTES = 2 ** 31;

/** What a thread needs to see an arena; crosses by structured clone without a copy. */
export interface SharedArena {
  /** The requests, one after another, none of them in two blocks. */
  readonly blocks: readonly SharedArrayBuffer[];
  /** Where the requests of each block end, counted over all blocks: what is behind them in a block is unused. */
  readonly blockEnds: readonly number[];
  /** As Float64Array: where each begins, counted over all blocks, and last where they all end. */
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

  /** Rows 0 to `rowCount` − 1; see {@link RequestArenaBuilder}. `choicesOf`: how many choices a row asks for, 1 when it is left out. */
  static build(
    rowCount: number,
    encodeRequest: (row: number) => Uint8Array,
    choicesOf: (row: number) => number = () => 1,
  ): RequestArena {
    const builder = new RequestArenaBuilder();
    for (let row = 0; row < rowCount; row++) builder.append(choicesOf(row), encodeRequest(row));
    return builder.finish();
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
    const block = this.#blockAt(end);
    const view = Buffer.from(this.shared.blocks[block]!, start - this.#blockStart(block), end - start);
    this.#views[row] = view;
    return view;
  }

  /** The first block that ends at `end` or behind it. */
  #blockAt(end: number): number {
    const { blockEnds } = this.shared;
    let [low, high] = [0, blockEnds.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (blockEnds[middle]! < end) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #blockStart(block: number): number {
    return block === 0 ? 0 : this.shared.blockEnds[block - 1]!;
  }
}

/** Bytes of a block, or more when a request needs it. */
const BLOCK_BYTES = 2 ** 24;

/** Puts requests together one after another, where threads will find them: each is written once. */
export class RequestArenaBuilder {
  readonly #blocks: Block[] = [];
  readonly #choices = new GrowingNumbers();
  readonly #ends = new GrowingNumbers();
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(maxBytes = MAX_ARENA_BYTES) {
    this.#maxBytes = maxBytes;
  }

  /** Adds a request that asks for so many choices. Throws as {@link appendText} does. */
  append(choices: number, request: Uint8Array): void {
    const block = this.#room(request.length);
    block.bytes.set(request, block.used);
    this.#added(block, request.length, choices);
  }

  /**
   * Adds a request as its head, of ASCII characters, and its body, of so many bytes of UTF-8. Throws `INFEROMETER_DATASET_TOO_LARGE` when
   * all requests take more than {@link MAX_ARENA_BYTES}.
   */
  appendText(choices: number, head: string, body: string, bodyBytes: number): void {
    const block = this.#room(head.length + bodyBytes);
    block.bytes.write(head, block.used, 'latin1');
    // ASCII, most often: twice as fast.
    block.bytes.write(body, block.used + head.length, bodyBytes === body.length ? 'latin1' : 'utf8');
    this.#added(block, head.length + bodyBytes, choices);
  }

  #room(length: number): Block {
    if (this.#bytes + length > this.#maxBytes) throw tooLarge(this.#ends.count, this.#maxBytes);
    const last = this.#blocks.at(-1);
    if (last !== undefined && last.bytes.length - last.used >= length) return last;
    const shared = new SharedArrayBuffer(Math.max(BLOCK_BYTES, length));
    const block = { shared, bytes: Buffer.from(shared), used: 0 };
    this.#blocks.push(block);
    return block;
  }

  #added(block: Block, length: number, choices: number): void {
    block.used += length;
    this.#bytes += length;
    this.#ends.push(this.#bytes);
    this.#choices.push(choices);
  }

  /** All requests so far; to be called once. */
  finish(): RequestArena {
    const { count } = this.#ends;
    const offsets = new Float64Array(new SharedArrayBuffer((count + 1) * Float64Array.BYTES_PER_ELEMENT));
    offsets.set(this.#ends.values(), 1);
    let end = 0;
    return RequestArena.fromShared({
      blocks: this.#blocks.map(({ shared }) => shared),
      blockEnds: this.#blocks.map(({ used }) => (end += used)),
      offsets: offsets.buffer,
      choices: choiceColumn(this.#choices.values()),
    });
  }
}

interface Block {
  readonly shared: SharedArrayBuffer;
  readonly bytes: Buffer;
  used: number;
}

class GrowingNumbers {
  count = 0;
  #values = new Float64Array(1024);

  push(value: number): void {
    if (this.count === this.#values.length) {
      const longer = new Float64Array(2 * this.count);
      longer.set(this.#values);
      this.#values = longer;
    }
    this.#values[this.count++] = value;
  }

  values(): Float64Array {
    return this.#values.subarray(0, this.count);
  }
}

function choiceColumn(counts: Float64Array): SharedArrayBuffer | undefined {
  if (counts.every((count) => count === 1)) return undefined;
  const column = new Uint32Array(new SharedArrayBuffer(counts.length * Uint32Array.BYTES_PER_ELEMENT));
  column.set(counts);
  return column.buffer;
}

function tooLarge(rows: number, maxBytes: number): InferometerError {
  return new InferometerError(
    'INFEROMETER_DATASET_TOO_LARGE',
    'input',
    `dataset: the requests of its first ${rows} rows already take almost ${maxBytes / 2 ** 30} GiB, the limit for all; use fewer or shorter rows`,
  );
}
