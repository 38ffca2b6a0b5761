import { rm } from 'node:fs/promises';
import { XPublisher } from 'zeromq';
import { errorText, InferometerError } from '../../core/errors.ts';
import { FrameBatcher } from '../frame-batcher.ts';
import { BATCH_TOPIC } from '../frame.ts';
import type { MessageCodec, MessagePublisher, PublisherOptions } from '../message.ts';
import { checkAddress, createSocketDirectory, socketPath, tcpPlace } from './address.ts';
import { Gate } from './gate.ts';
import { HANDSHAKE_MS, MAX_SUBSCRIBER_MESSAGE_BYTES, MAX_SUBSCRIPTION_BYTES } from './socket-limits.ts';
import { curvePublisherOptions } from './socket-key.ts';

export interface ZmqPublisherOptions extends PublisherOptions {
  /** Asked of each subscriber (`createSocketKey`), and what the traffic is encrypted with; default: none. */
  readonly key?: string | undefined;
  /** For a TCP address: where the directory of the socket behind the gate is made; default as of `createSocketDirectory`. */
  readonly parentDirectory?: string | undefined;
  /** No connected subscriber misses a message; default: one without room does. */
  readonly lossless?: Lossless | undefined;
}

/**
 * For publishers that use `sendMessage`, and wait when a subscriber has no room. One that takes nothing at all for `stalledMs` is
 * disconnected, and `onStalled` told.
 */
export interface Lossless {
  readonly stalledMs: number;
  readonly onStalled: () => void;
}

/**
 * Binds a publisher at an `ipc://` or `tcp://` address; at the latter behind a {@link Gate}, which limits who comes, and a lossless one
 * always. Throws `INFEROMETER_TRANSPORT_ADDRESS` for an address no socket can have and `INFEROMETER_TRANSPORT_BIND` for one that can't be had.
 *
 * Defaults: high-water mark 1000 frames a subscriber, linger 10 s, threshold 1.
 */
export async function bindPublisher<T>(
  codec: MessageCodec<T>,
  address: string,
  options: ZmqPublisherOptions = {},
): Promise<ZmqPublisher<T>> {
  const { lossless } = options;
  const path = socketPath(checkAddress(address));
  if (path !== undefined && lossless === undefined)
    return new ZmqPublisher(codec, await bindSocket(address, options), options);
  const place = path === undefined ? tcpPlace(address)! : { path };
  const directory = await createSocketDirectory(options.parentDirectory);
  let socket: XPublisher | undefined;
  try {
    const inside = directory.freshAddress('view_pub');
    socket = await bindSocket(inside, options);
    const gate = await Gate.open(place, socketPath(inside)!, {
      idleMs: lossless?.stalledMs,
      onIdle: lossless?.onStalled,
    }).catch((error: unknown) => {
      throw cannotBind(address, error);
    });
    const outsideAddress = path === undefined ? address.replace(/[^:]*$/, String(gate.port)) : address;
    return new ZmqPublisher(codec, socket, options, {
      address: outsideAddress,
      gate,
      remove: () => directory.remove(),
    });
  } catch (error) {
    socket?.close();
    await directory.remove();
    throw error;
  }
}

async function bindSocket(address: string, options: ZmqPublisherOptions): Promise<XPublisher> {
  const { lossless } = options;
  // An XPUB is a PUB that also hears of its subscribers; with `allSubsUnsubs` of each one.
  const socket = new XPublisher({
    verbosity: 'allSubsUnsubs',
    sendHighWaterMark: options.sendHighWaterMark ?? 1000,
    immediate: options.immediate ?? false,
    // With it a message for which one subscriber has no room goes to nobody.
    noDrop: lossless !== undefined,
    // A connection on which nothing is published is not an idle one.
    ...(lossless && { heartbeatInterval: lossless.stalledMs / 3, heartbeatTimeout: 2 * lossless.stalledMs }),
    // Never waiting makes each send synchronous: it can't meet another one on its way (EBUSY), order is the order of
    // calls, and nothing queues outside the socket. A publishing socket drops for a full subscriber and never blocks.
    sendTimeout: 0,
    maxMessageSize: MAX_SUBSCRIBER_MESSAGE_BYTES,
    handshakeInterval: HANDSHAKE_MS,
    ...(options.key === undefined ? {} : curvePublisherOptions(options.key)),
  });
  try {
    await socket.bind(address);
    return socket;
  } catch (error) {
    socket.close();
    throw cannotBind(address, error);
  }
}

