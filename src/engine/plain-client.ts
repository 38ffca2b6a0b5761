import type { Socket } from 'node:net';
import type { ErrorData } from '../core/model-output.ts';
import { ContentDecoder } from '../protocol/content-decoder.ts';
import { HttpResponseParser, type HttpResponseSink } from '../protocol/http-response.ts';
import type { ConnectStage } from './connect-failure.ts';
import type { Connector, SocketListener } from './connector.ts';
import {
  ANSWERED_IN_TLS,
  BODY_TRUNCATED,
  CLOSED_UNANSWERED,
  timedOut,
  unreadableResponse,
} from './failure.ts';

/** Most bytes of a body, decompressed, unless the caller wants fewer: there are long lists of models. */
const MAX_BODY_BYTES = 4 * 2 ** 20;

/** A response of any status. */
export interface PlainReply {
  readonly status: number;
  /** By their names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  /** Decompressed. */
  readonly body: Buffer;
  /** It was longer than is read of one, and the connection was closed. */
  readonly isCut: boolean;
  /** From the request being written to the first byte of the response, ms. */
  readonly firstByteMs: number;
  /** The server keeps the connection for the next request. */
  readonly keepsOpen: boolean;
}

export interface PlainFailure {
  readonly failure: ErrorData;
}

/**
 * Sends one request at a time to one endpoint, over the connections that a run has (TLS, proxies, Unix sockets), and keeps the connection where
 * the server does. For the few requests around a run: everything is copied, and nothing is recorded. Failures are data.
 */
export class PlainClient {
  readonly #connector: Connector;
  readonly #tls: boolean;
  #connection: PlainConnection | undefined;

  constructor(connector: Connector, tls: boolean) {
    this.#connector = connector;
    this.#tls = tls;
  }

  /** Connects, with TLS where the endpoint has it; undefined when that went well. */
  async connect(timeoutMs: number): Promise<PlainFailure | undefined> {
    const { opened } = this.#usable();
    const failure = await inTime(opened, timeoutMs, () =>
      this.#connector.timeoutOf(timeoutMs, this.#connection!.stage),
    );
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

  #usable(): PlainConnection {
    if (this.#connection?.isDead !== false) {
      this.#connection = new PlainConnection(this.#connector, this.#tls);
    }
    return this.#connection;
  }
}

/** The server has not seen the request. */
const UNSEEN: PlainFailure = { failure: CLOSED_UNANSWERED };

class PlainConnection implements SocketListener {
  /** Undefined when it stands. */
  readonly opened: Promise<ErrorData | undefined>;
  stage: ConnectStage = 'tcp';
  isDead = false;
  readonly #connector: Connector;
  readonly #tls: boolean;
  readonly #opening = Promise.withResolvers<ErrorData | undefined>();
  #socket: Socket;
  #isOpen = false;
  #exchange: PlainExchange | undefined;
  #error: Error | undefined;

  constructor(connector: Connector, tls: boolean) {
    this.opened = this.#opening.promise;
    this.#connector = connector;
    this.#tls = tls;
    this.#socket = connector.connect(this);
  }

  /** A response has been read to its end, and the server keeps the connection. */
  get isReusable(): boolean {
    return !this.isDead && this.#exchange?.keepsOpen === true;
  }

  exchange(request: Uint8Array, maxBytes: number): Promise<PlainReply | PlainFailure> {
    const exchange = new PlainExchange(maxBytes);
    this.#exchange = exchange;
    this.#socket.write(request);
    return exchange.reply;
  }

  destroy(): void {
    this.isDead = true;
    this.#socket.destroy();
  }

  onRead(length: number): void {
    this.#connector.hasAnswered = true;
    this.#exchange?.take(Buffer.from(this.#connector.readBuffer.subarray(0, length)));
  }

  onTcp(): void {
    this.stage = 'tls';
  }

  onSocket(socket: Socket): void {
    this.#socket = socket;
  }

  onOpen(): void {
    this.#isOpen = true;
    this.#opening.resolve(undefined);
  }

  onEnd(): void {
    this.isDead = true;
    this.#exchange?.endOfInput();
    this.#socket.end();
  }

