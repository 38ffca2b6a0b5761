import { setImmediate as nextTurn } from 'node:timers/promises';
import { type ConnectionState, openSubscriberSocket } from './subscriber.ts';
import type { Subscriber } from 'zeromq';

/** Handed over at a time at most; a single larger message is handed over alone. */
const DELIVERY_BYTES = 2 ** 20;
const DELIVERY_MESSAGES = 4096;
/** Other work of the thread waits no longer for a publisher that sends without a pause. */
const TURN_MS = 10;

export interface MessageReceiverOptions {
  /** Who announces a larger message is disconnected, bytes. */
  readonly maxMessageBytes: number;
  readonly onConnection: (state: ConnectionState) => void;
}

/**
 * A subscriber to everything at an address that hands messages over unread and without any limit to their queue: what a publisher without a
 * log sends cannot be had again. It connects and reconnects by itself; nobody need be bound there yet.
 */
export class MessageReceiver {
  readonly #socket: Subscriber;

  private constructor(socket: Subscriber) {
    this.#socket = socket;
  }

  /** Throws `INFEROMETER_TRANSPORT_ADDRESS`. */
  static connect(
    address: string,
    { maxMessageBytes, onConnection }: MessageReceiverOptions,
  ): MessageReceiver {
    return new MessageReceiver(
      openSubscriberSocket(address, { receiveHighWaterMark: 0, maxMessageBytes, onConnection }),
    );
  }

  /** Hands over all messages in the order of arrival, until it is closed; parts of a message count as messages. Rejects with what `handle` throws. */
  async run(handle: (messages: readonly Uint8Array[]) => void): Promise<void> {
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
      handle(messages);
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

function lengthOf(parts: readonly Uint8Array[]): number {
  return parts.reduce((sum, { length }) => sum + length, 0);
}
