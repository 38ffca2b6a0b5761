import { assertNever } from '../core/errors.ts';
import { bytesOf, decimal, equals, isBlank, listHolds, NOT_DECIMAL, startsWith } from './ascii.ts';
import type { ContentCoding } from './content-decoder.ts';
import { HttpParseError } from './http-parse-error.ts';

const COLON = 58;
const SEMICOLON = 59;
const SPACE = 32;
const ZERO = 48;
const NINE = 57;

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
const RETRY_AFTER = bytesOf('retry-after');
const LOCATION = bytesOf('location');
/** By the names in `Content-Encoding`. */
const CODINGS: readonly (readonly [Uint8Array, ContentCoding])[] = [
  [bytesOf('gzip'), 'gzip'],
  [bytesOf('x-gzip'), 'gzip'],
  [bytesOf('deflate'), 'deflate'],
  [bytesOf('br'), 'br'],
];

const LATIN1 = new TextDecoder('latin1');

/** No Content-Length was given. */
export const ABSENT = -1;

/** The headers that are read, and all others. */
export const HeaderKind = {
  other: 0,
  contentLength: 1,
  transferEncoding: 2,
  contentEncoding: 3,
  contentType: 4,
  connection: 5,
  retryAfter: 6,
  location: 7,
} as const;
export type HeaderKind = (typeof HeaderKind)[keyof typeof HeaderKind];

/** Which header it is whose name is `line[start..colon)`. */
export function headerKind(line: Uint8Array, start: number, colon: number): HeaderKind {
  switch (colon - start) {
    case CONTENT_LENGTH.length:
      return startsWith(line, start, CONTENT_LENGTH) ? HeaderKind.contentLength : HeaderKind.other;
    case TRANSFER_ENCODING.length:
      return startsWith(line, start, TRANSFER_ENCODING) ? HeaderKind.transferEncoding : HeaderKind.other;
    case CONTENT_ENCODING.length:
      return startsWith(line, start, CONTENT_ENCODING) ? HeaderKind.contentEncoding : HeaderKind.other;
    case CONTENT_TYPE.length:
      return startsWith(line, start, CONTENT_TYPE) ? HeaderKind.contentType : HeaderKind.other;
    case RETRY_AFTER.length:
      return startsWith(line, start, RETRY_AFTER) ? HeaderKind.retryAfter : HeaderKind.other;
    case LOCATION.length:
      return startsWith(line, start, LOCATION) ? HeaderKind.location : HeaderKind.other;
    case CONNECTION.length:
      return startsWith(line, start, CONNECTION) ? HeaderKind.connection : HeaderKind.other;
    default:
      return HeaderKind.other;
  }
}

/** What the head of a response says of its body and connection. */
export interface HeadFacts {
  readonly status: number;
  readonly isChunked: boolean;
  readonly isEventStream: boolean;
  /** Bytes, or {@link ABSENT}. */
  readonly contentLength: number;
  /** Whether the connection is to stay open, as far as the head tells. */
  readonly keepsAlive: boolean;
  /** Undefined for a body that is sent as it is. */
  readonly contentCoding: ContentCoding | undefined;
}

/** Gathers {@link HeadFacts} line by line. Allocates nothing but for a failure, and a header that is kept. */
export class HttpHead implements HeadFacts {
  #status = 0;
  #isHttp10 = false;
  #saysClose = false;
  #saysKeepAlive = false;
  #isChunked = false;
  #isEventStream = false;
  #contentLength: number = ABSENT;
  #contentCoding: ContentCoding | undefined;
  #retryAfter: string | undefined;
  #location: string | undefined;
  readonly #keptName: Uint8Array | undefined;
  #kept: string | undefined;

  /** `keptName`: of a header whose value is kept, in lower case. */
  constructor(keptName?: string) {
    this.#keptName = keptName === undefined ? undefined : bytesOf(keptName);
  }

  get status(): number {
    return this.#status;
  }

  get isChunked(): boolean {
    return this.#isChunked;
  }

  get isEventStream(): boolean {
    return this.#isEventStream;
  }

  get contentLength(): number {
    return this.#contentLength;
  }

  get contentCoding(): ContentCoding | undefined {
    return this.#contentCoding;
  }

  /** `Retry-After` of a response that is no success. */
  get retryAfter(): string | undefined {
    return this.#retryAfter;
  }

