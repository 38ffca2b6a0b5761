import { hexDigit, isBlank, NOT_HEX } from './ascii.ts';
import { ByteStore } from './byte-store.ts';
import { skipPrintable, WordView } from '../core/byte-words.ts';
import type { ContentCoding } from './content-decoder.ts';
import { ABSENT, type HeadFacts, HttpHead } from './http-head.ts';
import { HttpParseError } from './http-parse-error.ts';
import { LearnedHead, NO_HEAD } from './learned-head.ts';
import type { EndOfInput, MessageParser, MessageSink } from './message-parser.ts';

export { HttpParseError };

/** Most bytes of a response's status line and headers together, of a chunk's size line, and of all trailers. */
export const MAX_HEAD_BYTES = 65_536;

/** Most interim responses (1xx), or empty lines, before a response. */
export const MAX_INTERIM = 100;

/** Size lines of so many digits are read at once: chunks below 256 MB. */
const FAST_SIZE_DIGITS = 7;

const CR = 13;
const LF = 10;
const SEMICOLON = 59;

/** First byte of a TLS record that refuses what it got. */
const TLS_ALERT = 0x15;

const IN_START = 0;
const IN_HEADERS = 1;
const IN_FIXED_BODY = 2;
const IN_BODY_TO_EOF = 3;
const IN_CHUNK_SIZE = 4;
const IN_CHUNK_EXTENSION = 5;
const IN_CHUNK_DATA = 6;
const IN_CHUNK_END = 7;
const IN_TRAILERS = 8;
const ENDED = 9;
const FAILED = 10;

/**
 * Reads HTTP/1.x responses of one connection as their bytes arrive (RFC 9112), however they are cut.
 *
 * Body bytes are handed on where they lie; only a header line cut by the end of a read is copied, to a buffer that is reused.
 * So a keep-alive response costs no allocation. Bodies: Content-Length, chunked (extensions and trailers are
 * skipped), none for 204 and 304, else all up to the end of the connection. Refused with {@link HttpParseError}: folded
 * header lines, heads above {@link MAX_HEAD_BYTES}, transfer codings other than chunked, content codings other than those of {@link ContentCoding},
 * a length beside a transfer coding, 101. Knows responses to POST only: one to HEAD would be misread.
 */
export class HttpResponseParser implements MessageParser {
  readonly #sink: MessageSink;
  readonly #learned: LearnedHead;
  readonly #head: HttpHead;
  readonly #keepsHeader: boolean;
  /** The beginning of a line that the last read cut off. */
  readonly #line = new ByteStore(256);
  readonly #view = new WordView();
  #state = IN_START;
  #status = 0;
  #keepAlive = false;
  #isEventStream = false;
  #contentCoding: ContentCoding | undefined;
  /** Bytes of the body or chunk still to come; while a chunk's size is read, the size so far. */
  #remaining = 0;
  #sizeDigits = 0;
  /** Bytes of the current head, size line or trailer section. */
  #headBytes = 0;
  /** Interim responses, and empty lines, before the current head. */
  #interim = 0;

  /**
   * `learned` may be shared by all parsers of a thread; best by those that speak to the same server. `keptHeader`: the name of one whose value is
   * kept, in lower case; then each head is read line by line.
   */
  constructor(sink: MessageSink, learned = new LearnedHead(), keptHeader?: string) {
    this.#head = new HttpHead(keptHeader);
    this.#keepsHeader = keptHeader !== undefined;
    this.#sink = sink;
    this.#learned = learned;
  }

  get status(): number {
    return this.#status;
  }

  get keepAlive(): boolean {
    return this.#keepAlive;
  }

  get isEventStream(): boolean {
    return this.#isEventStream;
  }

  get contentCoding(): ContentCoding | undefined {
    return this.#contentCoding;
  }

  get retryAfter(): string | undefined {
    return this.#isFailure ? this.#head.retryAfter : undefined;
  }

  get location(): string | undefined {
    return this.#isFailure ? this.#head.location : undefined;
  }

  get kept(): string | undefined {
    return this.#head.kept;
  }

