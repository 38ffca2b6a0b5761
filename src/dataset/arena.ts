import { readSync } from 'node:fs';
import { errorText, InferometerError } from '../core/errors.ts';
import { sharedUint32 } from '../core/shared-numbers.ts';
import { NS_PER_MS } from '../core/time.ts';
import { SpillFile } from './spill-file.ts';

/** What a thread needs to see an arena; crosses by structured clone without a copy. */
export interface SharedArena {
  /** The requests, one after another, none of them in two blocks; of a block that is in the file, where it begins there. */
  readonly blocks: readonly (SharedArrayBuffer | number)[];
  /** The number of the file for what memory had no room for; undefined when all is in memory. */
  readonly fd?: number | undefined;
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
 * Those that memory has no room for are in a file and read when they are sent: see {@link ArenaMemory}.
 *
 * Memory: the requests and 8 bytes each, once for all threads; each thread adds about 100 bytes for a row it has used.
 */
export class RequestArena {
  readonly rowCount: number;
  readonly shared: SharedArena;
  readonly #offsets: Float64Array;
  readonly #choices: Uint32Array | undefined;
  readonly #views: (Uint8Array | undefined)[];
  #fileReadNs = 0;

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

  /** Some requests are in a file: getting one may take as long as a disk does. */
  get takesTime(): boolean {
    return this.shared.fd !== undefined;
  }

  /** How long reading requests from the file has taken so far in this thread, ms. */
  get fileReadMs(): number {
    return this.#fileReadNs / NS_PER_MS;
  }

  /**
   * The request of a row, to be written and never changed. The view is made at the first use of the row and then kept: a Buffer,
   * so that a socket takes it as it is. One that is in the file is read each time.
   *
   * Throws `INFEROMETER_DATASET_SPILL` when it can't be.
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
    const at = this.#blockAt(end);
    const block = this.shared.blocks[at]!;
    const offset = start - this.#blockStart(at);
    if (typeof block === 'number') return this.#read(block + offset, end - start);
    const view = Buffer.from(block, offset, end - start);
    this.#views[row] = view;
    return view;
  }

  #read(position: number, length: number): Uint8Array {
    const began = process.hrtime.bigint();
    const bytes = Buffer.allocUnsafe(length);
    try {
      for (let done = 0; done < length;) {
        const count = readSync(this.shared.fd!, bytes, done, length - done, position + done);
        if (count === 0) throw new Error('it ends too early');
        done += count;
      }
    } catch (error) {
      throw new InferometerError(
        'INFEROMETER_DATASET_SPILL',
        'setup',
        `the file with the requests of the run cannot be read: ${errorText(error)}`,
        { cause: error },
      );
    }
    this.#fileReadNs += Number(process.hrtime.bigint() - began);
    return bytes;
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

/** Memory that the arenas of a run share, and the file for what it has no room for. */
export class ArenaMemory {
  readonly #folder: string;
  #leftBytes: number;
  #file: SpillFile | undefined;

  /** `folder`: where the file goes. */
  constructor(bytes: number, folder: string) {
    this.#leftBytes = bytes;
    this.#folder = folder;
  }

  /** Whether there is room for so many bytes more. They are taken; without room, nothing is left for others. */
  take(bytes: number): boolean {
    const hasRoom = bytes <= this.#leftBytes;
    this.#leftBytes = hasRoom ? this.#leftBytes - bytes : 0;
    return hasRoom;
  }

  /** Made when it is needed first. */
  get file(): SpillFile {
    this.#file ??= new SpillFile(this.#folder);
    return this.#file;
  }
}

/** Puts requests together one after another, where threads will find them: each is written once. */
export class RequestArenaBuilder {
  readonly #blocks: Block[] = [];
  /** Where each block of the file begins there, in their order behind those in memory. */
  readonly #fileBlocks: { readonly start: number; readonly used: number }[] = [];
  readonly #choices = new GrowingNumbers();
  readonly #ends = new GrowingNumbers();
  readonly #memory: ArenaMemory | undefined;
  /** What goes to the file next, once that is in use. */
  #fileBlock: FileBlock | undefined;
  #bytes = 0;

  /** `memory`: default: as much as it takes. */
  constructor(memory?: ArenaMemory) {
    this.#memory = memory;
  }

  /** The next request goes to the file, not into memory. */
  get isSpilling(): boolean {
    return this.#fileBlock !== undefined;
  }

  /** Adds a request that asks for so many choices. Throws as {@link appendText} does. */
  append(choices: number, request: Uint8Array): void {
    const block = this.#room(request.length);
    block.bytes.set(request, block.used);
    this.#added(block, request.length, choices);
  }

  /** Adds a request as its head, of ASCII characters, and its body, of so many bytes of UTF-8. Throws as {@link SpillFile.append} does. */
  appendText(choices: number, head: string, body: string, bodyBytes: number): void {
    const block = this.#room(head.length + bodyBytes);
    block.bytes.write(head, block.used, 'latin1');
    // ASCII, most often: twice as fast.
    block.bytes.write(body, block.used + head.length, bodyBytes === body.length ? 'latin1' : 'utf8');
    this.#added(block, head.length + bodyBytes, choices);
  }

  #room(length: number): FileBlock {
    if (this.#fileBlock !== undefined) return this.#fileRoom(this.#fileBlock, length);
    const last = this.#blocks.at(-1);
    if (last !== undefined && last.bytes.length - last.used >= length) return last;
    const size = Math.max(BLOCK_BYTES, length);
    if (this.#memory?.take(size) === false)
      return this.#fileRoom({ bytes: Buffer.alloc(0), used: 0 }, length);
    const shared = new SharedArrayBuffer(size);
    const block = { shared, bytes: Buffer.from(shared), used: 0 };
    this.#blocks.push(block);
    return block;
  }

  #fileRoom(block: FileBlock, length: number): FileBlock {
    if (block.bytes.length - block.used < length) {
      this.#flush(block);
      if (block.bytes.length < length) block.bytes = Buffer.allocUnsafeSlow(Math.max(BLOCK_BYTES, length));
    }
    this.#fileBlock = block;
    return block;
  }

  #flush(block: FileBlock): void {
    if (block.used === 0) return;
    const start = this.#memory!.file.append(block.bytes.subarray(0, block.used));
    this.#fileBlocks.push({ start, used: block.used });
    block.used = 0;
  }

  #added(block: FileBlock, length: number, choices: number): void {
    block.used += length;
    this.#bytes += length;
    this.#ends.push(this.#bytes);
    this.#choices.push(choices);
  }

  /** All requests so far; to be called once. */
  finish(): RequestArena {
    const { count } = this.#ends;
    if (this.#fileBlock !== undefined) this.#flush(this.#fileBlock);
    const isSpilled = this.#fileBlocks.length > 0;
    const offsets = new Float64Array(new SharedArrayBuffer((count + 1) * Float64Array.BYTES_PER_ELEMENT));
    offsets.set(this.#ends.values(), 1);
    let end = 0;
    return RequestArena.fromShared({
      blocks: [...this.#blocks.map(({ shared }) => shared), ...this.#fileBlocks.map(({ start }) => start)],
      blockEnds: [...this.#blocks, ...this.#fileBlocks].map(({ used }) => (end += used)),
      fd: isSpilled ? this.#memory!.file.fd : undefined,
      offsets: offsets.buffer,
      choices: choiceColumn(this.#choices.values()),
    });
  }
}

interface Block extends FileBlock {
  readonly shared: SharedArrayBuffer;
}

interface FileBlock {
  bytes: Buffer;
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
  return sharedUint32(counts);
}
