import type { Log } from '../core/log.ts';

/** A message as it leaves: a topic of exactly 40 bytes and the payload behind it. */
export interface EncodedMessage {
  readonly topic: Uint8Array;
  readonly payload: Uint8Array;
}

/**
 * Turns items into messages and back.
 *
 * `decode` may throw whatever it likes: the transport catches it and asks `onDecodeError`, which returns a substitute,
 * returns `undefined` to drop the message, or throws what is not a wire failure.
 */
export interface MessageCodec<T> {
  encode(item: T): EncodedMessage;
  decode(payload: Uint8Array, topic: Uint8Array): T;
  onDecodeError(error: unknown, payload: Uint8Array): T | undefined;
}

/** One end that many may listen to. Order of `publish` is the order of arrival. */
export interface MessagePublisher<T> {
  /** Where a subscriber connects. */
  readonly address: string;
  /** Never blocks or throws for a slow or missing subscriber; ignored after `close`. */
  publish(item: T): void;
  /** Hands buffered items to the socket now. */
  flush(): void;
  /** Flushes, sends what is queued within the linger, closes. Idempotent. */
  close(): Promise<void>;
}

/** Receives what a publisher sends from the moment it is connected. */
export interface MessageSubscriber<T> {
  /** Begins to deliver; all items waiting at a wake-up come as one call, in order. Must be called exactly once. */
  start(process: (items: readonly T[]) => void): void;
  /** Stops delivering. Idempotent. */
  close(): Promise<void>;
}

/** Socket knobs; `undefined` leaves the default of the implementation. */
export interface PublisherOptions {
  /** Messages queued per subscriber before new ones are dropped for it; 0 = unlimited. */
  readonly sendHighWaterMark?: number;
  /** How long `close` may spend on what is queued, ms; -1 = for ever. */
  readonly lingerMs?: number;
  /** Queue only to completed connections. */
  readonly immediate?: boolean;
  /** Items buffered before a frame is sent; 1 = each at once. */
  readonly flushThreshold?: number;
}

export interface SubscriberOptions {
  /** Messages queued at this end before new ones are dropped; 0 = unlimited. */
  readonly receiveHighWaterMark?: number;
  /** Keep only the newest message. */
  readonly conflate?: boolean;
  /** Topics wanted; all when absent. The batch topic is always added to a list. */
  readonly topics?: readonly Uint8Array[];
  /** Told of batches that were dropped because they can't be read. */
  readonly log?: Log;
  /**
   * Called once when the codec re-threw or `process` threw; delivery has then ended. By default the error is uncaught.
   */
  readonly onFailure?: (error: unknown) => void;
}
