import type { IncomingHttpHeaders } from 'node:http2';
import type { ContentCoding } from './content-decoder.ts';
import { HttpHead } from './http-head.ts';
import type { EndOfInput, MessageParser, MessageSink } from './message-parser.ts';

/** The headers that are read. */
const READ = ['content-type', 'content-encoding', 'retry-after', 'location'] as const;

/** One response of HTTP/2 after another, whose framing is read elsewhere: its head, the pieces of its body, its end. */
export class Http2Response implements MessageParser {
  readonly keepAlive = true;
  readonly #sink: MessageSink;
  readonly #head: HttpHead;
  readonly #read: readonly string[];
  #status = 0;
  /** The headers, as long as {@link feed} has not seen them. */
  #headers: IncomingHttpHeaders | undefined;
  #isEnded = false;

  /** `keptHeader`: see `HttpResponseParser`. */
  constructor(sink: MessageSink, keptHeader?: string) {
    this.#sink = sink;
    this.#head = new HttpHead(keptHeader);
    this.#read = keptHeader === undefined ? READ : [...READ, keptHeader];
  }

  get status(): number {
    return this.#status;
  }

  get isEventStream(): boolean {
    return this.#head.isEventStream;
  }

  get contentCoding(): ContentCoding | undefined {
    return this.#head.contentCoding;
  }

  get retryAfter(): string | undefined {
    return this.#head.retryAfter;
  }

  get location(): string | undefined {
    return this.#head.location;
  }

  get kept(): string | undefined {
    return this.#head.kept;
  }

  /** Begins a response. */
  reset(): void {
    this.#status = 0;
    this.#headers = undefined;
    this.#isEnded = false;
  }

  /** The next {@link feed} tells the head. */
  takeHead(status: number, headers: IncomingHttpHeaders): void {
    this.#status = status;
    this.#headers = headers;
  }

  /** The next {@link feed} tells the end. */
  end(): void {
    this.#isEnded = true;
  }

  /** Hands on what of the head was not told yet, bytes of the body, and the end when that has come. */
  feed(buffer: Uint8Array, start: number, end: number): number {
    if (this.#headers !== undefined) this.#readHead(this.#headers);
    if (end > start) this.#sink.onBody(buffer, start, end);
    if (this.#isEnded) this.#sink.onEnd();
    return end - start;
  }

  finish(): EndOfInput {
    return this.#status === 0 ? 'idle' : 'truncated';
  }

  /** By the rules of HTTP/1.1, from lines such as it would have. */
  #readHead(headers: IncomingHttpHeaders): void {
    this.#headers = undefined;
    take(`HTTP/1.1 ${this.#status}`, (line, end) => this.#head.takeStatusLine(line, 0, end));
    for (const name of this.#read) {
      const value = headers[name];
      if (typeof value === 'string') {
        take(`${name}:${value}`, (line, end) => this.#head.takeHeader(line, 0, end));
      }
    }
    this.#sink.onHead(this.#status);
  }
}

function take(line: string, read: (bytes: Uint8Array, end: number) => void): void {
  const bytes = Buffer.from(line, 'latin1');
  read(bytes, bytes.length);
}
