import { lookup as dnsLookup, type LookupAddress } from 'node:dns';
import { connect as connectTcp, isIP, type LookupFunction, type Socket } from 'node:net';
import { connect as connectTls, createSecureContext, type SecureContext } from 'node:tls';
import type { ErrorData } from '../core/model-output.ts';
import type { Endpoint } from '../protocol/endpoint.ts';
import { connectFailure, type ConnectStage } from './connect-failure.ts';

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

/**
 * Opens sockets to one endpoint, over TCP or to a Unix socket. All of them, TLS ones too, read into one buffer given by the caller: what is read is
 * handled before the next read, so a worker needs no more. The host name is looked up once.
 */
export class Connector {
  readonly readBuffer: Uint8Array;
  readonly #endpoint: Endpoint;
  readonly #tlsVerify: boolean;
  readonly #lookup = rememberingLookup();
  /** Made once: reading the certificate authorities takes longer than a handshake. */
  readonly #secureContext: SecureContext | undefined;

  constructor(endpoint: Endpoint, readBuffer: Uint8Array, tlsVerify: boolean) {
    this.readBuffer = readBuffer;
    this.#endpoint = endpoint;
    this.#tlsVerify = tlsVerify;
    this.#secureContext = endpoint.tls ? createSecureContext() : undefined;
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
    return connectFailure(error, stage, this.#endpoint);
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
    const { hostname } = this.#endpoint;
    const options = {
      ...this.#target(),
      allowHalfOpen: true,
      onread: this.#onread(listener),
      secureContext: this.#secureContext,
      servername: isIP(hostname) === 0 ? hostname : '',
      ALPNProtocols: ['http/1.1'],
      rejectUnauthorized: this.#tlsVerify,
    };
    return connectTls(options)
      .setNoDelay(true)
      .once('connect', () => listener.onTcp());
  }

  #target() {
    const { hostname, port, socketPath } = this.#endpoint;
    return socketPath === undefined ? { host: hostname, port, lookup: this.#lookup } : { path: socketPath };
  }

  #onread(listener: SocketListener) {
    const callback = (length: number) => {
      listener.onRead(length);
      return true;
    };
    return { buffer: this.readBuffer, callback };
  }
}

/** Node destroys a socket when a write fails, and with it a response that is there already. */
function keepAfterFailedWrite(socket: Socket, listener: SocketListener): void {
  const destroy = socket.destroy.bind(socket);
  socket.destroy = (error?: NodeJS.ErrnoException) => {
    const isWrite = error?.syscall === 'write' && !socket.connecting;
    return isWrite && listener.onWriteFailed() ? socket : destroy(error);
  };
}

/** `dns.lookup` that asks once a host and remembers the addresses; a failure is not remembered. */
function rememberingLookup(): LookupFunction {
  let known: readonly LookupAddress[] | undefined;
  const answer = (
    addresses: readonly LookupAddress[],
    all: boolean | undefined,
    callback: LookupCallback,
  ) => {
    const [first] = addresses;
    if (all) callback(null, [...addresses]);
    else callback(null, first!.address, first!.family);
  };
  return (host, options, callback) => {
    if (known !== undefined) {
      process.nextTick(answer, known, options.all, callback);
      return;
    }
    dnsLookup(host, { ...options, all: true }, (error, addresses) => {
      if (error !== null) {
        callback(error, []);
        return;
      }
      known = addresses;
      answer(addresses, options.all, callback);
    });
  };
}

type LookupCallback = Parameters<LookupFunction>[2];
