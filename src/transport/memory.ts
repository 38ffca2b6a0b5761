import { FrameBatcher } from './frame-batcher.ts';
import { FrameDecoder } from './frame-decoder.ts';
import { BATCH_TOPIC } from './frame.ts';
import type {
  MessageCodec,
  MessagePublisher,
  MessageSubscriber,
  PublisherOptions,
  SubscriberOptions,
} from './message.ts';
import { startedTwice, throwUncaught } from './subscriber-failure.ts';

const DEFAULT_HIGH_WATER_MARK = 1000;

/** Joins publishers and subscribers of one process by address. They may come in any order. */
export class MemoryBus {
  readonly #queues = new Map<string, Set<FrameQueue>>();

  /** @internal */
  queuesAt(address: string): Set<FrameQueue> {
    let queues = this.#queues.get(address);
    if (queues === undefined) this.#queues.set(address, (queues = new Set()));
    return queues;
  }
}

/** What waits for one subscriber: at most `highWaterMark` frames, newer ones are dropped as on a socket. */
class FrameQueue {
  #frames: Uint8Array[] = [];
  readonly #options: SubscriberOptions;
  readonly #wake: () => void;

  constructor(options: SubscriberOptions, wake: () => void) {
    this.#options = options;
    this.#wake = wake;
  }

  push(frame: Uint8Array, sendHighWaterMark: number): void {
    if (!this.#wants(frame)) return;
    const limit = sendHighWaterMark + (this.#options.receiveHighWaterMark ?? DEFAULT_HIGH_WATER_MARK);
    const unlimited = sendHighWaterMark === 0 || this.#options.receiveHighWaterMark === 0;
    if (this.#options.conflate === true) this.#frames = [frame];
    else if (unlimited || this.#frames.length < limit) this.#frames.push(frame);
    this.#wake();
  }

  takeAll(): Uint8Array[] {
    const frames = this.#frames;
    this.#frames = [];
    return frames;
  }

  #wants(frame: Uint8Array): boolean {
    const { topics } = this.#options;
    if (topics === undefined) return true;
    return [...topics, BATCH_TOPIC].some((topic) => topic.every((byte, i) => frame[i] === byte));
  }
}

/** A publisher on `bus`. Nothing is ever lost on the way; what a full subscriber can't take is dropped for it. */
export function bindMemoryPublisher<T>(
  bus: MemoryBus,
  codec: MessageCodec<T>,
  address: string,
  options: PublisherOptions = {},
): Promise<MessagePublisher<T>> {
  const highWaterMark = options.sendHighWaterMark ?? DEFAULT_HIGH_WATER_MARK;
  const batcher = new FrameBatcher(codec, options.flushThreshold ?? 1, (frame) => {
    for (const queue of bus.queuesAt(address)) queue.push(frame, highWaterMark);
  });
  let closed = false;
  return Promise.resolve({
    address,
    publish(item: T) {
      if (!closed) batcher.publish(item);
    },
    flush() {
      if (!closed) batcher.flush();
    },
    close() {
      if (!closed) batcher.flush();
      closed = true;
      return Promise.resolve();
    },
  });
}

/** A subscriber on `bus`, which hears what is published from now on. */
export function connectMemorySubscriber<T>(
  bus: MemoryBus,
  codec: MessageCodec<T>,
  address: string,
  options: SubscriberOptions = {},
): Promise<MessageSubscriber<T>> {
  return Promise.resolve(new MemorySubscriber(bus.queuesAt(address), codec, options));
}

class MemorySubscriber<T> implements MessageSubscriber<T> {
  readonly #peers: Set<FrameQueue>;
  readonly #queue: FrameQueue;
  readonly #decoder: FrameDecoder<T>;
  readonly #onFailure: (error: unknown) => void;
  #process: ((items: readonly T[]) => void) | undefined;
  #wakePending = false;

  constructor(peers: Set<FrameQueue>, codec: MessageCodec<T>, options: SubscriberOptions) {
    this.#peers = peers;
    this.#queue = new FrameQueue(options, () => this.#wake());
    this.#decoder = new FrameDecoder(codec, options.log);
    this.#onFailure = options.onFailure ?? throwUncaught;
    peers.add(this.#queue);
  }

  start(process: (items: readonly T[]) => void): void {
    if (this.#process !== undefined) throw startedTwice();
    this.#process = process;
    this.#wake();
  }

  close(): Promise<void> {
    this.#peers.delete(this.#queue);
    return Promise.resolve();
  }

  #wake(): void {
    if (this.#wakePending || this.#process === undefined) return;
    this.#wakePending = true;
    setImmediate(() => {
      this.#wakePending = false;
      if (this.#peers.has(this.#queue)) this.#deliver();
    });
  }

  #deliver(): void {
    const items: T[] = [];
    try {
      for (const frame of this.#queue.takeAll()) this.#decoder.decodeInto(items, frame);
      if (items.length > 0) this.#process?.(items);
    } catch (error) {
      this.#peers.delete(this.#queue);
      this.#onFailure(error);
    }
  }
}
