import { setImmediate as nextTurn } from 'node:timers/promises';
import { type ConnectionState, openSubscriberSocket } from './subscriber.ts';
import type { Subscriber } from 'zeromq';

/** Handed over at a time at most; a single larger message is handed over alone. */
const DELIVERY_BYTES = 2 ** 20;
const DELIVERY_MESSAGES = 4096;
/** Other work of the thread waits no longer for a publisher that sends without a pause. */
const TURN_MS = 10;

/** Of messages so small that it is what each costs beside its bytes that counts. */
const MOST_QUEUED_MESSAGES = 2 ** 16;

export interface MessageReceiverOptions {
  /** Who announces a larger message is disconnected, bytes. */
  readonly maxMessageBytes: number;
  /** How much may wait to be handed over, bytes; at least one message may. */
  readonly maxQueuedBytes: number;
  readonly onConnection: (state: ConnectionState) => void;
}

/**
 * A subscriber to everything at an address that hands messages over unread. It connects and reconnects by itself; nobody need be bound there yet.
 *
 * What arrives while messages are being handled is queued up to a number of bytes; from there on nothing more is read from the connection, so that
 * the publisher's own queue grows, and beyond its limit, if it has one, the publisher drops. ZeroMQ counts messages, not bytes: the limit is
 * that for messages as large as the largest so far.
 */
export class MessageReceiver {
  readonly #socket: Subscriber;
  readonly #maxQueuedBytes: number;
  #largestBytes = 1;

  private constructor(socket: Subscriber, maxQueuedBytes: number) {
    this.#socket = socket;
    this.#maxQueuedBytes = maxQueuedBytes;
  }

  /** Throws `INFEROMETER_TRANSPORT_ADDRESS`. */
  static connect(
    address: string,
    { maxMessageBytes, maxQueuedBytes, onConnection }: MessageReceiverOptions,
  ): MessageReceiver {
    const socket = openSubscriberSocket(address, {
      ...{ receiveHighWaterMark: queuedMessages(maxQueuedBytes, 1), maxMessageBytes, onConnection },
    });
    return new MessageReceiver(socket, maxQueuedBytes);
  }

  /**
   * Hands over all messages in the order of arrival, until it is closed; parts of a message count as messages. Waits for what `handle` returns,
   * and rejects with what it throws.
   */
  async run(handle: (messages: readonly Uint8Array[]) => void | Promise<void>): Promise<void> {
    let turnEndsMs = performance.now() + TURN_MS;
    let next = await this.#receive();
    while (next !== undefined) {
      const messages: Uint8Array[] = [...next];
      let bytes = lengthOf(next);
      while (bytes < DELIVERY_BYTES && messages.length < DELIVERY_MESSAGES && this.#hasMore()) {
        const more = await this.#receive();
        if (more === undefined) break;
        messages.push(...more);
        bytes += lengthOf(more);
      }
      this.#limitQueue(messages);
      const handled = handle(messages);
      if (handled !== undefined) await handled;
      if (performance.now() > turnEndsMs) {
        await nextTurn();
        turnEndsMs = performance.now() + TURN_MS;
      }
      next = await this.#receive();
    }
  }

  /** Idempotent. */
  close(): void {
    this.#socket.close();
  }

  #limitQueue(messages: readonly Uint8Array[]): void {
    let largest = this.#largestBytes;
    for (const { length } of messages) if (length > largest) largest = length;
    if (largest === this.#largestBytes) return;
    this.#largestBytes = largest;
    if (!this.#socket.closed)
      this.#socket.receiveHighWaterMark = queuedMessages(this.#maxQueuedBytes, largest);
  }

  #hasMore(): boolean {
    return !this.#socket.closed && this.#socket.readable;
  }

  /** The parts of the next message, or `undefined` once the socket is closed, which ends a waiting receive with EAGAIN. */
  async #receive(): Promise<readonly Uint8Array[] | undefined> {
    if (this.#socket.closed) return undefined;
    try {
      return await this.#socket.receive();
    } catch (error) {
      if (this.#socket.closed) return undefined;
      throw error;
    }
  }
}

/** How many messages of a size may be queued. */
function queuedMessages(maxQueuedBytes: number, messageBytes: number): number {
  return Math.max(1, Math.min(MOST_QUEUED_MESSAGES, Math.floor(maxQueuedBytes / messageBytes)));
}

function lengthOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, { length }) => sum + length, 0);
}
