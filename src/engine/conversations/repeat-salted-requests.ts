import type { RequestSource } from '../connection-pool.ts';

/** Salts of conversations by how many times they were sent before. Crosses threads by structured clone. */
export interface RepeatSalts {
  /** As Uint16Array: the salt of each time, four hex digits as a number; they begin again behind the last. */
  readonly salts: SharedArrayBuffer;
  /** Of each endpoint, as Uint32Array: where in the request of a turn the four digits are. */
  readonly offsets: readonly SharedArrayBuffer[];
}

const DIGITS = 4;

/** The requests of conversations, which have the salt of the first time, with that of each later time. Costs those a copy. */
export class RepeatSaltedRequests implements RequestSource {
  readonly #source: RequestSource;
  readonly #salts: Uint16Array;
  readonly #offsets: Uint32Array;
  readonly #repeatsOf: (seq: number) => number;

  /** `endpoint`: number of the one that the requests are for. */
  constructor(
    source: RequestSource,
    { salts, offsets }: RepeatSalts,
    endpoint: number,
    repeatsOf: (seq: number) => number,
  ) {
    this.#source = source;
    this.#salts = new Uint16Array(salts);
    this.#offsets = new Uint32Array(offsets[endpoint]!);
    this.#repeatsOf = repeatsOf;
  }

  requestBytes(row: number, seq: number): Uint8Array {
    const source = this.#source.requestBytes(row, seq);
    const repeats = this.#repeatsOf(seq);
    if (repeats === 0) return source;
    const request = Buffer.from(source);
    const salt = this.#salts[repeats % this.#salts.length]!;
    request.write(salt.toString(16).padStart(DIGITS, '0'), this.#offsets[row]!, 'latin1');
    return request;
  }

  get takesTime(): boolean | undefined {
    return this.#source.takesTime;
  }

  choicesOf(row: number): number {
    return this.#source.choicesOf(row);
  }
}
