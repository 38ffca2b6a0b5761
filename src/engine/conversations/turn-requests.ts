import type { RequestArena } from '../../dataset/arena.ts';
import type { RequestSource } from '../connection-pool.ts';
import type { Conversations } from './conversations.ts';

/** The requests of conversations: those that repeat responses are made when they go out, the others lie in the arena. */
export class TurnRequests implements RequestSource {
  readonly #arena: RequestArena;
  readonly #conversations: Conversations;

  constructor(arena: RequestArena, conversations: Conversations) {
    this.#arena = arena;
    this.#conversations = conversations;
  }

  requestBytes(row: number, seq: number): Uint8Array {
    return this.#conversations.requestOf(seq, row) ?? this.#arena.requestBytes(row);
  }

  get takesTime(): boolean | undefined {
    return this.#arena.takesTime;
  }

  choicesOf(row: number): number {
    return this.#arena.choicesOf(row);
  }
}
