import { closeSync } from 'node:fs';
import { openScratchFile } from '../core/atomic-file.ts';
import { errorText, InferometerError } from '../core/errors.ts';
import { readAllAt, writeAllAt } from '../core/file-bytes.ts';
import type { SampleColumns } from '../events/sample-columns.ts';

/** Samples in a chunk. */
const CHUNK_SAMPLES = 65_536;
/** Chunks kept in memory: two million samples, 325 MB. */
const RESIDENT_CHUNKS = 32;

const FLOAT_COLUMNS = [
  ...(['seqs', 'rows', 'dueNs', 'issuedNs', 'firstChunkNs', 'lastChunkNs', 'completedNs'] as const),
  ...(['firstChunkLateNs', 'completedLateNs', 'chunks', 'inputTokens', 'outputTokens', 'workers'] as const),
  ...(['streamingNs', 'choices', 'streamedTokens', 'conversations', 'turns'] as const),
] as const;
const CODE_COLUMNS = ['finishReasons', 'errorTypes', 'groups', 'retriedAfter'] as const;
const BYTE_COLUMNS = ['outcomes', 'measured', 'attempts'] as const;

const FLOAT_BYTES = CHUNK_SAMPLES * Float64Array.BYTES_PER_ELEMENT;
const CODE_BYTES = CHUNK_SAMPLES * Uint16Array.BYTES_PER_ELEMENT;
const CHUNK_BYTES =
  FLOAT_COLUMNS.length * FLOAT_BYTES + CODE_COLUMNS.length * CODE_BYTES + BYTE_COLUMNS.length * CHUNK_SAMPLES;

type FloatColumn = (typeof FLOAT_COLUMNS)[number];
type CodeColumn = (typeof CODE_COLUMNS)[number];
type ByteColumn = (typeof BYTE_COLUMNS)[number];
/** The columns of a chunk, to be written. */
export type ChunkColumns = Readonly<
  Record<FloatColumn, Float64Array> & Record<CodeColumn, Uint16Array> & Record<ByteColumn, Uint8Array>
>;

interface Chunk {
  readonly bytes: Uint8Array;
  readonly columns: ChunkColumns;
}

export interface SampleStoreOptions {
  /** For the file that takes what memory does not; it has no name there. */
  readonly spillDirectory: string;
  /** Positions of the samples that may still change. */
  readonly inFlight: () => Iterable<number>;
  /** Default: two million samples. */
  readonly residentChunks?: number;
}

/**
 * A row a sample, in the order in which they are appended, in bounded memory: 155 bytes for each of the latest two million samples, and
 * as much for each older one that was in flight when its chunk went into the file. A row can be changed as long as its sample is
 * in flight.
 *
 * Throws `INFEROMETER_SPILL` (setup) when the file can't be written or read.
 */
export class SampleStore {
  /** Where {@link seek} and {@link append} went. */
  columns: ChunkColumns;
  row = 0;
  readonly #options: SampleStoreOptions;
  /** Undefined: in the file, at its place. */
  readonly #chunks: (Chunk | undefined)[] = [];
  #firstResident = 0;
  /** Rows of chunks in the file whose samples were in flight, by position: where they stand in the chunks of stragglers. */
  readonly #stragglers = new Map<number, number>();
  readonly #stragglerChunks: Chunk[] = [];
  #count = 0;
  #file: number | undefined;

  constructor(options: SampleStoreOptions) {
    this.#options = options;
    this.columns = createChunk().columns;
  }

  get count(): number {
    return this.#count;
  }

  /** Adds a row of zeros and goes there; returns its position. */
  append(): number {
    const position = this.#count++;
    if (position % CHUNK_SAMPLES === 0) this.#addChunk();
    this.columns = this.#chunks.at(-1)!.columns;
    this.row = position % CHUNK_SAMPLES;
    return position;
  }

  /** Goes to the row of a sample that is in flight. */
  seek(position: number): void {
    const chunk = this.#chunks[Math.floor(position / CHUNK_SAMPLES)];
    if (chunk !== undefined) {
      this.columns = chunk.columns;
      this.row = position % CHUNK_SAMPLES;
      return;
    }
    const at = this.#stragglers.get(position)!;
    this.columns = this.#stragglerChunks[Math.floor(at / CHUNK_SAMPLES)]!.columns;
    this.row = at % CHUNK_SAMPLES;
  }

