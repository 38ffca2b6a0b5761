import { conversationSlotText, type HeadSlot, sampleSlotText } from '../protocol/head-slots.ts';
import type { RequestSource } from './connection-pool.ts';

/** Requests whose head names the sample: each is a copy with its slots filled in. Only for runs that have slots: others send from shared memory. */
export class StampedRequests implements RequestSource {
  readonly #source: RequestSource;
  readonly #slots: readonly HeadSlot[];
  readonly #conversationOf: (seq: number) => number;

  constructor(source: RequestSource, slots: readonly HeadSlot[], conversationOf: (seq: number) => number) {
    this.#source = source;
    this.#slots = slots;
    this.#conversationOf = conversationOf;
  }

  requestBytes(row: number, seq: number): Uint8Array {
    const request = Buffer.from(this.#source.requestBytes(row, seq));
    for (const { at, kind } of this.#slots) {
      const text = kind === 'sample' ? sampleSlotText(seq) : conversationSlotText(this.#conversationOf(seq));
      request.write(text, at, 'latin1');
    }
    return request;
  }

  choicesOf(row: number): number {
    return this.#source.choicesOf(row);
  }
}
