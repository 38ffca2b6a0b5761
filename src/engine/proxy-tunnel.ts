import type { Socket } from 'node:net';
import type { ErrorData } from '../core/model-output.ts';
import { type Endpoint, hostAndPort } from '../protocol/endpoint.ts';
import type { Proxy } from '../protocol/proxy.ts';

const MAX_HEAD_BYTES = 16 * 1024;
const HEAD_END = '\r\n\r\n';
const STATUS_LINE = /^HTTP\/1\.[01] (\d{3})(?: ([^\r\n]*))?\r\n/;
const SHOWN_CHARACTERS = 100;

/** What to change, by the status of the proxy's answer. */
const ADVICE: Readonly<Record<number, string>> = {
  403: 'it does not allow this host or port; many proxies allow CONNECT to port 443 only',
  405: 'it opens no tunnels (CONNECT)',
  407: 'give its user and password with --proxy http://USER:PASSWORD@HOST:PORT',
  502: 'it cannot reach the server',
  503: 'it cannot reach the server',
  504: 'it got no answer from the server in time',
};

/** The proxy did not open a tunnel. */
export class ProxyError extends Error {
  readonly failure: ErrorData;

  constructor(failure: ErrorData) {
    super(failure.errorMessage);
    this.name = 'ProxyError';
    this.failure = failure;
  }
}

/** One tunnel through a proxy to an endpoint, until it stands: what to send, and how the proxy answers. */
export class ProxyTunnel {
  readonly #proxy: Proxy;
  readonly #target: string;
  readonly #serverSpeaksFirst: boolean;
  #head = '';
  #headEnd = 0;

  /** `serverSpeaksFirst`: bytes of the server may follow the answer of the proxy, as they do in HTTP/2. */
  constructor(proxy: Proxy, { hostname, port }: Endpoint, serverSpeaksFirst = false) {
    this.#proxy = proxy;
    this.#serverSpeaksFirst = serverSpeaksFirst;
    this.#target = hostAndPort(hostname, port);
  }

  get request(): string {
    const { authorization } = this.#proxy;
    const credentials = authorization === undefined ? '' : `Proxy-Authorization: ${authorization}\r\n`;
    return `CONNECT ${this.#target} HTTP/1.1\r\nHost: ${this.#target}\r\nUser-Agent: inferometer\r\n${credentials}\r\n`;
  }

  /** Takes what the proxy sends; true when the tunnel stands. Throws {@link ProxyError} when it will not. */
  feed(bytes: Uint8Array): boolean {
    this.#head += Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('latin1');
    const end = this.#head.indexOf(HEAD_END);
    if (end < 0 && this.#head.length <= MAX_HEAD_BYTES) return false;
    const status = end < 0 ? null : STATUS_LINE.exec(this.#head);
    if (status === null) throw this.failed('answered CONNECT with something else than HTTP');
    const [, code, reason = ''] = status;
    if (!code!.startsWith('2')) throw this.#refused(Number(code), reason);
    this.#headEnd = end + HEAD_END.length;
    // A server of HTTP/1.1 says nothing before it is asked.
    if (!this.#serverSpeaksFirst && this.#headEnd < this.#head.length) {
      throw this.failed('sent more than its answer to CONNECT');
    }
    return true;
  }

  /** What came behind the answer of the proxy. */
  get rest(): Uint8Array {
    return Buffer.from(this.#head.slice(this.#headEnd), 'latin1');
  }

  /** The proxy itself failed: could not be reached, or is none. */
  failed(what: string): ProxyError {
    return new ProxyError({
      errorType: 'proxy_failed',
      errorMessage: `the proxy ${this.#proxy.url} ${what}`,
    });
  }

  #refused(status: number, reason: string): ProxyError {
    const text = reason.replace(/[^\x20-\x7e]+/g, ' ').slice(0, SHOWN_CHARACTERS);
    const advice = ADVICE[status];
    return new ProxyError({
      errorType: `proxy_${status}`,
      errorMessage:
        `the proxy ${this.#proxy.url} answered CONNECT ${this.#target} with ${`${status} ${text}`.trim()}` +
        (advice === undefined ? '' : `: ${advice}`),
    });
  }
}

/**
 * Asks for a tunnel on a connection to the proxy that is being made, and reads the answer. `onOpen` is called when it stands; the socket is
 * the caller's then. When it will not, the socket is destroyed with a {@link ProxyError}.
 */
export function openTunnel(socket: Socket, tunnel: ProxyTunnel, onOpen: () => void): void {
  const onData = (bytes: Buffer) => {
    try {
      if (!tunnel.feed(bytes)) return;
    } catch (error) {
      socket.destroy(error as Error);
      return;
    }
    socket.off('data', onData).off('end', onEnd).pause();
    if (tunnel.rest.length > 0) socket.unshift(tunnel.rest);
    onOpen();
  };
  const onEnd = () => socket.destroy(tunnel.failed(CLOSED));
  socket
    .once('connect', () => socket.write(tunnel.request))
    .on('data', onData)
    .on('end', onEnd);
}

/** What a proxy did that closes without an answer. */
export const CLOSED = 'closed the connection instead of an answer to CONNECT';

/** A connection through a proxy that did not come about in time. */
export function proxyTimedOut({ url }: Proxy, timeoutMs: number): ErrorData {
  return {
    errorType: 'proxy_timeout',
    errorMessage: `the proxy ${url} did not open a tunnel within ${timeoutMs} ms`,
  };
}