  /** All rows in their order, a chunk at a time; what is given is good until the next. */
  *chunks(): Generator<ChunkColumns & Pick<SampleColumns, 'count'>> {
    const read = this.#file === undefined ? undefined : createChunk();
    const stragglers = Map.groupBy(this.#stragglers, ([position]) => Math.floor(position / CHUNK_SAMPLES));
    for (const [index, resident] of this.#chunks.entries()) {
      const chunk = resident ?? read!;
      if (resident === undefined) {
        this.#guard(() => readAllAt(this.#file!, chunk.bytes, index * CHUNK_BYTES));
        for (const [position, at] of stragglers.get(index) ?? []) {
          copyRow(
            this.#stragglerChunks[Math.floor(at / CHUNK_SAMPLES)]!,
            at % CHUNK_SAMPLES,
            chunk,
            position % CHUNK_SAMPLES,
          );
        }
      }
      const count = Math.min(CHUNK_SAMPLES, this.#count - index * CHUNK_SAMPLES);
      yield { count, ...firstRows(chunk.columns, count) };
    }
  }

  close(): void {
    if (this.#file !== undefined) closeSync(this.#file);
    this.#file = undefined;
  }

  #addChunk(): void {
    const { residentChunks = RESIDENT_CHUNKS } = this.#options;
    const isFull = this.#chunks.length - this.#firstResident >= residentChunks;
    const spare = isFull ? this.#spillFirst() : undefined;
    spare?.bytes.fill(0);
    this.#chunks.push(spare ?? createChunk());
  }

  /** Moves the oldest chunk in memory into the file and returns it, to be used again. */
  #spillFirst(): Chunk {
    const index = this.#firstResident++;
    const chunk = this.#chunks[index]!;
    this.#chunks[index] = undefined;
    for (const position of this.#options.inFlight()) {
      if (Math.floor(position / CHUNK_SAMPLES) !== index) continue;
      const at = this.#stragglers.size;
      this.#stragglers.set(position, at);
      if (at % CHUNK_SAMPLES === 0) this.#stragglerChunks.push(createChunk());
      copyRow(chunk, position % CHUNK_SAMPLES, this.#stragglerChunks.at(-1)!, at % CHUNK_SAMPLES);
    }
    this.#guard(() => {
      this.#file ??= openScratchFile(this.#options.spillDirectory);
      writeAllAt(this.#file, chunk.bytes, index * CHUNK_BYTES);
    });
    return chunk;
  }

  #guard(access: () => void): void {
    try {
      access();
    } catch (error) {
      const { spillDirectory } = this.#options;
      throw new InferometerError(
        'INFEROMETER_SPILL',
        'setup',
        `${spillDirectory}: a temporary file for the samples that don't fit into memory can't be used (${errorText(error)}); ` +
          `${this.#count} samples take ${Math.ceil((this.#count / CHUNK_SAMPLES) * (CHUNK_BYTES / 2 ** 20))} MB there`,
        { cause: error },
      );
    }
  }
}

function createChunk(): Chunk {
  const buffer = new ArrayBuffer(CHUNK_BYTES);
  let offset = 0;
  const place = <A>(names: readonly string[], bytes: number, create: (offset: number) => A) =>
    names.map((name) => {
      const column = create(offset);
      offset += bytes;
      return [name, column] as const;
    });
  const columns: unknown = Object.fromEntries([
    ...place(FLOAT_COLUMNS, FLOAT_BYTES, (at) => new Float64Array(buffer, at, CHUNK_SAMPLES)),
    ...place(CODE_COLUMNS, CODE_BYTES, (at) => new Uint16Array(buffer, at, CHUNK_SAMPLES)),
    ...place(BYTE_COLUMNS, CHUNK_SAMPLES, (at) => new Uint8Array(buffer, at, CHUNK_SAMPLES)),
  ]);
  return { bytes: new Uint8Array(buffer), columns: columns as ChunkColumns };
}

function copyRow(from: Chunk, fromRow: number, to: Chunk, toRow: number): void {
  for (const name of [...FLOAT_COLUMNS, ...CODE_COLUMNS, ...BYTE_COLUMNS])
    to.columns[name][toRow] = from.columns[name][fromRow]!;
}

function firstRows(columns: ChunkColumns, count: number): ChunkColumns {
  const entries = Object.entries(columns).map(([name, column]) => [name, column.subarray(0, count)] as const);
  return Object.fromEntries(entries) as unknown as ChunkColumns;
}
