import { InferometerError } from '../core/errors.ts';
import type { RunId } from '../core/ids.ts';
import { type Endpoint, hostHeader } from './endpoint.ts';
import { SESSION_TOKEN_LINE, traceparentSlot, uuidSlot, withSlots } from './head-slots.ts';
import { requestTarget } from './request-target.ts';

/** What the head of each request of a run says, besides the path. Values of headers may have `{{sample}}` and `{{conversation}}` in them. */
export interface RequestHead {
  /** Keep the connection for a next request; default true. */
  readonly keepAlive?: boolean;
  /** Sent as `Authorization: Bearer …`. */
  readonly apiKey?: string;
  /** Another header to send the key in, as it is. */
  readonly keyHeader?: string;
  /** What the API wants besides. */
  readonly apiHeaders?: Readonly<Record<string, string>>;
  /** Extra headers; one named like a header of ours replaces it. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Asks for `text/event-stream`, else for JSON. */
  readonly streaming: boolean;
  readonly userAgent?: string;
  /** The run's, for headers that name the sample. */
  readonly runId?: RunId;
  /** Send the sample's id as `X-Request-Id`, and as a trace of W3C Trace Context. */
  readonly requestId?: boolean;
  readonly traceparent?: boolean;
  /** Requests may send back a token that the server gave: see `SESSION_TOKEN_LINE`. */
  readonly sendsToken?: boolean;
  /** Default: POST. */
  readonly method?: string;
  /** Path, and query, below the endpoint's own, instead of that of the API. */
  readonly path?: string;
}

const DEFAULT_USER_AGENT = 'inferometer';

/**
 * The heads, of ASCII characters, of HTTP/1.1 requests for an endpoint, the path of an API and bodies of JSON of a given length: a head and its body are the
 * request.
 *
 * Throws `INFEROMETER_PROTOCOL_HEADER` when a header is malformed (CR and LF included), repeats another in other case, or would
 * change the framing (`Content-Length`, `Transfer-Encoding`, `Connection`).
 */
export function headEncoder(
  endpoint: Endpoint,
  apiPath: string,
  head: RequestHead,
): (bodyBytes: number) => string {
  const beforeLength = headBeforeLength(endpoint, apiPath, head);
  return (bodyBytes) => `${beforeLength}${bodyBytes}\r\n\r\n`;
}

/** Such a head up to the length of the body; behind that come two line ends. All slots for a sample's own text are in it: see `slotsOf`. */
export function headBeforeLength(endpoint: Endpoint, apiPath: string, head: RequestHead): string {
  const lines = [`${head.method ?? 'POST'} ${requestTarget(endpoint, apiPath, head.path)} HTTP/1.1`];
  for (const [name, value] of headersOf(endpoint, head)) lines.push(`${name}: ${value}`);
  if (head.sendsToken === true) lines.push(SESSION_TOKEN_LINE);
  return `${lines.join('\r\n')}\r\nContent-Length: `;
}

/** One request in one piece, with the head of {@link headEncoder}. */
export function encodeRequest(
  endpoint: Endpoint,
  apiPath: string,
  body: Uint8Array,
  head: RequestHead,
): Uint8Array {
  return Buffer.concat([Buffer.from(headEncoder(endpoint, apiPath, head)(body.length)), body]);
}

/** A GET request in one piece, with the same headers but for those of a body. `target`: of the request line. */
export function encodeGet(endpoint: Endpoint, target: string, head: RequestHead): Uint8Array {
  const lines = [`GET ${target} HTTP/1.1`];
  for (const [name, value] of headersOf(endpoint, head)) {
    if (name.toLowerCase() !== 'content-type') lines.push(`${name}: ${value}`);
  }
  return Buffer.from(`${lines.join('\r\n')}\r\n\r\n`);
}

/** The headers by their names as sent; those of the user win. */
function headersOf(endpoint: Endpoint, head: RequestHead): Iterable<readonly [name: string, value: string]> {
  const byLowerCase = new Map<string, readonly [string, string]>();
  const set = (name: string, value: string) => byLowerCase.set(name.toLowerCase(), [name, value]);
  set('Host', hostHeader(endpoint));
  set('User-Agent', head.userAgent ?? DEFAULT_USER_AGENT);
  if (head.apiKey !== undefined) {
    const key = checkedValue('--api-key', head.apiKey);
    if (head.keyHeader === undefined) set('Authorization', `Bearer ${key}`);
    else set(head.keyHeader, key);
  }
  set('Content-Type', 'application/json');
  set('Accept', head.streaming ? 'text/event-stream' : 'application/json');
  set('Connection', head.keepAlive === false ? 'close' : 'keep-alive');
  for (const [name, value] of Object.entries(head.apiHeaders ?? {})) set(name, value);
  if (head.runId !== undefined) {
    if (head.requestId === true) set('X-Request-Id', uuidSlot(head.runId));
    if (head.traceparent === true) set('traceparent', traceparentSlot(head.runId));
  }
  const own = new Set<string>();
  for (const [name, value] of Object.entries(head.headers ?? {})) {
    const key = name.toLowerCase();
    checkName(name);
    if (own.has(key)) throw headerError(name, 'must not be given twice');
    own.add(key);
    const label = headerLabel(name);
    set(name, withSlots(label, checkedValue(label, value), head.runId));
  }
  return byLowerCase.values();
}

const FRAMING_HEADERS: ReadonlySet<string> = new Set(['content-length', 'transfer-encoding', 'connection']);
/** `token` of RFC 9110 §5.6.2. */
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const HEADER_VALUE = /^[\t\x20-\x7e]*$/;

function checkName(name: string): void {
  if (!HEADER_NAME.test(name)) {
    throw headerError(
      name,
      'the name may only have characters that HTTP allows, such as letters, digits and -',
    );
  }
  if (FRAMING_HEADERS.has(name.toLowerCase())) {
    throw headerError(name, 'cannot be set: it frames the request');
  }
}

/** The value is not repeated: it may be a secret. */
function checkedValue(label: string, value: string): string {
  if (HEADER_VALUE.test(value)) return value;
  throw headError(label, 'the value must be printable ASCII on one line');
}

function headerLabel(name: string): string {
  return `--header ${JSON.stringify(name)}`;
}

function headerError(name: string, what: string): InferometerError {
  return headError(headerLabel(name), what);
}

function headError(label: string, what: string): InferometerError {
  return new InferometerError('INFEROMETER_PROTOCOL_HEADER', 'input', `${label}: ${what}`);
}
