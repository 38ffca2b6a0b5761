/**
 * Where the parts of a response go. Called synchronously inside `feed` and `finish`, in the order head, body (any
 * number of times), end; interim 1xx responses are not told. The bytes given to `onBody` are only valid during the
 * call. A sink must not throw.
 */
export interface HttpResponseSink {
  /** The final status line and all header lines are read: `keepAlive` and `isEventStream` are set. */
  onHead(status: number): void;
  /** The next bytes of the body, chunk framing removed; never empty. */
  onBody(buffer: Uint8Array, start: number, end: number): void;
  /** The message is complete. */
  onEnd(): void;
}

/** What the end of a connection meant to the message being read. */
export type EndOfInput = 'idle' | 'complete' | 'truncated';

/** The peer does not speak HTTP/1.x, or speaks a part of it that we refuse. The connection can't be used again. */
export class HttpParseError extends Error {
  constructor(reason: string) {
    super(`invalid HTTP response: ${reason}`);
    this.name = 'HttpParseError';
  }
}

/** Most bytes of a response's status line and headers together, of a chunk's size line, and of all trailers. */
export const MAX_HEAD_BYTES = 65_536;

const CR = 13;
const LF = 10;
const SPACE = 32;
const TAB = 9;
const COLON = 58;
const COMMA = 44;
const SEMICOLON = 59;
const ZERO = 48;
const NINE = 57;
const UPPER_A = 65;
const UPPER_Z = 90;
const LOWER_A = 97;
const LOWER_F = 102;

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

/** No Content-Length was given. */
const ABSENT = -1;

const HTTP_1 = bytesOf('http/1.');
const CONTENT_LENGTH = bytesOf('content-length');
const TRANSFER_ENCODING = bytesOf('transfer-encoding');
const CONTENT_ENCODING = bytesOf('content-encoding');
const CONTENT_TYPE = bytesOf('content-type');
const CONNECTION = bytesOf('connection');
const CLOSE = bytesOf('close');
const KEEP_ALIVE = bytesOf('keep-alive');
const CHUNKED = bytesOf('chunked');
const IDENTITY = bytesOf('identity');
const EVENT_STREAM = bytesOf('text/event-stream');

/**
 * Reads HTTP/1.x responses of one connection as their bytes arrive (RFC 9112), however they are cut.
 *
 * Body bytes are handed on where they lie; only a header line cut by the end of a read is copied, to a buffer that is reused.
 * So a keep-alive response costs no allocation. Bodies: Content-Length, chunked (extensions and trailers are
 * skipped), none for 204 and 304, else all up to the end of the connection. Refused with {@link HttpParseError}: folded
 * header lines, heads above {@link MAX_HEAD_BYTES}, transfer codings other than chunked, content codings other than identity,
 * a length beside a transfer coding, 101. Knows responses to POST only: one to HEAD would be misread.
 */
export class HttpResponseParser {
  readonly #sink: HttpResponseSink;
  #state = IN_START;
  #status = 0;
  #keepAlive = false;
  #isEventStream = false;
  #isHttp10 = false;
  #saysClose = false;
  #saysKeepAlive = false;
  #isChunked = false;
  #contentLength = ABSENT;
  /** Bytes of the body or chunk still to come; while a chunk's size is read, the size so far. */
  #remaining = 0;
  #sizeDigits = 0;
  /** Bytes of the current head, size line or trailer section. */
  #headBytes = 0;
  /** The beginning of a line that the last read cut off. */
  #line = new Uint8Array(256);
  #lineLength = 0;

  constructor(sink: HttpResponseSink) {
    this.#sink = sink;
  }

  /** Status of the last response whose head was read; 0 before the first. */
  get status(): number {
    return this.#status;
  }

  /** Whether the connection may carry another request once this response has ended. Set with `onHead`. */
  get keepAlive(): boolean {
    return this.#keepAlive;
  }

  /** Whether the body calls itself `text/event-stream`. Set with `onHead`. */
  get isEventStream(): boolean {
    return this.#isEventStream;
  }

  /** Forgets everything, for use on a new connection. */
  reset(): void {
    this.#state = IN_START;
    this.#status = 0;
    this.#keepAlive = false;
    this.#isEventStream = false;
    this.#headBytes = 0;
    this.#lineLength = 0;
  }

  /**
   * Reads `buffer[start..end)` up to the end of the current message and returns how many bytes that took; fewer than given
   * means bytes of a message nobody asked for yet. The next call begins the next message. Throws {@link HttpParseError}, from
   * then on at each call until `reset`.
   * @hot
   */
  feed(buffer: Uint8Array, start: number, end: number): number {
    let position = start;
    while (position < end) {
      position = this.#advance(buffer, position, end);
      if (this.#state === ENDED) {
        this.#state = IN_START;
        this.#sink.onEnd();
        break;
      }
    }
    return position - start;
  }

