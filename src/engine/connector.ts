import { connect as connectTcp, isIP, type Socket } from 'node:net';
import { connect as connectTls, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls';
import type { ErrorData } from '../core/model-output.ts';
import type { Endpoint } from '../protocol/endpoint.ts';
import { connectFailure, type ConnectStage } from './connect-failure.ts';
import { brokenConnection } from './failure.ts';
import { rememberingLookup } from './remembering-lookup.ts';
import { SchemeProbe } from './scheme-probe.ts';
import type { TlsSettings } from './settings.ts';
import { isTlsError, PlainHttpError, tlsFailure } from './tls-failure.ts';

/** A server that has not said a word of its handshake by then is asked whether it speaks plain HTTP. */
const SILENT_HANDSHAKE_MS = 500;

/** The events of a socket that is being connected. */
export interface SocketListener {
  /** `length` bytes stand at the start of the connector's buffer, valid during the call. */
  onRead(length: number): void;
  /** The TCP connection stands; on a TLS endpoint the handshake is still to come. */
  onTcp(): void;
  /** Requests may be written. */
  onOpen(): void;
  /** The peer will send nothing more. */
  onEnd(): void;
  onError(error: Error): void;
  onClose(): void;
  /** A write failed; true: keep the socket open for what there is to read. */
  onWriteFailed(): boolean;
}

export interface ConnectorOptions {
  /** Check the certificate of a TLS endpoint. */
  readonly tlsVerify: boolean;
  readonly tls?: TlsSettings | undefined;
}

/**
 * Opens sockets to one endpoint, over TCP or to a Unix socket. All of them, TLS ones too, read into one buffer given by the caller: what is read is
 * handled before the next read, so a worker needs no more. The host name is looked up once.
 */
export class Connector {
  readonly readBuffer: Uint8Array;
  /** Whether a sample has been answered here, so that nobody needs to wonder what the server speaks. */
  hasAnswered = false;
  readonly #endpoint: Endpoint;
  readonly #tls: TlsSettings;
  readonly #tlsVerify: boolean;
  readonly #lookup = rememberingLookup();
  /** Made once: reading the certificate authorities takes longer than a handshake. */
  readonly #secureContext: SecureContext | undefined;
  readonly #probe: SchemeProbe;
  /** Learned from the probe: the scheme of the endpoint is the wrong one. */
  #isWrongScheme = false;

  constructor(endpoint: Endpoint, readBuffer: Uint8Array, { tlsVerify, tls = {} }: ConnectorOptions) {
    this.readBuffer = readBuffer;
    this.#endpoint = endpoint;
    this.#tls = tls;
    this.#tlsVerify = tlsVerify;
    const { ca, cert, key } = tls;
    this.#secureContext = endpoint.tls ? createSecureContext({ ca, cert, key }) : undefined;
    this.#probe = new SchemeProbe({
      open: () => connected(connectTcp(this.#target())),
      secure: (socket) => connectTls({ socket, servername: this.#serverName, rejectUnauthorized: false }),
    });
  }

  connect(listener: SocketListener): Socket {
    const socket = this.#endpoint.tls ? this.#connectTls(listener) : this.#connectTcp(listener);
    keepAfterFailedWrite(socket, listener);
    return socket
      .once(this.#endpoint.tls ? 'secureConnect' : 'connect', () => listener.onOpen())
      .on('end', () => listener.onEnd())
      .on('error', (error) => listener.onError(error))
      .on('close', () => listener.onClose());
  }

  /** Why a connection could not be had. */
  failureOf(error: Error, stage: ConnectStage): ErrorData {
    if (stage === 'tls') return tlsFailure(error, this.#endpoint, this.#tls);
    return connectFailure(error, this.#endpoint);
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
    return connectTcp({
      ...this.#target(),
      noDelay: true,
      allowHalfOpen: true,
      onread: this.#onread(listener),
    });
  }

  #connectTls(listener: SocketListener): Socket {
    const options = {
      ...this.#target(),
      allowHalfOpen: true,
      onread: this.#onread(listener),
      secureContext: this.#secureContext,
      servername: this.#serverName,
      ALPNProtocols: ['http/1.1'],
      rejectUnauthorized: this.#tlsVerify,
    };
    const socket = connectTls(options).setNoDelay(true);
    return socket.once('connect', () => {
      listener.onTcp();
      this.#watchHandshake(socket);
    });
  }

  /** A plain HTTP server may wait for ever for the end of what it takes for a request. */
  #watchHandshake(socket: TLSSocket): void {
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

  #target() {
    const { hostname, port, socketPath } = this.#endpoint;
    return socketPath === undefined ? { host: hostname, port, lookup: this.#lookup } : { path: socketPath };
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

/** Resolves when the connection stands, rejects when it can't be had. */
function connected(socket: Socket): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<Socket>();
  socket
    .once('connect', () => resolve(socket))
    .once('error', reject)
    .once('close', () => reject(new Error('the connection was closed')));
  return promise;
}

/** Node destroys a socket when a write fails, and with it a response that is there already. */
function keepAfterFailedWrite(socket: Socket, listener: SocketListener): void {
  const destroy = socket.destroy.bind(socket);
  socket.destroy = (error?: NodeJS.ErrnoException) => {
    const isWrite = error?.syscall === 'write' && !socket.connecting;
    return isWrite && listener.onWriteFailed() ? socket : destroy(error);
  };
}
