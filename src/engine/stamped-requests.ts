import { conversationSlotText, type HeadSlot, sampleSlotText, slotWidth } from '../protocol/head-slots.ts';
import type { RequestSource } from './connection-pool.ts';

/** What a sample's slots need to know of its conversation. A single request is one by itself. */
export interface StampedConversations {
  numberOf(seq: number): number;
  /** Its name in the dataset, or its number where it has none. */
  idOf(seq: number): string;
  /** The line of a header with its token, or nothing. */
  tokenLineOf(seq: number): string;
}

/** Requests whose head names the sample: each is a copy with its slots filled in. Only for runs that have slots: others send from shared memory. */
export class StampedRequests implements RequestSource {
  readonly #source: RequestSource;
  readonly #slotsOf: (row: number, seq: number) => readonly HeadSlot[];
  readonly #conversations: StampedConversations;

  constructor(
    source: RequestSource,
    slotsOf: (row: number, seq: number) => readonly HeadSlot[],
    conversations: StampedConversations,
  ) {
    this.#source = source;
    this.#slotsOf = slotsOf;
    this.#conversations = conversations;
  }

  requestBytes(row: number, seq: number): Uint8Array {
    const source = this.#source.requestBytes(row, seq);
    const slots = this.#slotsOf(row, seq);
    const texts = slots.map((slot) => this.#textOf(slot, seq));
    const longer = slots.reduce((sum, { kind }, i) => sum + texts[i]!.length - slotWidth(kind), 0);
    const request = Buffer.allocUnsafe(source.length + longer);
    let from = 0;
    let to = 0;
    for (const [i, { at, kind }] of slots.entries()) {
      request.set(source.subarray(from, at), to);
      to += at - from;
      to += request.write(texts[i]!, to, 'latin1');
      from = at + slotWidth(kind);
    }
    request.set(source.subarray(from), to);
    return request;
  }

  get takesTime(): boolean | undefined {
    return this.#source.takesTime;
  }

  choicesOf(row: number): number {
    return this.#source.choicesOf(row);
  }

  #textOf({ kind }: HeadSlot, seq: number): string {
    switch (kind) {
      case 'sample':
        return sampleSlotText(seq);
      case 'conversation':
        return conversationSlotText(this.#conversations.numberOf(seq));
      case 'conversation_id':
        return this.#conversations.idOf(seq);
      case 'session_token':
        return this.#conversations.tokenLineOf(seq);
    }
  }
}
