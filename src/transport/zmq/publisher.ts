import { rm } from 'node:fs/promises';
import { XPublisher } from 'zeromq';
import { errorText, InferometerError } from '../../core/errors.ts';
import { FrameBatcher } from '../frame-batcher.ts';
import { BATCH_TOPIC } from '../frame.ts';
import type { MessageCodec, MessagePublisher, PublisherOptions } from '../message.ts';
import { checkAddress, isIpv6, socketPath } from './address.ts';
import { curvePublisherOptions } from './socket-key.ts';

export interface ZmqPublisherOptions extends PublisherOptions {
  /** Asked of each subscriber (`createSocketKey`), and what the traffic is encrypted with; default: none. */
  readonly key?: string | undefined;
}

/**
 * Binds a publisher at an `ipc://` or `tcp://` address. Throws `INFEROMETER_TRANSPORT_ADDRESS` for an address no socket can
 * have and `INFEROMETER_TRANSPORT_BIND` for one that can't be had.
 *
 * Defaults: high-water mark 1000 frames a subscriber, linger 10 s, threshold 1.
 */
export async function bindPublisher<T>(
  codec: MessageCodec<T>,
  address: string,
  options: ZmqPublisherOptions = {},
): Promise<ZmqPublisher<T>> {
  checkAddress(address);
  // An XPUB is a PUB that also hears of its subscribers; with `allSubsUnsubs` of each one.
  const socket = new XPublisher({
    verbosity: 'allSubsUnsubs',
    sendHighWaterMark: options.sendHighWaterMark ?? 1000,
    immediate: options.immediate ?? false,
    // Never waiting makes each send synchronous: it can't meet another one on its way (EBUSY), order is the order of
    // calls, and nothing queues outside the socket. A publishing socket drops for a full subscriber and never blocks.
    sendTimeout: 0,
    ipv6: isIpv6(address),
    ...(options.key === undefined ? {} : curvePublisherOptions(options.key)),
  });
  try {
    await socket.bind(address.replace(/^(tcp:.*):0$/, '$1:*'));
  } catch (error) {
    socket.close();
    throw new InferometerError(
      'INFEROMETER_TRANSPORT_BIND',
      'setup',
      `cannot bind ${address}: ${errorText(error)}`,
      { cause: error },
    );
  }
  return new ZmqPublisher(codec, socket, options);
}

/** Made by {@link bindPublisher}. */
export class ZmqPublisher<T> implements MessagePublisher<T> {
  readonly address: string;
  readonly #socket: XPublisher;
  readonly #batcher: FrameBatcher<T>;
  readonly #lingerMs: number;
  readonly #watching: Promise<void>;
  readonly #onChange = new Set<() => void>();
  #subscribers = 0;
  #closing: Promise<void> | undefined;

  /** @internal */
  constructor(codec: MessageCodec<T>, socket: XPublisher, options: PublisherOptions) {
    this.address = socket.lastEndpoint ?? '';
    this.#socket = socket;
    this.#lingerMs = options.lingerMs ?? 10_000;
    this.#batcher = new FrameBatcher(codec, options.flushThreshold ?? 1, (frame) => this.#send(frame));
    this.#watching = this.#watchSubscribers();
  }

  /** Subscribers whose subscription has arrived: they miss nothing published from now on. */
  get subscribers(): number {
    return this.#subscribers;
  }

  /** Waits until at least `count` subscribers have joined; says whether they did within `timeoutMs`. */
  async waitForSubscribers(count: number, timeoutMs: number): Promise<boolean> {
    if (this.#subscribers >= count) return true;
    return new Promise((resolve) => {
      const settle = (joined: boolean) => {
        clearTimeout(timer);
        this.#onChange.delete(check);
        resolve(joined);
      };
      const check = () => {
        if (this.#subscribers >= count) settle(true);
        else if (this.#closing !== undefined) settle(false);
      };
      const timer = setTimeout(() => settle(false), timeoutMs);
      this.#onChange.add(check);
    });
  }

  publish(item: T): void {
    if (this.#closing === undefined) this.#batcher.publish(item);
  }

  flush(): void {
    if (this.#closing === undefined) this.#batcher.flush();
  }

  /**
   * Returns at once: what is queued for connected subscribers leaves within the linger, which also holds the process up
   * when it ends by itself. `process.exit` cuts it off.
   */
  close(): Promise<void> {
    if (this.#closing !== undefined) return this.#closing;
    this.#batcher.flush();
    this.#closing = this.#close();
    for (const check of this.#onChange) check();
    return this.#closing;
  }

  async #close(): Promise<void> {
    this.#socket.linger = this.#lingerMs;
    this.#socket.close();
    await this.#watching;
    const path = socketPath(this.address);
    if (path !== undefined) await rm(path, { force: true });
  }

  #send(frame: Uint8Array): void {
    this.#socket.send(frame).catch((error: unknown) => {
      // The one refusal a publishing socket knows; the subscribers it could reach have the frame.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    });
  }

  /** A subscriber of ours asks once for everything or, with a list of topics, once for the batch topic. */
  async #watchSubscribers(): Promise<void> {
    for await (const [message] of this.#socket) {
      if (message === undefined || !(message.length === 1 || message.subarray(1).equals(BATCH_TOPIC)))
        continue;
      if (message[0] === 1) this.#subscribers++;
      else if (message[0] === 0) this.#subscribers--;
      for (const check of this.#onChange) check();
    }
  }
}
