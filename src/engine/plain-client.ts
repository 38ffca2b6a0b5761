import type { Connector } from './connector.ts';
import { timedOut } from './failure.ts';
import { PlainSession } from './http2/plain-session.ts';
import { PlainConnection } from './plain-connection.ts';
import { type PlainFailure, type PlainReply, type PlainTransport, UNSEEN } from './plain-transport.ts';
import type { HttpVersion } from './settings.ts';

/** Most bytes of a body, decompressed, unless the caller wants fewer: there are long lists of models. */
const MAX_BODY_BYTES = 4 * 2 ** 20;

/**
 * Sends one request at a time to one endpoint, over the connections that a run has (TLS, proxies, Unix sockets), and keeps the connection where
 * the server does. For the few requests around a run: everything is copied, and nothing is recorded. Failures are data.
 */
export class PlainClient {
  readonly #open: () => PlainTransport;
  #connection: PlainTransport | undefined;

  /** `tls`: the endpoint is reached over TLS. */
  constructor(connector: Connector, tls: boolean, http: HttpVersion = 1) {
    this.#open =
      http === 2 ? () => new PlainSession(connector, tls) : () => new PlainConnection(connector, tls);
  }

  /** Connects, with TLS where the endpoint has it; undefined when that went well. */
  async connect(timeoutMs: number): Promise<PlainFailure | undefined> {
    const connection = this.#usable();
    const failure = await inTime(connection.opened, timeoutMs, () => connection.timeoutOf(timeoutMs));
    if (failure === undefined) return undefined;
    this.close();
    return { failure };
  }

  /** A server may close a kept connection just when the request goes out; then it is sent once more on a new one. */
  async ask(
    request: Uint8Array,
    timeoutMs: number,
    maxBytes = MAX_BODY_BYTES,
  ): Promise<PlainReply | PlainFailure> {
    const wasUsed = this.#connection?.isReusable === true;
    const reply = await this.#askOnce(request, timeoutMs, maxBytes);
    return wasUsed && reply === UNSEEN ? this.#askOnce(request, timeoutMs, maxBytes) : reply;
  }

  close(): void {
    this.#connection?.destroy();
    this.#connection = undefined;
  }

  async #askOnce(
    request: Uint8Array,
    timeoutMs: number,
    maxBytes: number,
  ): Promise<PlainReply | PlainFailure> {
    const startedMs = performance.now();
    const failure = await this.connect(timeoutMs);
    if (failure !== undefined) return failure;
    const connection = this.#connection!;
    const leftMs = Math.max(1, timeoutMs - (performance.now() - startedMs));
    const reply = await inTime(connection.exchange(request, maxBytes), leftMs, (): PlainFailure => ({
      failure: timedOut(timeoutMs),
    }));
    if (!connection.isReusable) this.close();
    return reply;
  }

  #usable(): PlainTransport {
    if (this.#connection?.isDead === false) return this.#connection;
    this.#connection?.destroy();
    return (this.#connection = this.#open());
  }
}

async function inTime<T, U>(promise: Promise<T>, timeoutMs: number, late: () => U): Promise<T | U> {
  const { promise: over, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, timeoutMs);
  try {
    return await Promise.race([promise, over.then(late)]);
  } finally {
    clearTimeout(timer);
  }
}
