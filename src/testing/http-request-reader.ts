const MAX_HEAD_BYTES = 64 * 1024;
const MAX_BODY_BYTES = 64 * 1024 * 1024;
const HEAD_END = Buffer.from('\r\n\r\n');
const LINE_END = Buffer.from('\r\n');
const NOTHING = Buffer.alloc(0);

export interface HttpRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  readonly query: URLSearchParams;
  /** HTTP/1.0, whose clients take no chunked bodies. */
  readonly isOld: boolean;
  readonly keepAlive: boolean;
  readonly body: Buffer;
}

/** The client speaks no HTTP/1.1 that the mock server understands; the connection can't go on. */
export class BadRequest extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.name = 'BadRequest';
    this.status = status;
  }
}

interface RequestHead {
  readonly method: string;
  readonly target: string;
  readonly isOld: boolean;
  readonly keepAlive: boolean;
  /** Length of the body; `chunked` when its chunks tell. */
  readonly bodyBytes: number | 'chunked';
  readonly expectsContinue: boolean;
}

/** Cuts what a connection receives into requests, however it is split. */
export class HttpRequestReader {
  readonly #onContinue: () => void;
  #head: RequestHead | undefined;
  /** Bytes received and not used, for all but a body of known length. */
  #rest: Buffer = NOTHING;
  #body: Buffer = NOTHING;
  #bodyFilled = 0;

  /** `onContinue`: a client waits for `100 Continue` before it sends the body. */
  constructor(onContinue: () => void) {
    this.#onContinue = onContinue;
  }

  /** Takes the bytes of one read; gives the requests they complete. Throws {@link BadRequest}. */
  push(bytes: Buffer): HttpRequest[] {
    const requests: HttpRequest[] = [];
    this.#rest = this.#rest.length === 0 ? bytes : Buffer.concat([this.#rest, bytes]);
    for (;;) {
      if (this.#head === undefined && !this.#readHead()) break;
      const body = this.#readBody(this.#head!);
      if (body === undefined) break;
      requests.push(completeRequest(this.#head!, body));
      this.#head = undefined;
    }
    return requests;
  }

  #readHead(): boolean {
    const end = this.#rest.indexOf(HEAD_END);
    if (end === -1 && this.#rest.length <= MAX_HEAD_BYTES) return false;
    if (end === -1 || end > MAX_HEAD_BYTES) throw new BadRequest(431, 'the head of the request is too long');
    this.#head = parseHead(this.#rest.toString('latin1', 0, end));
    this.#rest = this.#rest.subarray(end + HEAD_END.length);
    const { bodyBytes, expectsContinue } = this.#head;
    if (expectsContinue) this.#onContinue();
    if (bodyBytes !== 'chunked' && bodyBytes > this.#rest.length) {
      this.#body = Buffer.allocUnsafe(bodyBytes);
      this.#bodyFilled = 0;
    }
    return true;
  }

  #readBody({ bodyBytes }: RequestHead): Buffer | undefined {
    if (bodyBytes === 'chunked') return this.#readChunks();
    if (this.#body.length === 0) {
      const body = this.#rest.subarray(0, bodyBytes);
      this.#rest = this.#rest.subarray(bodyBytes);
      return body;
    }
    const copied = this.#rest.copy(this.#body, this.#bodyFilled);
    this.#bodyFilled += copied;
    this.#rest = this.#rest.subarray(copied);
    if (this.#bodyFilled < bodyBytes) return undefined;
    const body = this.#body;
    this.#body = NOTHING;
    return body;
  }

  /** Begins anew with each read, since bodies in chunks are rare and short. */
  #readChunks(): Buffer | undefined {
    if (this.#rest.length > MAX_BODY_BYTES) throw new BadRequest(413, 'the body is too long');
    const chunks: Buffer[] = [];
    for (let position = 0; ;) {
      const lineEnd = this.#rest.indexOf(LINE_END, position);
      if (lineEnd === -1) return undefined;
      const size = parseChunkSize(this.#rest.toString('latin1', position, lineEnd));
      const start = lineEnd + LINE_END.length;
      if (size === 0) {
        const end = this.#endOfTrailers(lineEnd);
        if (end === -1) return undefined;
        this.#rest = this.#rest.subarray(end);
        return Buffer.concat(chunks);
      }
      position = start + size + LINE_END.length;
      if (position > this.#rest.length) return undefined;
      chunks.push(this.#rest.subarray(start, start + size));
    }
  }

  /** Trailers are read over: the body ends with the first empty line behind the last chunk. */
  #endOfTrailers(lastChunkLineEnd: number): number {
    const end = this.#rest.indexOf(HEAD_END, lastChunkLineEnd);
    return end === -1 ? -1 : end + HEAD_END.length;
  }
}

function parseHead(head: string): RequestHead {
  const line = /^([A-Z]+) (\S+) HTTP\/1\.([01])(?:\r\n|$)/.exec(head);
  if (line === null) throw new BadRequest(400, 'the first line is no HTTP/1.1 request');
  const isOld = line[3] === '0';
  const connection = headerOf(head, CONNECTION);
  return {
    method: line[1]!,
    target: line[2]!,
    isOld,
    keepAlive: isOld ? /keep-alive/i.test(connection) : !/\bclose\b/i.test(connection),
    bodyBytes: /\bchunked\b/i.test(headerOf(head, TRANSFER_ENCODING)) ? 'chunked' : parseLength(head),
    expectsContinue: /100-continue/i.test(headerOf(head, EXPECT)),
  };
}

const CONNECTION = /\r\nconnection:[ \t]*([^\r]*)/i;
const TRANSFER_ENCODING = /\r\ntransfer-encoding:[ \t]*([^\r]*)/i;
const CONTENT_LENGTH = /\r\ncontent-length:[ \t]*([^\r]*)/i;
const EXPECT = /\r\nexpect:[ \t]*([^\r]*)/i;

function headerOf(head: string, pattern: RegExp): string {
  return pattern.exec(head)?.[1] ?? '';
}

function parseLength(head: string): number {
  const text = headerOf(head, CONTENT_LENGTH).trim();
  if (!/^\d*$/.test(text)) throw new BadRequest(400, `content-length is "${text}"`);
  const length = Number(text);
  if (length > MAX_BODY_BYTES) throw new BadRequest(413, 'the body is too long');
  return length;
}

function parseChunkSize(line: string): number {
  const size = /^([0-9a-f]{1,8})[ \t]*(?:;.*)?$/i.exec(line)?.[1];
  if (size === undefined) throw new BadRequest(400, `the size of a chunk is "${line.slice(0, 40)}"`);
  return Number.parseInt(size, 16);
}

function completeRequest(head: RequestHead, body: Buffer): HttpRequest {
  const queryAt = head.target.indexOf('?');
  return {
    method: head.method,
    path: queryAt === -1 ? head.target : head.target.slice(0, queryAt),
    query: new URLSearchParams(queryAt === -1 ? '' : head.target.slice(queryAt)),
    isOld: head.isOld,
    keepAlive: head.keepAlive,
    body,
  };
}
