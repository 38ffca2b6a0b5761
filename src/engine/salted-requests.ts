import type { RequestArena } from '../dataset/arena.ts';
import { type SaltAlphabet, Salts } from '../dataset/salt.ts';
import type { RequestSource } from './connection-pool.ts';

/** Requests of which each that is sent has a salt of its own. Crosses threads by structured clone. */
export interface SaltSettings {
  readonly alphabet: SaltAlphabet;
  /** Of each endpoint, as Uint32Array: where in the request of a row its salt begins. */
  readonly offsets: readonly SharedArrayBuffer[];
}

/**
 * The requests of an arena with another salt in each: that of the sample, so a request that is sent again has the same. Costs a copy of
 * each request.
 */
export class SaltedRequests implements RequestSource {
  readonly #arena: RequestArena;
  readonly #offsets: Uint32Array;
  readonly #salts: Salts;

  /** `endpoint`: number of the one that the arena is for. */
  constructor(arena: RequestArena, { alphabet, offsets }: SaltSettings, endpoint: number, seed: number) {
    this.#arena = arena;
    this.#offsets = new Uint32Array(offsets[endpoint]!);
    this.#salts = new Salts(alphabet, seed, 'request');
  }

  requestBytes(row: number, seq: number): Uint8Array {
    const request = Buffer.from(this.#arena.requestBytes(row));
    request.write(this.#salts.textOf(seq), this.#offsets[row]!, 'latin1');
    return request;
  }

  get takesTime(): boolean | undefined {
    return this.#arena.takesTime;
  }

  choicesOf(row: number): number {
    return this.#arena.choicesOf(row);
  }
}
