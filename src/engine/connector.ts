import { connect as connectTcp, isIP, type LookupFunction, type Socket } from 'node:net';
import { connect as connectTls, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';
import type { ErrorData } from '../core/model-output.ts';
import type { Endpoint } from '../protocol/endpoint.ts';
import type { Proxy } from '../protocol/proxy.ts';
import { AddressBook } from './address-book.ts';
import { CLIENT_LIMIT, connectFailure, connectTimedOut, type ConnectStage } from './connect-failure.ts';
import type { ConnectionTimer } from './connection-timer.ts';
import { brokenConnection } from './failure.ts';
import { CLOSED, openTunnel, ProxyError, proxyTimedOut, ProxyTunnel } from './proxy-tunnel.ts';
import { SchemeProbe } from './scheme-probe.ts';
import type { TlsSettings } from './settings.ts';
import {
  follow,
  keepAfterFailedWrite,
  type OpeningListener,
  type SocketListener,
  watch,
} from './socket-listener.ts';
import { isTlsError, PlainHttpError, tlsFailure } from './tls-failure.ts';

/** A server that has not said a word of its handshake by then is asked whether it speaks plain HTTP. */
const SILENT_HANDSHAKE_MS = 500;

export interface ConnectorOptions {
  /** Check the certificate of a TLS endpoint. */
  readonly tlsVerify: boolean;
  readonly tls?: TlsSettings | undefined;
  /** The way to the endpoint; default: directly. */
  readonly proxy?: Proxy | undefined;
  /** Addresses of the host, instead of a lookup. */
  readonly addresses?: readonly string[] | undefined;
  /** Which of its addresses the first connection begins with; default: the first. */
  readonly firstAddress?: number | undefined;
  /** Told how long the stages of each connection took; default: nobody. */
  readonly timer?: ConnectionTimer | undefined;
}

/**
 * Opens sockets to one endpoint, over TCP, through a proxy or to a Unix socket. All of them, TLS ones too, read into one buffer given by the caller: what is read is
 * handled before the next read, so a worker needs no more. The host name is looked up once, and
 * connections are spread over its addresses.
 */
export class Connector {
  readonly readBuffer: Uint8Array;
  /** Whether a sample has been answered here, so that nobody needs to wonder what the server speaks. */
  hasAnswered = false;
  readonly #endpoint: Endpoint;
  readonly #proxy: Proxy | undefined;
  readonly #tls: TlsSettings;
  readonly #tlsVerify: boolean;
  readonly #addresses: AddressBook;
  /** Made once: reading the certificate authorities takes longer than a handshake. */
  readonly #secureContext: SecureContext | undefined;
  readonly #probe: SchemeProbe;
  readonly #timer: ConnectionTimer | undefined;
  /** Learned from the probe: the scheme of the endpoint is the wrong one. */
  #isWrongScheme = false;

  constructor(endpoint: Endpoint, readBuffer: Uint8Array, options: ConnectorOptions) {
    const { tlsVerify, tls = {}, proxy, addresses, firstAddress = 0, timer } = options;
    this.#timer = timer;
    this.readBuffer = readBuffer;
    this.#proxy = proxy;
    this.#addresses = new AddressBook(proxy === undefined ? addresses : undefined, firstAddress, (tookMs) =>
      timer?.add('dns_lookup', tookMs),
    );
    this.#endpoint = endpoint;
    this.#tls = tls;
    this.#tlsVerify = tlsVerify;
    const { ca, cert, key } = tls;
    this.#secureContext = endpoint.tls ? createSecureContext({ ca, cert, key }) : undefined;
    this.#probe = new SchemeProbe({
      open: () => this.#openPlain(),
      secure: (socket) => connectTls({ socket, servername: this.#serverName, rejectUnauthorized: false }),
    });
  }

  connect(listener: SocketListener): Socket {
    const { tls } = this.#endpoint;
    if (this.#proxy === undefined) {
      const socket = tls ? this.#connectTls(listener) : this.#connectTcp(listener);
      return follow(socket, listener, tls ? 'secureConnect' : 'connect');
    }
    return tls ? this.#tunnelTls(this.#proxy, listener) : this.#tunnelTcp(this.#proxy, listener);
  }

  /** Opens a socket that its owner reads. `protocol`: the only one that is offered in a TLS handshake (ALPN). */
  open(protocol: string, listener: OpeningListener): Socket {
    if (this.#proxy !== undefined) return this.#openTunnel(this.#proxy, protocol, listener);
    const { tls } = this.#endpoint;
    if (!tls) return watch(this.#dial({ noDelay: true }, connectTcp), listener, 'connect');
    const socket = this.#dial(this.#tlsOptions(protocol), connectTls).setNoDelay(true);
    this.#watchTls(socket, listener);
    return watch(socket, listener, 'secureConnect');
  }

  /** Why a connection could not be had. */
  failureOf(error: Error, stage: ConnectStage): ErrorData {
    if (stage === 'tls') return tlsFailure(error, this.#endpoint, this.#tls);
    if (error instanceof ProxyError) return error.failure;
    const failure = connectFailure(error, this.#endpoint);
    if (this.#proxy === undefined || failure.errorType === CLIENT_LIMIT) return failure;
    return this.#tunnel(this.#proxy).failed(`cannot be reached: ${failure.errorMessage}`).failure;
  }

  /** A connection that could not be had in time. */
  timeoutOf(timeoutMs: number, stage: ConnectStage): ErrorData {
    const isProxy = this.#proxy !== undefined && stage === 'tcp';
    return isProxy ? proxyTimedOut(this.#proxy, timeoutMs) : connectTimedOut(timeoutMs);
  }

  /** Why an established connection broke. */
  breakOf(error: Error): ErrorData {
    // In TLS 1.3 a server sees the certificate of a client, or that there is none, when the client has begun to send.
    return isTlsError(error) ? tlsFailure(error, this.#endpoint, this.#tls) : brokenConnection(error);
  }

  /**
   * For a plain connection that ended without a byte of an answer: what to say of it instead if the server speaks TLS. Undefined when there is
   * nothing to find out.
   */
  doubtOf(failure: ErrorData): ErrorData | Promise<ErrorData> | undefined {
    if (this.#endpoint.tls || this.hasAnswered) return undefined;
    const { url } = this.#endpoint;
    const https = url.startsWith('unix:') ? `https://${url}` : url.replace(/^http:/, 'https:');
    const errorMessage = `the server speaks TLS on this port: use --endpoint ${https}`;
    const instead = { errorType: failure.errorType, errorMessage };
    if (this.#isWrongScheme) return instead;
    return this.#probe.speaksTls().then((isSo) => {
      this.#isWrongScheme = isSo;
      return isSo ? instead : failure;
    });
  }

  #connectTcp(listener: SocketListener): Socket {
    return this.#dial({ noDelay: true, allowHalfOpen: true, onread: this.#onread(listener) }, connectTcp);
  }

  #connectTls(listener: SocketListener): Socket {
    const onread = this.#onread(listener);
    const options = { ...this.#tlsOptions(), allowHalfOpen: true, onread };
    const socket = this.#dial(options, connectTls).setNoDelay(true);
    this.#watchTls(socket, listener);
    return socket;
  }

  #watchTls(socket: TLSSocket, listener: OpeningListener): void {
    socket.once('connect', () => {
      listener.onTcp();
      this.#watchHandshake(socket);
    });
  }

  /** At the start of a handshake. A plain HTTP server may wait for ever for the end of what it takes for a request. */
  #watchHandshake(socket: TLSSocket): void {
    const startedMs = performance.now();
    socket.once('secureConnect', () => this.#timer?.add('tls_handshake', performance.now() - startedMs));
    const give = () => socket.destroy(new PlainHttpError());
    if (this.#isWrongScheme) {
      give();
      return;
    }
    if (this.hasAnswered) return;
    let isOver = false;
    const timer = setTimeout(() => {
      void this.#probe.speaksHttp().then((isSo) => {
        this.#isWrongScheme = isSo;
        if (isSo && !isOver) give();
      });
    }, SILENT_HANDSHAKE_MS);
    const stop = () => {
      isOver = true;
      clearTimeout(timer);
    };
    socket.once('secureConnect', stop).once('close', stop);
  }

  /** The answer to CONNECT is read from the buffer, too, and kept from the listener. */
  #tunnelTcp(proxy: Proxy, listener: SocketListener): Socket {
    const tunnel = this.#tunnel(proxy);
    let isOpen = false;
    const callback = (length: number) => {
      if (isOpen) listener.onRead(length);
      else takeAnswer(length);
      return true;
    };
    const takeAnswer = (length: number) => {
      try {
        isOpen = tunnel.feed(this.readBuffer.subarray(0, length));
        if (isOpen) listener.onOpen();
      } catch (error) {
        socket.destroy(error as Error);
      }
    };
    const onread = { buffer: this.readBuffer, callback };
    const socket = this.#dial({ noDelay: true, allowHalfOpen: true, onread }, connectTcp);
    keepAfterFailedWrite(socket, listener);
    return socket
      .once('connect', () => socket.write(tunnel.request))
      .on('end', () => (isOpen ? listener.onEnd() : socket.destroy(tunnel.failed(CLOSED))))
      .on('error', (error) => listener.onError(error))
      .on('close', () => listener.onClose());
  }

  /** TLS inside the tunnel. Node reads such a socket into buffers of its own: a read costs a copy that others don't. */
  #tunnelTls(proxy: Proxy, listener: SocketListener): Socket {
    const tcp = this.#dial({ noDelay: true, allowHalfOpen: true }, connectTcp);
    let isOpen = false;
    openTunnel(tcp, this.#tunnel(proxy), () => {
      isOpen = true;
      listener.onTcp();
      const socket = connectTls({ socket: tcp, ...this.#tlsOptions() });
      follow(socket, listener, 'secureConnect').on('data', (bytes: Buffer) =>
        this.#readCopy(bytes, listener),
      );
      this.#watchHandshake(socket);
      listener.onSocket(socket);
    });
    return tcp
      .on('error', (error) => (isOpen ? undefined : listener.onError(error)))
      .on('close', () => (isOpen ? undefined : listener.onClose()));
  }

  #openTunnel(proxy: Proxy, protocol: string, listener: OpeningListener): Socket {
    const tcp = this.#dial({ noDelay: true }, connectTcp);
    let isOpen = false;
    openTunnel(tcp, new ProxyTunnel(proxy, this.#endpoint, true), () => {
      isOpen = true;
      if (!this.#endpoint.tls) {
        listener.onOpen();
        return;
      }
      listener.onTcp();
      const socket = connectTls({ socket: tcp, ...this.#tlsOptions(protocol) });
      listener.onSocket(socket);
      watch(socket, listener, 'secureConnect');
      this.#watchHandshake(socket);
    });
    const isDone = () => isOpen && this.#endpoint.tls;
    return tcp
      .on('error', (error) => (isDone() ? undefined : listener.onError(error)))
      .on('close', () => (isDone() ? undefined : listener.onClose()));
  }

  #readCopy(bytes: Buffer, listener: SocketListener): void {
    for (let at = 0; at < bytes.length; at += this.readBuffer.length) {
      const part = bytes.subarray(at, at + this.readBuffer.length);
      this.readBuffer.set(part);
      listener.onRead(part.length);
    }
  }

  /** A connection for the probe. */
  #openPlain(): Promise<Socket> {
    const { promise, resolve, reject } = Promise.withResolvers<Socket>();
    const socket = this.#dial({}, connectTcp);
    const onOpen = () => resolve(socket.resume());
    if (this.#proxy === undefined) socket.once('connect', onOpen);
    else openTunnel(socket, this.#tunnel(this.#proxy), onOpen);
    socket.once('error', reject).once('close', () => reject(new Error('the connection was closed')));
    return promise;
  }

  #tunnel(proxy: Proxy): ProxyTunnel {
    return new ProxyTunnel(proxy, this.#endpoint);
  }

  #tlsOptions(protocol = 'http/1.1') {
    return {
      secureContext: this.#secureContext,
      servername: this.#serverName,
      ALPNProtocols: [protocol],
      rejectUnauthorized: this.#tlsVerify,
    };
  }

  /** Connects to where the first hop is. */
  #dial<O extends object, S extends Socket>(options: O, connect: (options: O & DialTarget) => S): S {
    const { socketPath } = this.#endpoint;
    if (socketPath !== undefined) return connect({ ...options, path: socketPath });
    const { hostname, port } = this.#proxy ?? this.#endpoint;
    const turn = this.#addresses.next();
    const startedMs = performance.now();
    const socket = connect({ ...options, host: hostname, port, lookup: turn.lookup });
    return socket.once('connect', () => {
      this.#timer?.add('tcp_connect', performance.now() - (turn.lookedUpMs ?? startedMs));
      turn.connected(socket.remoteAddress);
    });
  }

  get #serverName(): string {
    const { hostname } = this.#endpoint;
    return this.#tls.serverName ?? (isIP(hostname) === 0 ? hostname : '');
  }

  #onread(listener: SocketListener) {
    const callback = (length: number) => {
      listener.onRead(length);
      return true;
    };
    return { buffer: this.readBuffer, callback };
  }
}

type DialTarget =
  | { readonly path: string }
  | { readonly host: string; readonly port: number; readonly lookup: LookupFunction };