  onError(error: Error): void {
    this.#error = error;
  }

  onClose(): void {
    this.isDead = true;
    const error = this.#error ?? new Error('the server closed the connection');
    if (!this.#isOpen) {
      this.#opening.resolve(this.#connector.failureOf(error, this.#tls ? this.stage : 'tcp'));
      return;
    }
    const exchange = this.#exchange;
    if (exchange === undefined || exchange.isOver) return;
    const failure = this.#error === undefined ? CLOSED_UNANSWERED : this.#connector.breakOf(this.#error);
    exchange.fail(failure);
  }

  onWriteFailed(): boolean {
    return true;
  }
}

/** One response. */
class PlainExchange implements HttpResponseSink {
  readonly #answer = Promise.withResolvers<PlainReply | PlainFailure>();
  readonly reply = this.#answer.promise;
  isOver = false;
  keepsOpen = false;
  readonly #parser = new HttpResponseParser(this);
  readonly #startedMs = performance.now();
  readonly #body: Buffer[] = [];
  #raw = Buffer.alloc(0);
  #headers: ReadonlyMap<string, string> = new Map();
  #hasHead = false;
  #bodyBytes = 0;
  #firstByteMs = NaN;
  #isCut = false;
  #decoder: ContentDecoder | undefined;
  readonly #maxBytes: number;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  take(bytes: Buffer): void {
    if (this.isOver) return;
    if (Number.isNaN(this.#firstByteMs)) this.#firstByteMs = performance.now() - this.#startedMs;
    if (!this.#hasHead) this.#raw = Buffer.concat([this.#raw, bytes]);
    try {
      this.#parser.feed(bytes, 0, bytes.length);
    } catch (error) {
      this.fail(unreadableResponse(error));
    }
  }

  endOfInput(): void {
    if (this.isOver) return;
    const end = this.#parser.finish();
    if (end === 'idle') this.#settle(UNSEEN);
    else if (end === 'tls') this.fail(ANSWERED_IN_TLS);
    else if (end === 'truncated') this.fail(BODY_TRUNCATED);
  }

  fail(failure: ErrorData): void {
    this.#settle(failure === CLOSED_UNANSWERED ? UNSEEN : { failure });
  }

  onHead(): void {
    this.#hasHead = true;
    this.#headers = headersOf(this.#raw.toString('latin1'));
    const { contentCoding } = this.#parser;
    if (contentCoding !== undefined) {
      this.#decoder = new ContentDecoder(contentCoding, (bytes) => this.#keep(Buffer.from(bytes)));
    }
  }

  onBody(buffer: Uint8Array, start: number, end: number): void {
    const bytes = buffer.subarray(start, end);
    if (this.#decoder === undefined) this.#keep(Buffer.from(bytes));
    else this.#decoder.write(bytes);
  }

  onEnd(): void {
    this.#decoder?.end();
    this.keepsOpen = this.#parser.keepAlive;
    this.#finish();
  }

  #keep(bytes: Buffer): void {
    if (this.#isCut) return;
    this.#body.push(bytes);
    this.#bodyBytes += bytes.length;
    if (this.#bodyBytes <= this.#maxBytes) return;
    this.#isCut = true;
    this.#finish();
  }

  #finish(): void {
    this.#settle({
      status: this.#parser.status,
      headers: this.#headers,
      body: Buffer.concat(this.#body),
      isCut: this.#isCut,
      firstByteMs: this.#firstByteMs,
      keepsOpen: this.keepsOpen,
    });
  }

  #settle(reply: PlainReply | PlainFailure): void {
    this.isOver = true;
    this.#answer.resolve(reply);
  }
}

/** The headers of the last head in what was read; those before it are of interim responses. */
function headersOf(raw: string): ReadonlyMap<string, string> {
  let rest = raw.trimStart();
  while (/^HTTP\/1\.[01] 1\d\d/.test(rest)) rest = rest.slice(rest.indexOf('\r\n\r\n') + 4);
  const end = /\r?\n\r?\n/.exec(rest)?.index ?? rest.length;
  const lines = rest.slice(0, end).split(/\r?\n/).slice(1);
  return new Map(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
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
