import { setTimeout as sleep } from 'node:timers/promises';
import { Subscriber } from 'zeromq';
import { FrameDecoder } from '../frame-decoder.ts';
import { BATCH_TOPIC } from '../frame.ts';
import type { MessageCodec, MessageSubscriber, SubscriberOptions } from '../message.ts';
import { startedTwice, throwUncaught } from '../subscriber-failure.ts';
import { checkAddress, isIpv6 } from './address.ts';
import { HANDSHAKE_MS, MAX_FRAME_MESSAGE_BYTES } from './socket-limits.ts';
import { curveSubscriberOptions } from './socket-key.ts';

/** `refused`: whoever listens there does not talk to us; the key is wrong or missing, or it is no publisher. */
export type ConnectionState = 'connected' | 'disconnected' | 'refused';

export interface ZmqSubscriberOptions extends SubscriberOptions {
  /** The publisher's, when it has one. */
  readonly key?: string | undefined;
  /**
   * Time from the arrival of a frame to its decoding, of all but the first; default 0. When many processes of a machine get the same
   * frames, another one in each keeps them from all working at the same moment.
   */
  readonly lagMs?: number | undefined;
  /** Largest message taken, bytes: who announces a larger one is disconnected. Default: the largest frame there is. */
  readonly maxMessageBytes?: number | undefined;
  /** Told whenever the connection changes. A lost one is tried again for ever, ten times a second; a refused one perhaps. */
  readonly onConnection?: ((state: ConnectionState) => void) | undefined;
}

/** Frames delivered at a time at most, so that a publisher that outruns us does not keep us from delivering. */
const FRAMES_PER_DELIVERY = 1024;

/** With these a peer that fell silent, such as a machine without a network, counts as disconnected. */
const HEARTBEAT = { heartbeatInterval: 2000, heartbeatTimeout: 6000 };

/**
 * A subscriber that connects, and reconnects, to a publisher's address; nobody need be bound there yet. It queues from the
 * moment the publisher has its subscription (`ZmqPublisher.waitForSubscribers` tells), before `start` too.
 *
 * Defaults: high-water mark 1000 frames, every topic, no conflation. Throws `INFEROMETER_TRANSPORT_ADDRESS`.
 */
export function connectSubscriber<T>(
  codec: MessageCodec<T>,
  address: string,
  options: ZmqSubscriberOptions = {},
): Promise<MessageSubscriber<T>> {
  return new Promise((resolve) => {
    resolve(new ZmqSubscriber(codec, openSubscriberSocket(address, options), options));
  });
}

/** The socket alone. Throws `INFEROMETER_TRANSPORT_ADDRESS`. */
export function openSubscriberSocket(address: string, options: ZmqSubscriberOptions): Subscriber {
  checkAddress(address);
  const socket = new Subscriber({
    receiveHighWaterMark: options.receiveHighWaterMark ?? 1000,
    conflate: options.conflate ?? false,
    linger: 0,
    maxMessageSize: options.maxMessageBytes ?? MAX_FRAME_MESSAGE_BYTES,
    handshakeInterval: HANDSHAKE_MS,
    ipv6: isIpv6(address),
    ...(options.key === undefined ? {} : curveSubscriberOptions(options.key)),
    ...(options.onConnection !== undefined || address.startsWith('tcp:') ? HEARTBEAT : {}),
  });
  if (options.onConnection !== undefined) tellConnection(socket, options.onConnection);
  if (options.topics === undefined) socket.subscribe();
  else for (const topic of [...options.topics, BATCH_TOPIC]) socket.subscribe(Buffer.from(topic));
  socket.connect(address);
  return socket;
}

function tellConnection({ events }: Subscriber, tell: (state: ConnectionState) => void): void {
  events.on('handshake', () => tell('connected'));
  events.on('disconnect', () => tell('disconnected'));
  for (const failure of ['protocol', 'auth', 'other'] as const) {
    events.on(`handshake:error:${failure}`, () => tell('refused'));
  }
}

class ZmqSubscriber<T> implements MessageSubscriber<T> {
  readonly #socket: Subscriber;
  readonly #decoder: FrameDecoder<T>;
  readonly #onFailure: (error: unknown) => void;
  readonly #lagMs: number;
  readonly #closing = new AbortController();
  #running: Promise<void> | undefined;

  constructor(codec: MessageCodec<T>, socket: Subscriber, options: ZmqSubscriberOptions) {
    this.#socket = socket;
    this.#decoder = new FrameDecoder(codec, options.log);
    this.#onFailure = options.onFailure ?? throwUncaught;
    this.#lagMs = options.lagMs ?? 0;
  }

  start(process: (items: readonly T[]) => void): void {
    if (this.#running !== undefined) throw startedTwice();
    this.#running = this.#run(process).catch((error: unknown) => {
      this.#socket.close();
      this.#onFailure(error);
    });
  }

  async close(): Promise<void> {
    this.#socket.close();
    this.#closing.abort();
    await this.#running;
  }

  async #run(process: (items: readonly T[]) => void): Promise<void> {
    let frame = await this.#receive();
    while (frame !== undefined) {
      const items: T[] = [];
      this.#decoder.decodeInto(items, frame);
      for (let frames = 1; frames < FRAMES_PER_DELIVERY && this.#hasMore(); frames++) {
        const next = await this.#receive();
        if (next !== undefined) this.#decoder.decodeInto(items, next);
      }
      if (items.length > 0 && !this.#socket.closed) process(items);
      frame = await this.#receive();
      if (this.#lagMs > 0) await this.#lag();
    }
  }

  async #lag(): Promise<void> {
    await sleep(this.#lagMs, undefined, { signal: this.#closing.signal }).catch(() => undefined);
  }

  #hasMore(): boolean {
    return !this.#socket.closed && this.#socket.readable;
  }

  /** The next frame, or `undefined` once the socket is closed, which ends a waiting receive with EAGAIN. */
  async #receive(): Promise<Uint8Array | undefined> {
    if (this.#socket.closed) return undefined;
    try {
      const [frame] = await this.#socket.receive();
      return frame;
    } catch (error) {
      if (this.#socket.closed) return undefined;
      throw error;
    }
  }
}
