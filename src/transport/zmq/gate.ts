import { once } from 'node:events';
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import {
  ADMISSION_TURN_MS,
  MAX_ADMISSIONS_PER_TURN,
  MAX_NEWCOMERS,
  MAX_VIEWERS,
  VIEWER_BURST_BYTES,
} from './socket-limits.ts';
import { Passage } from './passage.ts';

/** Where a gate listens: a host and a port, 0 for any free one, or the path of a Unix socket. */
export type GatePlace = { readonly host: string; readonly port: number } | { readonly path: string };

export interface GateOptions {
  /** A connection that says nothing at its beginning is closed after so long. Default: {@link HANDSHAKE_MS}. */
  readonly handshakeMs?: number | undefined;
  /** One on which nothing moved later is closed after so long. Default: {@link VIEWER_IDLE_MS}. */
  readonly idleMs?: number | undefined;
  /** Told of each of the latter. */
  readonly onIdle?: (() => void) | undefined;
}

/**
 * Stands between the network and a publisher that listens at a Unix socket: libzmq limits neither how many connect nor how much they
 * send. It passes bytes on as they are, so a key is asked for and checked behind it, and holds at most one buffer for a viewer that does
 * not read. For its limits, and what they come to, see `limits.ts`.
 */
export class Gate {
  readonly #server: Server;
  readonly #insidePath: string;
  readonly #options: GateOptions;
  /** Who has not been sent a snapshot yet, in order of arrival. */
  readonly #newcomers = new Set<Passage>();
  readonly #viewers = new Set<Passage>();
  #admitted = 0;
  #nextTurn: NodeJS.Timeout | undefined;

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

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Connections at the moment. */
  get connections(): number {
    return this.#newcomers.size + this.#viewers.size;
  }

  /** Disconnects who has sent more than a burst in all; they may come back. */
  disconnectTalkers(): void {
    for (const passage of this.#passages()) {
      if (passage.outside.bytesRead > VIEWER_BURST_BYTES) passage.close();
    }
  }

  /** Admits nobody else. Connections end when the publisher behind has sent its last, or after `lingerMs`; -1: never. */
  close(lingerMs: number): void {
    clearTimeout(this.#nextTurn);
    this.#server.close();
    // Who has said nothing is not waiting for anything.
    for (const passage of this.#newcomers) if (!passage.isInside) passage.close();
    if (lingerMs < 0 || this.connections === 0) return;
    const timer = setTimeout(() => this.#passages().forEach((passage) => passage.close()), lingerMs);
    this.#server.once('close', () => clearTimeout(timer));
  }

  #passages(): readonly Passage[] {
    return [...this.#newcomers, ...this.#viewers];
  }

  #admit(outside: Socket): void {
    this.#limitRate();
    if (this.#viewers.size >= MAX_VIEWERS) {
      outside.destroy();
      return;
    }
    // The oldest goes first, so that half-open connections can't keep viewers out.
    const [oldest] = this.#newcomers;
    if (oldest !== undefined && this.#newcomers.size >= MAX_NEWCOMERS) oldest.close();
    const passage: Passage = new Passage(outside, this.#insidePath, this.#options, {
      onViewer: () => this.#promote(passage),
      onEnd: () => this.#newcomers.delete(passage) || this.#viewers.delete(passage),
      onIdle: () => this.#options.onIdle?.(),
    });
    this.#newcomers.add(passage);
  }

  #promote(passage: Passage): void {
    this.#newcomers.delete(passage);
    if (this.#viewers.size >= MAX_VIEWERS) passage.close();
    else this.#viewers.add(passage);
  }

  /** After so many admissions in a turn the system's handles are closed as they come, which leaves nothing to collect. */
  #limitRate(): void {
    this.#admitted += 1;
    if (this.#admitted >= MAX_ADMISSIONS_PER_TURN) this.#server.maxConnections = 0;
    this.#nextTurn ??= setTimeout(() => {
      this.#nextTurn = undefined;
      this.#admitted = 0;
      this.#server.maxConnections = Infinity;
    }, ADMISSION_TURN_MS).unref();
  }
}
