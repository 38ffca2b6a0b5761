import type { Socket } from 'node:net';
import type { ErrorData } from '../core/model-output.ts';
import { ContentDecoder } from '../protocol/content-decoder.ts';
import { HttpResponseParser } from '../protocol/http-response.ts';
import type { MessageSink } from '../protocol/message-parser.ts';
import type { ConnectStage } from './connect-failure.ts';
import type { Connector } from './connector.ts';
import { ANSWERED_IN_TLS, BODY_TRUNCATED, CLOSED_UNANSWERED, unreadableResponse } from './failure.ts';
import { type PlainFailure, type PlainReply, type PlainTransport, UNSEEN } from './plain-transport.ts';
import type { SocketListener } from './socket-listener.ts';

/** One over HTTP/1.1. */
export class PlainConnection implements PlainTransport, SocketListener {
  readonly opened: Promise<ErrorData | undefined>;
  isDead = false;
  readonly #connector: Connector;
  readonly #tls: boolean;
  readonly #opening = Promise.withResolvers<ErrorData | undefined>();
  #socket: Socket;
  #stage: ConnectStage = 'tcp';
  #isOpen = false;
  #exchange: PlainExchange | undefined;
  #error: Error | undefined;

  constructor(connector: Connector, tls: boolean) {
    this.opened = this.#opening.promise;
    this.#connector = connector;
    this.#tls = tls;
    this.#socket = connector.connect(this);
  }

  get isReusable(): boolean {
    return !this.isDead && this.#exchange?.keepsOpen === true;
  }

  timeoutOf(timeoutMs: number): ErrorData {
    return this.#connector.timeoutOf(timeoutMs, this.#stage);
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
    this.#stage = 'tls';
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
      this.#opening.resolve(this.#connector.failureOf(error, this.#tls ? this.#stage : 'tcp'));
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
class PlainExchange implements MessageSink {
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
