/** A proxy that opens tunnels (CONNECT), taken apart. */
export interface Proxy {
  /** `http://host:port`, without user and password. */
  readonly url: string;
  readonly hostname: string;
  readonly port: number;
  /** Value of `Proxy-Authorization`: a secret. */
  readonly authorization: string | undefined;
}

/** How a proxy is given. */
export const PROXY_ALLOWED = 'http://host:port, http://user:password@host:port or none';

/** Stands for no proxy, whatever the environment says. */
export const NO_PROXY = 'none';

const DEFAULT_PORT = 80;

/** A proxy's URL with its scheme, and user and password encoded so that nothing of them looks like the rest. Undefined for what is none. */
export function normalizedProxy(text: string): string | undefined {
  const url = text.includes('://') ? text : `http://${text}`;
  if (/[\s\\]/.test(url) || !URL.canParse(url)) return undefined;
  const { protocol, hostname, port, pathname, search, hash, username, password } = new URL(url);
  const isPlain = pathname === '/' && search === '' && hash === '';
  if (protocol !== 'http:' || hostname === '' || port === '0' || !isPlain) return undefined;
  const user = username === '' && password === '' ? '' : `${username}:${password}@`;
  return `http://${user}${hostname}:${port === '' ? DEFAULT_PORT : port}`;
}

/** Takes a proxy as {@link normalizedProxy} gives it apart. */
export function parseProxy(normalized: string): Proxy {
  const { hostname, port, host, username, password } = new URL(normalized);
  const hasUser = username !== '' || password !== '';
  return {
    url: `http://${host}`,
    hostname: hostname.replace(/^\[(.*)\]$/, '$1'),
    port: port === '' ? DEFAULT_PORT : Number(port),
    authorization: hasUser ? `Basic ${basicCredentials(normalized)}` : undefined,
  };
}

/** User and password of a proxy, as Basic encodes them. */
export function basicCredentials(normalized: string): string {
  const { username, password } = new URL(normalized);
  return Buffer.from(`${decodedPart(username)}:${decodedPart(password)}`).toString('base64');
}

/** A part of a URL, decoded; as it is where that can't be done. */
export function decodedPart(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