  /**
   * The peer has closed: `complete` when the body was to last until now (`onEnd` is called), `truncated` when more was
   * promised, `idle` when no byte of a response had come.
   */
  finish(): EndOfInput {
    const state = this.#state;
    if (state === IN_START && this.#headBytes === 0) return 'idle';
    this.#state = FAILED;
    if (state !== IN_BODY_TO_EOF) return 'truncated';
    this.#sink.onEnd();
    return 'complete';
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
        this.#readSizeByte(buffer[start]!);
        return start + 1;
      case IN_CHUNK_EXTENSION:
        this.#readExtensionByte(buffer[start]!);
        return start + 1;
      case IN_CHUNK_END:
        this.#readChunkEndByte(buffer[start]!);
        return start + 1;
      default:
        throw this.#failure('more bytes after a failure');
    }
  }

  /** Takes one line of a head or trailer section, or keeps its beginning; returns the position behind it. */
  #readLine(buffer: Uint8Array, start: number, end: number): number {
    let position = start;
    while (position < end && buffer[position] !== LF) position += 1;
    const isWhole = position < end;
    const next = isWhole ? position + 1 : end;
    this.#headBytes += next - start;
    if (this.#headBytes > MAX_HEAD_BYTES) throw this.#failure(`a head above ${MAX_HEAD_BYTES} bytes`);
    if (isWhole && this.#lineLength === 0) {
      this.#takeLine(buffer, start, position);
      return next;
    }
    this.#keepLinePart(buffer, start, position);
    if (isWhole) {
      const lineLength = this.#lineLength;
      this.#lineLength = 0;
      this.#takeLine(this.#line, 0, lineLength);
    }
    return next;
  }

  #keepLinePart(buffer: Uint8Array, start: number, end: number): void {
    const wanted = this.#lineLength + end - start;
    if (wanted > this.#line.length) {
      const longer = new Uint8Array(Math.max(wanted, 2 * this.#line.length));
      longer.set(this.#line.subarray(0, this.#lineLength));
      this.#line = longer;
    }
    for (let from = start; from < end; from++) this.#line[this.#lineLength++] = buffer[from]!;
  }

  #takeLine(line: Uint8Array, start: number, endWithCr: number): void {
    const end = endWithCr > start && line[endWithCr - 1] === CR ? endWithCr - 1 : endWithCr;
    if (this.#state === IN_START) {
      if (end > start) this.#takeStatusLine(line, start, end);
      else this.#headBytes = 0;
    } else if (end > start) {
      if (this.#state === IN_HEADERS) this.#takeHeader(line, start, end);
    } else if (this.#state === IN_TRAILERS) {
      this.#headBytes = 0;
      this.#state = ENDED;
    } else {
      this.#endHead();
    }
  }

  #takeStatusLine(line: Uint8Array, start: number, end: number): void {
    const minor = line[start + 7]!;
    const isVersion1 = end - start >= 12 && startsWith(line, start, HTTP_1) && minor >= ZERO && minor <= NINE;
    if (!isVersion1 || line[start + 8] !== SPACE) throw this.#failure('no HTTP/1.x status line');
    const status = decimal(line, start + 9, start + 12);
    if (status < 100 || (end > start + 12 && line[start + 12] !== SPACE)) {
      throw this.#failure('no status of three digits');
    }
    this.#status = status;
    this.#isHttp10 = minor === ZERO;
    this.#saysClose = false;
    this.#saysKeepAlive = false;
    this.#isChunked = false;
    this.#isEventStream = false;
    this.#contentLength = ABSENT;
    this.#state = IN_HEADERS;
  }

  #takeHeader(line: Uint8Array, start: number, end: number): void {
    if (isBlank(line[start]!)) throw this.#failure('a folded header line');
    let colon = start;
    while (colon < end && line[colon] !== COLON) colon += 1;
    if (colon === end || colon === start || isBlank(line[colon - 1]!)) {
      throw this.#failure('a header line without a name and a colon');
    }
    let from = colon + 1;
    let to = end;
    while (from < to && isBlank(line[from]!)) from += 1;
    while (to > from && isBlank(line[to - 1]!)) to -= 1;
    switch (colon - start) {
      case CONTENT_LENGTH.length:
        if (startsWith(line, start, CONTENT_LENGTH)) this.#takeContentLength(line, from, to);
        break;
      case TRANSFER_ENCODING.length:
        if (startsWith(line, start, TRANSFER_ENCODING)) this.#takeTransferEncoding(line, from, to);
        break;
      case CONTENT_ENCODING.length:
        if (startsWith(line, start, CONTENT_ENCODING) && to > from && !equals(line, from, to, IDENTITY)) {
          throw this.#failure('a content encoding other than identity');
        }
        break;
      case CONTENT_TYPE.length:
        if (startsWith(line, start, CONTENT_TYPE)) this.#takeContentType(line, from, to);
        break;
      case CONNECTION.length:
        if (startsWith(line, start, CONNECTION)) {
          this.#saysClose ||= listHolds(line, from, to, CLOSE);
          this.#saysKeepAlive ||= listHolds(line, from, to, KEEP_ALIVE);
        }
        break;
    }
  }

