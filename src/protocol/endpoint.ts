import { InferometerError } from '../core/errors.ts';

/** Where requests go, taken apart. */
export interface Endpoint {
  /** Normalized, without a slash at its end and without the query. */
  readonly url: string;
  /** Name or address to connect to, an IPv6 address without brackets; `localhost` for a Unix socket. */
  readonly hostname: string;
  readonly port: number;
  /** Path of the Unix socket to connect to, instead of host and port. */
  readonly socketPath?: string;
  readonly tls: boolean;
  /** The URL's own path: empty or `/…`, without a slash at its end. */
  readonly basePath: string;
  /** The URL's own query: empty or `?…`. It may hold a secret, so no message shows it. */
  readonly query: string;
}

const DEFAULT_PORTS = { http: 80, https: 443 } as const;
/** `unix:/run/vllm.sock:/v1`; with a scheme before it, as nginx writes it, for TLS. */
const UNIX = /^(?:(https?):\/\/unix:(?=\/)|unix:)(?:\/\/(?=\/))?([^?#]*)(.*)$/is;
/** What the system has room for in an address, without the NUL at its end: 108 bytes on Linux, 104 elsewhere. */
const MOST_SOCKET_PATH_BYTES = process.platform === 'linux' ? 107 : 103;

/** Whether an endpoint as it was given is a Unix socket. */
export function isUnixSocket(url: string): boolean {
  return UNIX.test(url);
}

/**
 * Takes an endpoint apart: an http or https URL, or `unix:` and the path of a socket, with a colon before a path of the URL.
 *
 * Throws `INFEROMETER_PROTOCOL_ENDPOINT` for anything else, and for URLs with a user or a fragment.
 */
export function parseEndpoint(url: string): Endpoint {
  const unix = UNIX.exec(url);
  if (unix !== null) return parseUnix(url, unix[1]?.toLowerCase() === 'https', unix[2]!, unix[3]!);
  if (!URL.canParse(url)) {
    throw endpointError(
      url,
      isUrlButForPort(url) ? 'the port must be at most 65535' : `it must be ${ENDPOINT_EXAMPLE}`,
    );
  }
  const parsed = new URL(url);
  const { protocol, hostname, username, password, search, hash } = parsed;
  if (protocol !== 'http:' && protocol !== 'https:') {
    throw endpointError(url, `it must be ${ENDPOINT_EXAMPLE} (got the scheme "${protocol}")`);
  }
  if (username !== '' || password !== '') {
    throw endpointError(url, 'it must not hold a user name or password; use --api-key or --header instead');
  }
  if (hash !== '') throw endpointError(url, FRAGMENT);
  if (parsed.port === '0') throw endpointError(url, 'the port must not be 0');
  const tls = protocol === 'https:';
  const basePath = withoutSlashes(parsed.pathname);
  return {
    url: parsed.origin + basePath,
    hostname: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: parsed.port === '' ? DEFAULT_PORTS[tls ? 'https' : 'http'] : Number(parsed.port),
    tls,
    basePath,
    query: search,
  };
}

/** Value of the Host header: without the default port, and with brackets around an IPv6 address. */
export function hostHeader({ hostname, port, tls }: Endpoint): string {
  return port === DEFAULT_PORTS[tls ? 'https' : 'http'] ? bracketed(hostname) : hostAndPort(hostname, port);
}

/** `host:8000`, `[::1]:8000`. */
export function hostAndPort(hostname: string, port: number): string {
  return `${bracketed(hostname)}:${port}`;
}

function bracketed(hostname: string): string {
  return hostname.includes(':') ? `[${hostname}]` : hostname;
}

/** `paths`: the socket, and behind a colon the path of the URL. */
function parseUnix(url: string, tls: boolean, paths: string, rest: string): Endpoint {
  const [, socketPath = '', path = ''] = /^(.*?)(?::(\/.*)?)?$/s.exec(paths)!;
  if (!socketPath.startsWith('/') || socketPath.endsWith('/')) {
    throw endpointError(
      url,
      'behind unix: must come the whole path of a socket, and the path of the URL behind another colon, such as unix:/run/vllm.sock:/v1',
    );
  }
  const bytes = Buffer.byteLength(socketPath);
  if (bytes > MOST_SOCKET_PATH_BYTES) {
    throw endpointError(
      url,
      `the path of a socket has at most ${MOST_SOCKET_PATH_BYTES} bytes on this system (got ${bytes}); use a link with a shorter path`,
    );
  }
  const { pathname, search, hash } = new URL(`http://localhost${path}${rest}`);
  if (hash !== '') throw endpointError(url, FRAGMENT);
  const basePath = withoutSlashes(pathname);
  return {
    url: `${tls ? 'https://' : ''}unix:${socketPath}${basePath === '' ? '' : `:${basePath}`}`,
    hostname: 'localhost',
    port: DEFAULT_PORTS[tls ? 'https' : 'http'],
    socketPath,
    tls,
    basePath,
    query: search,
  };
}

function withoutSlashes(path: string): string {
  return path.replace(/\/+$/, '');
}

function isUrlButForPort(url: string): boolean {
  return URL.canParse(url.replace(/:\d+(?=[/?#]|$)/, ''));
}

const ENDPOINT_EXAMPLE =
  'a URL such as http://host:8000 or https://host/v1, or a Unix socket such as unix:/run/vllm.sock';
const FRAGMENT = 'it must not have a fragment (#…)';

function endpointError(url: string, what: string): InferometerError {
  // Text that is not a URL may have a password or a key in it as well.
  const safe = url.replace(/\/\/[^/]*@/, '//').replace(/\?.*$/s, '?…');
  return new InferometerError('INFEROMETER_PROTOCOL_ENDPOINT', 'input', `--endpoint ${safe}: ${what}`);
}
