import { packBatch, packSingle } from './batch-frame.ts';
import type { MessageCodec } from './message.ts';

/**
 * The sending half every transport shares: encodes items, gathers them and hands out frames. A frame leaves when
 * `threshold` items wait or on {@link flush}: one item under its own topic, more under the batch topic.
 */
export class FrameBatcher<T> {
  readonly #codec: MessageCodec<T>;
  readonly #threshold: number;
  readonly #send: (frame: Uint8Array) => void;
  #payloads: Uint8Array[] = [];
  #lastTopic: Uint8Array | undefined;

  constructor(codec: MessageCodec<T>, threshold: number, send: (frame: Uint8Array) => void) {
    this.#codec = codec;
    this.#threshold = threshold;
    this.#send = send;
  }

  /** Items that wait for a frame. */
  get buffered(): number {
    return this.#payloads.length;
  }

  publish(item: T): void {
    const { topic, payload } = this.#codec.encode(item);
    this.#payloads.push(payload);
    this.#lastTopic = topic;
    if (this.#payloads.length >= this.#threshold) this.flush();
  }

  flush(): void {
    const payloads = this.#payloads;
    const topic = this.#lastTopic;
    if (topic === undefined) return;
    this.#payloads = [];
    this.#lastTopic = undefined;
    const [only] = payloads;
    const single = payloads.length === 1 && only !== undefined;
    this.#send(single ? packSingle({ topic, payload: only }) : packBatch(payloads));
  }
}
