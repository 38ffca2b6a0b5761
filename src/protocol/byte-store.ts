import { type MemoryAccount, NO_ACCOUNT } from './response-memory.ts';

/** A larger buffer is given back when it is cleared: one huge message in each connection must not stay in memory. */
const MAX_KEPT_BYTES = 2 ** 20;

const NOTHING = new Uint8Array(0);

/** Bytes appended one after another to a buffer that grows by doubling and is kept when it is cleared, up to 1 MiB. None before the first append. */
export class ByteStore {
  readonly #initialCapacity: number;
  readonly #account: MemoryAccount;
  #bytes: Uint8Array = NOTHING;
  #length = 0;

  /** Growth beyond `initialCapacity` is taken from `account`, which may refuse it: `append` then throws. */
  constructor(initialCapacity: number, account = NO_ACCOUNT) {
    this.#initialCapacity = initialCapacity;
    this.#account = account;
  }

  /** The buffer; valid up to `length` and until the next append. */
  get bytes(): Uint8Array {
    return this.#bytes;
  }

  get length(): number {
    return this.#length;
  }

  /** Bytes that were read from it stay as they are until the next append. */
  clear(): void {
    this.#length = 0;
    if (this.#bytes.length <= MAX_KEPT_BYTES) return;
    this.#account.resize(this.#bytes.length, this.#initialCapacity);
    this.#bytes = NOTHING;
  }

  /** @hot */
  append(source: Uint8Array, start: number, end: number): void {
    const at = this.#length;
    const count = end - start;
    this.#reserve(at + count);
    const bytes = this.#bytes;
    if (count <= COPIED_BYTE_BY_BYTE) {
      for (let index = 0; index < count; index++) bytes[at + index] = source[start + index]!;
    } else {
      bytes.set(source.subarray(start, end), at);
    }
    this.#length = at + count;
  }

  /** @hot */
  appendByte(byte: number): void {
    this.#reserve(this.#length + 1);
    this.#bytes[this.#length++] = byte;
  }

  #reserve(capacity: number): void {
    if (capacity <= this.#bytes.length) return;
    // The initial capacity is there, as far as the account goes, before it is taken.
    const oldCapacity = Math.max(this.#initialCapacity, this.#bytes.length);
    const newCapacity = capacity <= oldCapacity ? oldCapacity : Math.max(capacity, 2 * oldCapacity);
    this.#account.resize(oldCapacity, newCapacity);
    const larger = new Uint8Array(newCapacity);
    larger.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = larger;
  }
}

/** Up to here a loop is cheaper than the view that `set` needs. */
const COPIED_BYTE_BY_BYTE = 256;