  #takeContentLength(line: Uint8Array, from: number, to: number): void {
    const length = decimal(line, from, to);
    if (length === NOT_DECIMAL) throw this.#failure('a content length that is no number');
    if (this.#contentLength !== ABSENT && this.#contentLength !== length) {
      throw this.#failure('two content lengths');
    }
    this.#contentLength = length;
  }

  #takeTransferEncoding(line: Uint8Array, from: number, to: number): void {
    if (equals(line, from, to, IDENTITY)) return;
    if (this.#isChunked || !equals(line, from, to, CHUNKED)) {
      throw this.#failure('a transfer encoding other than chunked');
    }
    this.#isChunked = true;
  }

  #takeContentType(line: Uint8Array, from: number, to: number): void {
    const end = from + EVENT_STREAM.length;
    this.#isEventStream =
      to >= end &&
      startsWith(line, from, EVENT_STREAM) &&
      (to === end || line[end] === SEMICOLON || isBlank(line[end]!));
  }

  #endHead(): void {
    this.#headBytes = 0;
    const status = this.#status;
    if (status === 101) throw this.#failure('a change of protocol (101)');
    if (status < 200) {
      this.#state = IN_START;
      return;
    }
    if (this.#isChunked && this.#contentLength !== ABSENT) {
      throw this.#failure('both a content length and a transfer encoding');
    }
    this.#state = this.#bodyState(status);
    this.#keepAlive =
      this.#state !== IN_BODY_TO_EOF && !this.#saysClose && (!this.#isHttp10 || this.#saysKeepAlive);
    this.#sink.onHead(status);
  }

  #bodyState(status: number): number {
    if (status === 204 || status === 304) return ENDED;
    if (this.#isChunked) {
      this.#remaining = 0;
      this.#sizeDigits = 0;
      return IN_CHUNK_SIZE;
    }
    if (this.#contentLength === ABSENT) return IN_BODY_TO_EOF;
    this.#remaining = this.#contentLength;
    return this.#contentLength === 0 ? ENDED : IN_FIXED_BODY;
  }

  /** Takes bytes of a body or chunk of known length; returns the position behind them. */
  #readCounted(buffer: Uint8Array, start: number, end: number): number {
    const next = Math.min(end, start + this.#remaining);
    this.#remaining -= next - start;
    if (this.#remaining === 0) this.#state = this.#state === IN_FIXED_BODY ? ENDED : IN_CHUNK_END;
    this.#sink.onBody(buffer, start, next);
    return next;
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
    this.#state = FAILED;
    return new HttpParseError(reason);
  }
}

/** {@link decimal} of what is no whole number of at most 2^53 - 1. */
const NOT_DECIMAL = -1;
const NOT_HEX = -1;

function decimal(bytes: Uint8Array, start: number, end: number): number {
  if (start === end) return NOT_DECIMAL;
  let value = 0;
  for (let position = start; position < end; position++) {
    const byte = bytes[position]!;
    if (byte < ZERO || byte > NINE) return NOT_DECIMAL;
    value = 10 * value + byte - ZERO;
    if (value > Number.MAX_SAFE_INTEGER) return NOT_DECIMAL;
  }
  return value;
}

function hexDigit(byte: number): number {
  if (byte >= ZERO && byte <= NINE) return byte - ZERO;
  const letter = lowerCase(byte);
  return letter >= LOWER_A && letter <= LOWER_F ? letter - LOWER_A + 10 : NOT_HEX;
}

function isBlank(byte: number): boolean {
  return byte === SPACE || byte === TAB;
}

/** An ASCII capital as its small letter; any other byte as it is. */
function lowerCase(byte: number): number {
  return byte >= UPPER_A && byte <= UPPER_Z ? byte + 32 : byte;
}

/** Whether `wanted` (lower case) begins at `start`, in either case. */
function startsWith(bytes: Uint8Array, start: number, wanted: Uint8Array): boolean {
  for (let index = 0; index < wanted.length; index++) {
    if (lowerCase(bytes[start + index]!) !== wanted[index]) return false;
  }
  return true;
}

function equals(bytes: Uint8Array, start: number, end: number, wanted: Uint8Array): boolean {
  return end - start === wanted.length && startsWith(bytes, start, wanted);
}

/** Whether the comma-separated list holds `wanted`. */
function listHolds(bytes: Uint8Array, start: number, end: number, wanted: Uint8Array): boolean {
  let itemStart = start;
  while (itemStart < end) {
    let itemEnd = itemStart;
    while (itemEnd < end && bytes[itemEnd] !== COMMA) itemEnd += 1;
    let from = itemStart;
    let to = itemEnd;
    while (from < to && isBlank(bytes[from]!)) from += 1;
    while (to > from && isBlank(bytes[to - 1]!)) to -= 1;
    if (equals(bytes, from, to, wanted)) return true;
    itemStart = itemEnd + 1;
  }
  return false;
}

function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