function cannotBind(address: string, error: unknown): InferometerError {
  return new InferometerError(
    'INFEROMETER_TRANSPORT_BIND',
    'setup',
    `cannot bind ${address}: ${errorText(error)}`,
    { cause: error },
  );
}

/** What a publisher has in front of it when it is to be reached over TCP. */
interface Front {
  readonly address: string;
  readonly gate: Gate;
  /** Removes the directory of the socket behind the gate. */
  remove(): Promise<void>;
}

/** Made by {@link bindPublisher}. */
export class ZmqPublisher<T> implements MessagePublisher<T> {
  readonly address: string;
  readonly #socket: XPublisher;
  readonly #batcher: FrameBatcher<T>;
  readonly #lingerMs: number;
  readonly #front: Front | undefined;
  readonly #watching: Promise<void>;
  readonly #onChange = new Set<() => void>();
  #subscribers = 0;
  /** Since talkers were last disconnected. */
  #subscriptionBytes = 0;
  #closing: Promise<void> | undefined;

  /** @internal */
  constructor(codec: MessageCodec<T>, socket: XPublisher, options: PublisherOptions, front?: Front) {
    this.address = front?.address ?? socket.lastEndpoint ?? '';
    this.#socket = socket;
    this.#front = front;
    this.#lingerMs = options.lingerMs ?? 10_000;
    this.#batcher = new FrameBatcher(codec, options.flushThreshold ?? 1, (frame) => this.#send(frame));
    this.#watching = this.#watchSubscribers();
  }

  /** Subscribers whose subscription has arrived: they miss nothing published from now on. */
  get subscribers(): number {
    return this.#subscribers;
  }

  /** Waits until at least `count` subscribers have joined; says whether they did within `timeoutMs`. */
  waitForSubscribers(count: number, timeoutMs = Infinity): Promise<boolean> {
    return this.#waitUntil(() => this.#subscribers >= count, timeoutMs);
  }

  /**
   * Waits until every subscriber has left; says whether they did within `timeoutMs`. One that is behind when we close may lose the last
   * message it has not taken yet, in spite of the linger: its own socket drops what it could not hand on when the connection ends.
   */
  waitUntilAlone(timeoutMs: number): Promise<boolean> {
    return this.#waitUntil(() => this.#subscribers === 0, timeoutMs);
  }

  async #waitUntil(isSo: () => boolean, timeoutMs: number): Promise<boolean> {
    if (isSo()) return true;
    return new Promise((resolve) => {
      const settle = (became: boolean) => {
        if (timer !== undefined) clearTimeout(timer);
        this.#onChange.delete(check);
        resolve(became);
      };
      const check = () => {
        if (isSo()) settle(true);
        else if (this.#closing !== undefined) settle(false);
      };
      const timer = timeoutMs === Infinity ? undefined : setTimeout(() => settle(false), timeoutMs);
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
   * Sends a whole message that was made elsewhere: topic and payload. False when a subscriber of a lossless publisher has no room for it
   * now; it went to nobody then, and has to be sent again.
   */
  async sendMessage(message: Uint8Array): Promise<boolean> {
    try {
      await this.#socket.send(message);
      return true;
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return false;
      throw error;
    }
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
    const path = socketPath(this.#socket.lastEndpoint ?? '');
    this.#socket.close();
    this.#front?.gate.close(this.#lingerMs);
    await this.#watching;
    if (path !== undefined) await rm(path, { force: true });
    await this.#front?.remove();
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
      this.#limitSubscriptions(message);
      if (message === undefined || !(message.length === 1 || message.subarray(1).equals(BATCH_TOPIC)))
        continue;
      if (message[0] === 1) this.#subscribers++;
      else if (message[0] === 0) this.#subscribers--;
      for (const check of this.#onChange) check();
    }
  }

  #limitSubscriptions(message: Uint8Array | undefined): void {
    if (this.#front === undefined || message === undefined) return;
    this.#subscriptionBytes += message.length;
    if (this.#subscriptionBytes <= MAX_SUBSCRIPTION_BYTES) return;
    this.#subscriptionBytes = 0;
    this.#front.gate.disconnectTalkers();
  }
}
