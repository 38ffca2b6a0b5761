import { type Log, SILENT_LOG } from '../core/log.ts';
import { isBatchFrame, unpackBatch } from './batch-frame.ts';
import { TOPIC_BYTES } from './frame.ts';
import type { MessageCodec } from './message.ts';

/**
 * The receiving half every transport shares: frames to items. A frame of no more than a topic is ignored, an unreadable
 * batch is logged and dropped whole, an empty payload in a batch is skipped; for a payload that its codec can't read, the
 * codec says what stands in.
 */
export class FrameDecoder<T> {
  readonly #codec: MessageCodec<T>;
  readonly #log: Log;

  constructor(codec: MessageCodec<T>, log: Log = SILENT_LOG) {
    this.#codec = codec;
    this.#log = log;
  }

  /** Appends the items of `frame` to `items`. Throws only what the codec's `onDecodeError` throws. */
  decodeInto(items: T[], frame: Uint8Array): void {
    if (frame.length <= TOPIC_BYTES) return;
    const topic = frame.subarray(0, TOPIC_BYTES);
    if (!isBatchFrame(frame)) {
      this.#decodePayload(items, frame.subarray(TOPIC_BYTES), topic);
      return;
    }
    const payloads = unpackBatch(frame);
    if (payloads === undefined) {
      this.#log.error(`dropped a batch of ${frame.length} bytes: not a MessagePack array of binaries`);
      return;
    }
    for (const payload of payloads) {
      if (payload.length > 0) this.#decodePayload(items, payload, topic);
    }
  }

  #decodePayload(items: T[], payload: Uint8Array, topic: Uint8Array): void {
    let item: T | undefined;
    try {
      item = this.#codec.decode(payload, topic);
    } catch (error) {
      item = this.#codec.onDecodeError(error, payload);
    }
    if (item !== undefined) items.push(item);
  }
}
