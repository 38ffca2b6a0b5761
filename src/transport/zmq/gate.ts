import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import {
  MAX_VIEWERS,
  VIEWER_BURST_BYTES,
  VIEWER_BYTES,
  VIEWER_BYTES_PER_SECOND,
  VIEWER_IDLE_MS,
} from './limits.ts';

/** Where a gate listens: a host and a port, 0 for any free one, or the path of a Unix socket. */
export type GatePlace = { readonly host: string; readonly port: number } | { readonly path: string };

export interface GateOptions {
  /** A connection on which nothing moved for so long is closed. Default: {@link VIEWER_IDLE_MS}. */
  readonly idleMs?: number | undefined;
  /** Told of each that was. */
  readonly onIdle?: (() => void) | undefined;
}

/** One connection from outside and its other half, to the socket behind the gate. */
interface Passage {
  readonly outside: Socket;
  readonly inside: Socket;
}

/**
 * Stands between the network and a publisher that listens at a Unix socket: libzmq limits neither how many connect nor how much they
 * send. It passes bytes on as they are, so a key is asked for and checked behind it, and holds at most a socket buffer for a viewer
 * that does not read. For its limits see `limits.ts`.
 */
export class Gate {
  readonly #server: Server;
  readonly #insidePath: string;
  readonly #options: GateOptions;
  /** In order of arrival. */
  readonly #passages = new Set<Passage>();

  private constructor(insidePath: string, options: GateOptions) {
    this.#insidePath = insidePath;
    this.#options = options;
    this.#server = createServer((outside) => this.#admit(outside));
  }

  /** Rejects with the error of the system. */
  static async open(place: GatePlace, insidePath: string, options: GateOptions = {}): Promise<Gate> {
    const gate = new Gate(insidePath, options);
    gate.#server.listen(place);
    await once(gate.#server, 'listening');
    // What fails later, such as an accept without a free descriptor, costs that one connection.
    gate.#server.on('error', () => undefined);
    return gate;
  }

  /** Of a gate at a host. */
  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Connections at the moment. */
  get connections(): number {
    return this.#passages.size;
  }

  /** Disconnects who has sent more than a burst in all; they may come back. */
  disconnectTalkers(): void {
    for (const passage of this.#passages) {
      if (passage.outside.bytesRead > VIEWER_BURST_BYTES) close(passage);
    }
  }

  /** Admits nobody else. Connections end when the publisher behind has sent its last, or after `lingerMs`; -1: never. */
  close(lingerMs: number): void {
    this.#server.close();
    if (lingerMs < 0 || this.#passages.size === 0) return;
    const timer = setTimeout(() => this.#passages.forEach(close), lingerMs);
    this.#server.once('close', () => clearTimeout(timer));
  }

  #admit(outside: Socket): void {
    if (this.#passages.size >= MAX_VIEWERS && !this.#makeRoom()) {
      outside.destroy();
      return;
    }
    const inside = connect(this.#insidePath);
    const passage = { outside, inside };
    this.#passages.add(passage);
    const end = () => {
      this.#passages.delete(passage);
      close(passage);
    };
    const { idleMs = VIEWER_IDLE_MS, onIdle } = this.#options;
    outside.setTimeout(idleMs, () => {
      end();
      onIdle?.();
    });
    outside.setNoDelay(true);
    const allowance = new Allowance();
    outside.on('data', (bytes) => {
      if (!allowance.take(bytes.length)) end();
      else if (!inside.write(bytes)) outside.pause();
    });
    inside.on('drain', () => outside.resume());
    inside.pipe(outside);
    outside.on('error', end).on('close', end);
    // A publisher that closes has sent its last: `pipe` passes it on and ends the outside.
    inside.on('error', end);
  }

  /** Drops the oldest connection that has not been sent a snapshot, so that half-open ones can't keep viewers out. */
  #makeRoom(): boolean {
    for (const passage of this.#passages) {
      if (passage.outside.bytesWritten >= VIEWER_BYTES) continue;
      this.#passages.delete(passage);
      close(passage);
      return true;
    }
    return false;
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

function close({ outside, inside }: Passage): void {
  outside.destroy();
  inside.destroy();
}