  /** Heads of failures are never the learned one, so that theirs is the one read last. */
  get #isFailure(): boolean {
    return this.#status >= 300;
  }

  /** Forgets everything, for use on a new connection. */
  reset(): void {
    this.#state = IN_START;
    this.#keepAlive = false;
    this.#headBytes = 0;
    this.#interim = 0;
    this.#line.clear();
  }

  /**
   * Reads `buffer[start..end)` up to the end of the current message and returns how many bytes that took; fewer than given
   * means bytes of a message nobody asked for yet. The next call begins the next message. Throws {@link HttpParseError}, from
   * then on at each call until `reset`.
   * @hot
   */
  feed(buffer: Uint8Array, start: number, end: number): number {
    let position = start;
    if (this.#state === IN_START && this.#headBytes === 0 && start < end) {
      position = this.#beginMessage(buffer, start, end);
    }
    while (this.#state !== ENDED && position < end) position = this.#advance(buffer, position, end);
    if (this.#state === ENDED) {
      this.#state = IN_START;
      this.#sink.onEnd();
    }
    return position - start;
  }

  finish(): EndOfInput {
    const state = this.#state;
    if (state === IN_START && this.#headBytes === 0) return 'idle';
    const { bytes, length } = this.#line;
    if (state === IN_START && length > 0 && bytes[0] === TLS_ALERT) return 'tls';
    if (state === IN_HEADERS) this.#status = this.#head.status;
    this.#state = FAILED;
    if (state !== IN_BODY_TO_EOF) return 'truncated';
    this.#sink.onEnd();
    return 'complete';
  }

  /** Takes a head that is the learned one, else at least a line of it; returns the position behind it. */
  #beginMessage(buffer: Uint8Array, start: number, end: number): number {
    this.#status = 0;
    const learned = this.#learned;
    const headEnd = this.#keepsHeader ? NO_HEAD : learned.match(buffer, start, end);
    if (headEnd !== NO_HEAD && headEnd - start <= MAX_HEAD_BYTES) {
      this.#endHead(learned);
      return headEnd;
    }
    let position = start;
    do position = this.#readLine(buffer, position, end);
    while (this.#state === IN_HEADERS && position < end);
    // An interim response, or an empty line before the head, leaves it at the start.
    if (this.#state !== IN_HEADERS && this.#state !== IN_START) {
      if (!this.#keepsHeader) learned.learn(buffer, start, position, this.#head);
    }
    return position;
  }

  /** Takes what the state allows of at least one byte; returns the position behind it. */
  #advance(buffer: Uint8Array, start: number, end: number): number {
    switch (this.#state) {
      case IN_START:
      case IN_HEADERS:
      case IN_TRAILERS:
        return this.#readLine(buffer, start, end);
      case IN_FIXED_BODY:
      case IN_CHUNK_DATA:
        return this.#readCounted(buffer, start, end);
      case IN_BODY_TO_EOF:
        this.#sink.onBody(buffer, start, end);
        return end;
      case IN_CHUNK_SIZE:
        return this.#readSize(buffer, start, end);
      case IN_CHUNK_EXTENSION:
        this.#readExtensionByte(buffer[start]!);
        return start + 1;
      case IN_CHUNK_END:
        if (buffer[start] === CR && start + 1 < end && buffer[start + 1] === LF) {
          this.#state = IN_CHUNK_SIZE;
          return start + 2;
        }
        this.#readChunkEndByte(buffer[start]!);
        return start + 1;
      default:
        throw this.#failure('more bytes after a failure');
    }
  }

  /** Takes one line of a head or trailer section, or keeps its beginning; returns the position behind it. */
  #readLine(buffer: Uint8Array, start: number, end: number): number {
    let position = skipPrintable(this.#view.of(buffer), start, end);
    while (position < end && buffer[position] !== LF) position += 1;
    const isWhole = position < end;
    const next = isWhole ? position + 1 : end;
    this.#headBytes += next - start;
    if (this.#headBytes > MAX_HEAD_BYTES) throw this.#failure(`a head above ${MAX_HEAD_BYTES} bytes`);
    if (isWhole && this.#line.length === 0) {
      this.#takeLine(buffer, start, position);
      return next;
    }
    this.#line.append(buffer, start, position);
    if (isWhole) {
      const { bytes, length } = this.#line;
      this.#line.clear();
      this.#takeLine(bytes, 0, length);
    }
    return next;
  }

  #takeLine(line: Uint8Array, start: number, endWithCr: number): void {
    const end = endWithCr > start && line[endWithCr - 1] === CR ? endWithCr - 1 : endWithCr;
    if (end > start) this.#takeFilledLine(line, start, end);
    else this.#takeEmptyLine();
  }

  #takeFilledLine(line: Uint8Array, start: number, end: number): void {
    if (this.#state === IN_TRAILERS) return;
    try {
      if (this.#state === IN_HEADERS) this.#head.takeHeader(line, start, end);
      else this.#head.takeStatusLine(line, start, end);
      this.#state = IN_HEADERS;
    } catch (error) {
      if (this.#state === IN_HEADERS) this.#status = this.#head.status;
      this.#state = FAILED;
      throw error;
    }
  }

  #takeEmptyLine(): void {
    this.#headBytes = 0;
    if (this.#state === IN_HEADERS) this.#endHead(this.#head);
    else if (this.#state === IN_TRAILERS) this.#state = ENDED;
    else if (++this.#interim > MAX_INTERIM) throw this.#failure(`more than ${MAX_INTERIM} empty lines`);
  }

  #endHead(head: HeadFacts): void {
    const { status, isChunked, contentLength } = head;
    if (status === 101) throw this.#failure('a change of protocol (101)');
    if (status < 200) {
      this.#interim += 1;
      if (this.#interim > MAX_INTERIM) throw this.#failure(`more than ${MAX_INTERIM} interim responses`);
      this.#state = IN_START;
      return;
    }
    this.#interim = 0;
    if (isChunked && contentLength !== ABSENT) {
      this.#status = status;
      throw this.#failure('both a content length and a transfer encoding');
    }
    this.#status = status;
    this.#isEventStream = head.isEventStream;
    this.#contentCoding = head.contentCoding;
    this.#state = this.#beginBody(head);
    this.#keepAlive = this.#state !== IN_BODY_TO_EOF && head.keepsAlive;
    this.#sink.onHead(status);
  }

  /** The state that the body begins in. */
  #beginBody({ status, isChunked, contentLength }: HeadFacts): number {
    if (status === 204 || status === 304) return ENDED;
    if (isChunked) {
      this.#remaining = 0;
      this.#sizeDigits = 0;
      return IN_CHUNK_SIZE;
    }
    if (contentLength === ABSENT) return IN_BODY_TO_EOF;
    this.#remaining = contentLength;
    return contentLength === 0 ? ENDED : IN_FIXED_BODY;
  }

  /** Takes bytes of a body or chunk of known length; returns the position behind them. */
  #readCounted(buffer: Uint8Array, start: number, end: number): number {
    const next = Math.min(end, start + this.#remaining);
    this.#remaining -= next - start;
    if (this.#remaining === 0) this.#state = this.#state === IN_FIXED_BODY ? ENDED : IN_CHUNK_END;
    this.#sink.onBody(buffer, start, next);
    return next;
  }

  /**
   * Takes the size line of a chunk when it is nothing but a few digits and lies in the read as a whole, else a byte of it; returns the
   * position behind.
   */
  #readSize(buffer: Uint8Array, start: number, end: number): number {
    if (this.#sizeDigits === 0) {
      let size = 0;
      let position = start;
      for (const last = Math.min(end, start + FAST_SIZE_DIGITS); position < last; position++) {
        const digit = hexDigit(buffer[position]!);
        if (digit === NOT_HEX) break;
        size = 16 * size + digit;
      }
      if (size > 0 && position + 1 < end && buffer[position] === CR && buffer[position + 1] === LF) {
        this.#remaining = size;
        this.#state = IN_CHUNK_DATA;
        return position + 2;
      }
    }
    this.#readSizeByte(buffer[start]!);
    return start + 1;
  }

  #readSizeByte(byte: number): void {
    this.#countSizeLineByte();
    const digit = hexDigit(byte);
    if (digit !== NOT_HEX) {
      this.#remaining = 16 * this.#remaining + digit;
      this.#sizeDigits += 1;
      if (this.#remaining > Number.MAX_SAFE_INTEGER) throw this.#failure('a chunk size out of range');
    } else if (this.#sizeDigits === 0) {
      throw this.#failure('a chunk without a size');
    } else {
      this.#readAfterSize(byte);
    }
  }

  /** What may follow the digits of a chunk's size: the end of the line, blanks, or an extension. */
  #readAfterSize(byte: number): void {
    if (byte === LF) this.#endSizeLine();
    else if (byte === SEMICOLON || byte === CR || isBlank(byte)) this.#state = IN_CHUNK_EXTENSION;
    else throw this.#failure('a chunk size that is no number');
  }

  #readExtensionByte(byte: number): void {
    this.#countSizeLineByte();
    if (byte === LF) this.#endSizeLine();
  }

  #countSizeLineByte(): void {
    this.#headBytes += 1;
    if (this.#headBytes > MAX_HEAD_BYTES)
      throw this.#failure(`a chunk size line above ${MAX_HEAD_BYTES} bytes`);
  }

  #endSizeLine(): void {
    this.#headBytes = 0;
    this.#sizeDigits = 0;
    this.#state = this.#remaining === 0 ? IN_TRAILERS : IN_CHUNK_DATA;
  }

  #readChunkEndByte(byte: number): void {
    if (byte === LF) this.#state = IN_CHUNK_SIZE;
    else if (byte !== CR) throw this.#failure('a chunk longer than its size');
  }

  #failure(reason: string): HttpParseError {
    // What a status says of a failure is not lost with the rest of its head.
    if (this.#state === IN_HEADERS) this.#status = this.#head.status;
    this.#state = FAILED;
    return new HttpParseError(reason);
  }
}
