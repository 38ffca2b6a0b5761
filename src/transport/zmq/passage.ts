import { connect, type Socket } from 'node:net';
import {
  HANDSHAKE_MS,
  PASSAGE_BUFFER_BYTES,
  VIEWER_BURST_BYTES,
  VIEWER_BYTES,
  VIEWER_BYTES_PER_SECOND,
  VIEWER_IDLE_MS,
} from './socket-limits.ts';

/** How long a passage may be silent, ms. */
export interface PassagePatience {
  /** At the beginning. Default: {@link HANDSHAKE_MS}. */
  readonly handshakeMs?: number | undefined;
  /** Once it has said something. Default: {@link VIEWER_IDLE_MS}. */
  readonly idleMs?: number | undefined;
}

export interface PassageListener {
  /** It has been sent a snapshot. */
  onViewer(): void;
  /** It is closed, whoever did it. */
  onEnd(): void;
  /** It was closed because nothing moved. */
  onIdle(): void;
}

/**
 * One connection from outside and, once it has said something, its other half, to the socket behind the gate: libzmq spends 50 KB on each,
 * which who says nothing does not get. What is sent to the viewer passes through one buffer, and no more is read before that is written.
 */
export class Passage {
  readonly outside: Socket;
  readonly #insidePath: string;
  readonly #idleMs: number;
  readonly #listener: PassageListener;
  readonly #allowance = new Allowance();
  #inside: Socket | undefined;
  #isViewer = false;

  constructor(
    outside: Socket,
    insidePath: string,
    { handshakeMs = HANDSHAKE_MS, idleMs = VIEWER_IDLE_MS }: PassagePatience,
    listener: PassageListener,
  ) {
    this.outside = outside;
    this.#insidePath = insidePath;
    this.#idleMs = idleMs;
    this.#listener = listener;
    outside.setNoDelay(true);
    outside.setTimeout(handshakeMs, () => this.#endOfPatience());
    outside.on('data', (bytes) => this.#passIn(bytes));
    outside.on('error', () => this.close());
    outside.on('close', () => this.close());
  }

  /** Whether it has got as far as the publisher. */
  get isInside(): boolean {
    return this.#inside !== undefined;
  }

  close(): void {
    this.outside.destroy();
    this.#inside?.destroy();
    this.#listener.onEnd();
  }

  #endOfPatience(): void {
    const wasInside = this.isInside;
    this.close();
    if (wasInside) this.#listener.onIdle();
  }

  #passIn(bytes: Buffer<ArrayBuffer>): void {
    if (!this.#allowance.take(bytes.length)) {
      this.close();
      free(bytes);
      return;
    }
    this.#inside ??= this.#openInside();
    if (!this.#inside.write(bytes)) this.outside.pause();
  }

  #openInside(): Socket {
    const { outside } = this;
    outside.setTimeout(this.#idleMs);
    const inside = connect({
      path: this.#insidePath,
      onread: {
        buffer: Buffer.allocUnsafeSlow(PASSAGE_BUFFER_BYTES),
        callback: (length, buffer) => {
          outside.write(buffer.subarray(0, length), () => inside.resume());
          this.#noteSent();
          return false;
        },
      },
    });
    inside.on('drain', () => outside.resume());
    inside.on('error', () => this.close());
    // A publisher that closes has sent its last, which is still to be written.
    inside.on('close', () => outside.end());
    return inside;
  }

  #noteSent(): void {
    if (this.#isViewer || this.outside.bytesWritten < VIEWER_BYTES) return;
    this.#isViewer = true;
    this.#listener.onViewer();
  }
}

/** How much a connection may still send: a burst, refilled slowly. */
class Allowance {
  #bytes = VIEWER_BURST_BYTES;
  #atMs = performance.now();

  /** False when that was too much. */
  take(bytes: number): boolean {
    const nowMs = performance.now();
    const refill = ((nowMs - this.#atMs) / 1000) * VIEWER_BYTES_PER_SECOND;
    this.#bytes = Math.min(VIEWER_BURST_BYTES, this.#bytes + refill) - bytes;
    this.#atMs = nowMs;
    return this.#bytes >= 0;
  }
}

/** Gives the memory of a read back at once: V8 lets 64 MB of it pile up before it collects, and each read takes up to 64 KB. */
function free({ buffer }: Buffer<ArrayBuffer>): void {
  buffer.transfer(0);
}
