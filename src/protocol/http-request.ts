import { InferometerError } from '../core/errors.ts';

/** Where requests go, taken apart. */
export interface Endpoint {
  /** Normalised, without a slash at its end. */
  readonly url: string;
  /** Name or address to connect to; an IPv6 address without brackets. */
  readonly hostname: string;
  readonly port: number;
  readonly tls: boolean;
  /** The URL's own path: empty or `/…`, without a slash at its end. */
  readonly basePath: string;
}

/** What the head of each request of a run says, besides the path. */
export interface RequestHead {
  /** Keep the connection for a next request; default true. */
  readonly keepAlive?: boolean;
  /** Sent as `Authorization: Bearer …`. */
  readonly apiKey?: string;
  /** Extra headers; one named like a header of ours replaces it. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Asks for `text/event-stream`, else for JSON. */
  readonly streaming: boolean;
  readonly userAgent?: string;
}

const DEFAULT_PORTS = { http: 80, https: 443 } as const;
const DEFAULT_USER_AGENT = 'inferometer';

/**
 * Takes an endpoint URL apart. Throws `INFEROMETER_PROTOCOL_ENDPOINT` for anything that is no http or https URL, and for URLs
 * with a user, a query or a fragment.
 */
export function parseEndpoint(url: string): Endpoint {
  if (!URL.canParse(url)) throw endpointError(url, isUrlButForPort(url) ? 'a port above 65535' : 'no URL');
  const parsed = new URL(url);
  const { protocol, hostname, username, password, search, hash } = parsed;
  if (protocol !== 'http:' && protocol !== 'https:') throw endpointError(url, `the scheme "${protocol}"`);
  if (username !== '' || password !== '') {
    throw endpointError(withoutUser(parsed), 'a user name or password in it (set an API key or a header)');
  }
  if (search !== '' || hash !== '') throw endpointError(url, 'a query or a fragment');
  if (parsed.port === '0') throw endpointError(url, 'port 0');
  const tls = protocol === 'https:';
  const basePath = parsed.pathname.replace(/\/+$/, '');
  return {
    url: parsed.origin + basePath,
    hostname: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: parsed.port === '' ? DEFAULT_PORTS[tls ? 'https' : 'http'] : Number(parsed.port),
    tls,
    basePath,
  };
}

/**
 * The path of an API below an endpoint. What the endpoint's path ends with is not repeated: `v1/chat/completions` below `/`,
 * `/v1` and `/v1/chat/completions` is the same, `/v1/chat/completions`.
 */
export function requestPath(endpoint: Endpoint, apiPath: string): string {
  const segments = apiPath.split('/');
  for (let shared = segments.length; shared > 0; shared--) {
    const head = `/${segments.slice(0, shared).join('/')}`;
    if (endpoint.basePath.endsWith(head)) return [endpoint.basePath, ...segments.slice(shared)].join('/');
  }
  return `${endpoint.basePath}/${apiPath}`;
}

/**
 * Encodes complete HTTP/1.1 POST requests, each in one piece of memory, for an endpoint, the path of an API and bodies of JSON. The head is
 * made once.
 *
 * Throws `INFEROMETER_PROTOCOL_HEADER` when a header is malformed (CR and LF included), repeats another in other case, or would
 * change the framing (`Content-Length`, `Transfer-Encoding`, `Connection`).
 */
export function requestEncoder(
  endpoint: Endpoint,
  apiPath: string,
  head: RequestHead,
): (body: Uint8Array) => Uint8Array {
  const lines = [`POST ${requestPath(endpoint, apiPath)} HTTP/1.1`];
  for (const [name, value] of headersOf(endpoint, head)) lines.push(`${name}: ${value}`);
  const beforeLength = `${lines.join('\r\n')}\r\nContent-Length: `;
  return (body) => Buffer.concat([Buffer.from(`${beforeLength}${body.length}\r\n\r\n`), body]);
}

/** One request, as by {@link requestEncoder}. */
export function encodeRequest(
  endpoint: Endpoint,
  apiPath: string,
  body: Uint8Array,
  head: RequestHead,
): Uint8Array {
  return requestEncoder(endpoint, apiPath, head)(body);
}

/** The headers by their names as sent; those of the user win. */
function headersOf(endpoint: Endpoint, head: RequestHead): Iterable<readonly [name: string, value: string]> {
  const byLowerCase = new Map<string, readonly [string, string]>();
  const set = (name: string, value: string) => byLowerCase.set(name.toLowerCase(), [name, value]);
  set('Host', hostHeader(endpoint));
  set('User-Agent', head.userAgent ?? DEFAULT_USER_AGENT);
  if (head.apiKey !== undefined) set('Authorization', `Bearer ${checkedValue('API key', head.apiKey)}`);
  set('Content-Type', 'application/json');
  set('Accept', head.streaming ? 'text/event-stream' : 'application/json');
  set('Connection', head.keepAlive === false ? 'close' : 'keep-alive');
  const own = new Set<string>();
  for (const [name, value] of Object.entries(head.headers ?? {})) {
    const key = name.toLowerCase();
    checkName(name);
    if (own.has(key)) throw headerError(name, 'the same header twice', 'one value');
    own.add(key);
    set(name, checkedValue(name, value));
  }
  return byLowerCase.values();
}

const FRAMING_HEADERS: ReadonlySet<string> = new Set(['content-length', 'transfer-encoding', 'connection']);
/** `token` of RFC 9110 §5.6.2. */
const HEADER_NAME = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const HEADER_VALUE = /^[\t\x20-\x7e]*$/;

function checkName(name: string): void {
  if (!HEADER_NAME.test(name))
    throw headerError(name, 'a name that HTTP does not allow', 'letters, digits and -');
  if (FRAMING_HEADERS.has(name.toLowerCase())) {
    throw headerError(name, 'a header that frames the request', 'to leave it to the program');
  }
}

/** The value is not repeated: it may be a secret. */
function checkedValue(name: string, value: string): string {
  if (HEADER_VALUE.test(value)) return value;
  const found = 'a line break or another character that is not ASCII';
  throw headerError(name, found, 'printable ASCII on one line');
}

function hostHeader({ hostname, port, tls }: Endpoint): string {
  const host = hostname.includes(':') ? `[${hostname}]` : hostname;
  return port === DEFAULT_PORTS[tls ? 'https' : 'http'] ? host : `${host}:${port}`;
}

function isUrlButForPort(url: string): boolean {
  return URL.canParse(url.replace(/:\d+(?=[/?#]|$)/, ''));
}

function withoutUser(url: URL): string {
  const copy = new URL(url);
  copy.username = '';
  copy.password = '';
  return copy.href;
}

function endpointError(url: string, found: string): InferometerError {
  return new InferometerError(
    'INFEROMETER_PROTOCOL_ENDPOINT',
    'input',
    // What can't be taken apart may have a password in it as well.
    `endpoint ${url.replace(/\/\/[^/]*@/, '//')}: found ${found}, wanted a URL such as http://host:8000 or https://host/v1`,
  );
}

function headerError(name: string, found: string, wanted: string): InferometerError {
  return new InferometerError(
    'INFEROMETER_PROTOCOL_HEADER',
    'input',
    `header ${JSON.stringify(name)}: found ${found}, wanted ${wanted}`,
  );
}
