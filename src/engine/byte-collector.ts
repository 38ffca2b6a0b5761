import { type MemoryAccount, NO_ACCOUNT } from '../protocol/response-memory.ts';

const INITIAL_BYTES = 4096;
/** A larger buffer is given back when the next body begins. */
const KEPT_BYTES = 1024 * 1024;
const NOTHING = new Uint8Array(0);

/**
 * Puts a body together in a buffer that is reused. A body that came in one piece is not copied: its bytes are read where
 * they lie, unless {@link settle} is called first.
 */
export class ByteCollector {
  /** Where {@link join} has put the bytes. */
  buffer = NOTHING as Uint8Array;
  start = 0;
  end = 0;
  readonly #limit: number;
  readonly #account: MemoryAccount;
  #bytes = NOTHING;
  #length = 0;
  /** The newest piece, not copied yet. */
  #piece: Uint8Array | undefined;
  #pieceStart = 0;
  #pieceEnd = 0;

  /** Bytes past the limit are dropped. What is copied is taken from `account`, which may refuse it: `add`, `settle` and `join` then throw. */
  constructor(limit = Infinity, account = NO_ACCOUNT) {
    this.#limit = limit;
    this.#account = account;
  }

  reset(): void {
    this.#length = 0;
    this.#piece = undefined;
    if (this.#bytes.length <= KEPT_BYTES) return;
    this.#account.resize(this.#bytes.length, 0);
    this.#bytes = NOTHING;
  }

  /** Takes `buffer[start..end)`, which must stay as it is until {@link settle}. */
  add(buffer: Uint8Array, start: number, end: number): void {
    this.settle();
    this.#piece = buffer;
    this.#pieceStart = start;
    this.#pieceEnd = Math.min(end, start + this.#limit - this.#length);
  }

  /** Copies what is still elsewhere: the caller is about to overwrite its buffer. */
  settle(): void {
    const piece = this.#piece;
    if (piece === undefined) return;
    this.#piece = undefined;
    const added = this.#pieceEnd - this.#pieceStart;
    if (this.#length + added > this.#bytes.length) this.#grow(this.#length + added);
    this.#bytes.set(piece.subarray(this.#pieceStart, this.#pieceEnd), this.#length);
    this.#length += added;
  }

  /** Puts all bytes since `reset` together at `buffer[start..end)`, where they stay until the next call of another method. */
  join(): void {
    if (this.#piece !== undefined && this.#length === 0) {
      this.buffer = this.#piece;
      this.start = this.#pieceStart;
      this.end = this.#pieceEnd;
    } else {
      this.settle();
      this.buffer = this.#bytes;
      this.start = 0;
      this.end = this.#length;
    }
  }

  /** What {@link join} puts together. */
  bytes(): Uint8Array {
    this.join();
    return this.buffer.subarray(this.start, this.end);
  }

  #grow(wanted: number): void {
    const capacity = Math.max(wanted, 2 * this.#bytes.length, INITIAL_BYTES);
    this.#account.resize(this.#bytes.length, capacity);
    const grown = new Uint8Array(capacity);
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}
