import type { ClientHttp2Stream, IncomingHttpHeaders } from 'node:http2';
import type { ErrorData } from '../../core/model-output.ts';
import { ContentDecoder } from '../../protocol/content-decoder.ts';
import { http2RequestOf } from '../../protocol/http2-request.ts';
import { Http2Response } from '../../protocol/http2-response.ts';
import type { MessageSink } from '../../protocol/message-parser.ts';
import type { Connector } from '../connector.ts';
import { BODY_TRUNCATED, unreadableResponse } from '../failure.ts';
import { type PlainFailure, type PlainReply, type PlainTransport, UNSEEN } from '../plain-transport.ts';
import { streamReset } from './http2-failure.ts';
import { type LinkListener, SessionLink } from './session-link.ts';

const NOTHING = new Uint8Array(0);

/** One over HTTP/2. */
export class PlainSession implements PlainTransport, LinkListener {
  readonly opened: Promise<ErrorData | undefined>;
  isDead = false;
  readonly #opening = Promise.withResolvers<ErrorData | undefined>();
  readonly #tls: boolean;
  readonly #link: SessionLink;
  #exchange: PlainStream | undefined;

  constructor(connector: Connector, tls: boolean) {
    this.opened = this.#opening.promise;
    this.#tls = tls;
    this.#link = new SessionLink(connector, this);
  }

  get isReusable(): boolean {
    return !this.isDead && this.#exchange?.isComplete === true;
  }

  timeoutOf(timeoutMs: number): ErrorData {
    return this.#link.timeoutOf(timeoutMs);
  }

  exchange(request: Uint8Array, maxBytes: number): Promise<PlainReply | PlainFailure> {
    const { headers, body } = http2RequestOf(request, this.#tls);
    const stream = this.#link.session!.request(headers, { endStream: body.length === 0 });
    if (body.length > 0) stream.end(body);
    this.#exchange = new PlainStream(stream, maxBytes);
    return this.#exchange.reply;
  }

  destroy(): void {
    this.isDead = true;
    this.#link.destroy();
  }

  onTcp(): void {
    // Nothing depends on it.
  }

  onOpen(): void {
    this.#opening.resolve(undefined);
  }

  onOpenFailed(failure: ErrorData): void {
    this.isDead = true;
    this.#opening.resolve(failure);
  }

  onStreamLimit(): void {
    // One stream at a time is always allowed.
  }

  onGoaway(): void {
    this.isDead = true;
  }

  onClosed(failure: ErrorData | undefined): void {
    this.isDead = true;
    this.#exchange?.fail(failure);
  }
}

/** One response. */
class PlainStream implements MessageSink {
  readonly #answer = Promise.withResolvers<PlainReply | PlainFailure>();
  readonly reply = this.#answer.promise;
  isComplete = false;
  readonly #stream: ClientHttp2Stream;
  readonly #maxBytes: number;
  readonly #response = new Http2Response(this);
  readonly #startedMs = performance.now();
  readonly #body: Uint8Array[] = [];
  #headers: IncomingHttpHeaders = {};
  #bodyBytes = 0;
  #firstByteMs = NaN;
  #decoder: ContentDecoder | undefined;

  constructor(stream: ClientHttp2Stream, maxBytes: number) {
    this.#stream = stream;
    this.#maxBytes = maxBytes;
    stream.on('response', (headers) => {
      this.#firstByteMs = performance.now() - this.#startedMs;
      this.#headers = headers;
      this.#response.takeHead(headers[':status'] ?? 0, headers);
      this.#feed(NOTHING);
    });
    stream.on('data', (bytes: Buffer) => this.#feed(bytes));
    stream.on('end', () => {
      if (stream.rstCode !== 0) return;
      this.#response.end();
      this.#feed(NOTHING);
    });
    const onOver = () => this.#settle({ failure: streamReset(stream.rstCode) });
    stream.on('error', onOver).on('close', onOver);
  }

  /** The session is over. `failure`: why, where it broke. */
  fail(failure: ErrorData | undefined): void {
    const isAnswered = !Number.isNaN(this.#firstByteMs);
    if (failure === undefined && !isAnswered) this.#settle(UNSEEN);
    else this.#settle({ failure: failure ?? BODY_TRUNCATED });
  }

  onHead(): void {
    const { contentCoding } = this.#response;
    if (contentCoding !== undefined) {
      this.#decoder = new ContentDecoder(contentCoding, (bytes) => this.#keep(bytes));
    }
  }

  onBody(buffer: Uint8Array, start: number, end: number): void {
    const bytes = buffer.subarray(start, end);
    if (this.#decoder === undefined) this.#keep(bytes);
    else this.#decoder.write(bytes);
  }

  onEnd(): void {
    this.#decoder?.end();
    this.isComplete = true;
    this.#finish(false);
  }

  #feed(bytes: Uint8Array): void {
    try {
      this.#response.feed(bytes, 0, bytes.length);
    } catch (error) {
      this.#settle({ failure: unreadableResponse(error) });
    }
  }

  #keep(bytes: Uint8Array): void {
    this.#body.push(bytes);
    this.#bodyBytes += bytes.length;
    if (this.#bodyBytes <= this.#maxBytes) return;
    this.#finish(true);
    this.#stream.close(CANCEL);
  }

  #finish(isCut: boolean): void {
    const fields = Object.entries(this.#headers).filter(([name]) => !name.startsWith(':'));
    this.#settle({
      status: this.#response.status,
      headers: new Map(fields.map(([name, value]) => [name, String(value)])),
      body: Buffer.concat(this.#body),
      isCut,
      firstByteMs: this.#firstByteMs,
      keepsOpen: !isCut,
    });
  }

  #settle(reply: PlainReply | PlainFailure): void {
    this.#answer.resolve(reply);
  }
}

const CANCEL = 8;
