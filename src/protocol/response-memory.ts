import { ResponseFormatError } from './response-format-error.ts';

/** Most bytes that the responses under way in one process hold together, buffers that connections keep for the next one included. */
export const RESPONSE_MEMORY_BYTES: number = 2 ** 29;

const USED = 0;
const LIMIT = 1;

/** Most bytes that the live histories of the conversations under way in one process hold of responses. */
export const HISTORY_MEMORY_BYTES: number = 2 ** 30;

/** What all responses of a process may hold together, shared by its threads: room for `limitBytes` (less than 2 GiB). */
export function createResponseMemory(limitBytes: number = RESPONSE_MEMORY_BYTES): SharedArrayBuffer {
  const shared = new SharedArrayBuffer(2 * Int32Array.BYTES_PER_ELEMENT);
  new Int32Array(shared)[LIMIT] = limitBytes;
  return shared;
}

/** What the responses on one connection, or those in one conversation's history, hold of the memory that all share. Never asked per read. */
export class MemoryAccount {
  readonly #shared: Int32Array | undefined;
  readonly #holders: string;
  #heldBytes = 0;

  /** Without `shared` there is no limit. `holders`: who has the memory, for messages. */
  constructor(shared?: SharedArrayBuffer, holders = 'the responses under way') {
    this.#shared = shared && new Int32Array(shared);
    this.#holders = holders;
  }

  /**
   * A buffer is about to go from one size to another, 0 for none. Throws {@link ResponseFormatError} `response_memory_exhausted` when there
   * is no room; the buffer then stays as it is.
   */
  resize(fromBytes: number, toBytes: number): void {
    const shared = this.#shared;
    if (shared === undefined) return;
    const bytes = toBytes - fromBytes;
    for (;;) {
      const used = Atomics.load(shared, USED);
      if (bytes > 0 && used + bytes > shared[LIMIT]!) throw exhausted(this.#holders, shared[LIMIT]!);
      if (Atomics.compareExchange(shared, USED, used, used + bytes) === used) break;
    }
    this.#heldBytes += bytes;
  }

  /** The connection is closed: gives back what its buffers held. */
  release(): void {
    if (this.#heldBytes !== 0) this.resize(this.#heldBytes, 0);
  }
}

/** For buffers that nobody limits together. */
export const NO_ACCOUNT: MemoryAccount = new MemoryAccount();

function exhausted(holders: string, limitBytes: number): ResponseFormatError {
  return new ResponseFormatError(
    'response_memory_exhausted',
    `there is no room for this response: ${holders} may hold ${limitBytes / 2 ** 20} MiB together`,
  );
}