  /** `Location` of a response that is no success. */
  get location(): string | undefined {
    return this.#location;
  }

  /** The value of the header that is kept. */
  get kept(): string | undefined {
    return this.#kept;
  }

  get keepsAlive(): boolean {
    return !this.#saysClose && (!this.#isHttp10 || this.#saysKeepAlive);
  }

  /** Begins a new head. Throws {@link HttpParseError}. */
  takeStatusLine(line: Uint8Array, start: number, end: number): void {
    const minor = line[start + 7]!;
    const isVersion1 = end - start >= 12 && startsWith(line, start, HTTP_1) && minor >= ZERO && minor <= NINE;
    if (!isVersion1 || line[start + 8] !== SPACE) throw new HttpParseError('no HTTP/1.x status line');
    const status = decimal(line, start + 9, start + 12);
    if (status < 100 || (end > start + 12 && line[start + 12] !== SPACE)) {
      throw new HttpParseError('no status of three digits');
    }
    this.#status = status;
    this.#isHttp10 = minor === ZERO;
    this.#saysClose = false;
    this.#saysKeepAlive = false;
    this.#isChunked = false;
    this.#isEventStream = false;
    this.#contentLength = ABSENT;
    this.#contentCoding = undefined;
    this.#retryAfter = undefined;
    this.#location = undefined;
    this.#kept = undefined;
  }

  /** Throws {@link HttpParseError}. */
  takeHeader(line: Uint8Array, start: number, end: number): void {
    if (isBlank(line[start]!)) throw new HttpParseError('a folded header line');
    let colon = start;
    while (colon < end && line[colon] !== COLON) colon += 1;
    if (colon === end || colon === start || isBlank(line[colon - 1]!)) {
      throw new HttpParseError('a header line without a name and a colon');
    }
    let from = colon + 1;
    let to = end;
    while (from < to && isBlank(line[from]!)) from += 1;
    while (to > from && isBlank(line[to - 1]!)) to -= 1;
    const kept = this.#keptName;
    if (kept !== undefined && equals(line, start, colon, kept)) this.#kept = textOf(line, from, to);
    const kind = headerKind(line, start, colon);
    switch (kind) {
      case HeaderKind.contentLength:
        this.#takeContentLength(line, from, to);
        break;
      case HeaderKind.transferEncoding:
        this.#takeTransferEncoding(line, from, to);
        break;
      case HeaderKind.contentEncoding:
        if (to > from) this.#contentCoding = codingOf(line, from, to);
        break;
      case HeaderKind.retryAfter:
        if (this.#isFailure) this.#retryAfter = textOf(line, from, to);
        break;
      case HeaderKind.location:
        if (this.#isFailure) this.#location = textOf(line, from, to);
        break;
      case HeaderKind.contentType:
        this.#takeContentType(line, from, to);
        break;
      case HeaderKind.connection:
        this.#saysClose ||= listHolds(line, from, to, CLOSE);
        this.#saysKeepAlive ||= listHolds(line, from, to, KEEP_ALIVE);
        break;
      case HeaderKind.other:
        break;
      default:
        assertNever(kind);
    }
  }

  get #isFailure(): boolean {
    return this.#status >= 300;
  }

  #takeContentLength(line: Uint8Array, from: number, to: number): void {
    const length = decimal(line, from, to);
    if (length === NOT_DECIMAL) throw new HttpParseError('a content length that is no number');
    if (this.#contentLength !== ABSENT && this.#contentLength !== length) {
      throw new HttpParseError('two content lengths');
    }
    this.#contentLength = length;
  }

  #takeTransferEncoding(line: Uint8Array, from: number, to: number): void {
    if (equals(line, from, to, IDENTITY)) return;
    if (this.#isChunked || !equals(line, from, to, CHUNKED)) {
      throw new HttpParseError('a transfer encoding other than chunked');
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
}

function codingOf(line: Uint8Array, from: number, to: number): ContentCoding | undefined {
  if (equals(line, from, to, IDENTITY)) return undefined;
  const coding = CODINGS.find(([name]) => equals(line, from, to, name));
  if (coding === undefined) throw new HttpParseError('a content encoding other than gzip, deflate or br');
  return coding[1];
}

function textOf(line: Uint8Array, from: number, to: number): string {
  return LATIN1.decode(line.subarray(from, to));
}
