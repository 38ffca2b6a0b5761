import type { ClientHttp2Session, Settings } from 'node:http2';
import type { Socket } from 'node:net';
import { TLSSocket } from 'node:tls';
import type { ErrorData } from '../../core/model-output.ts';
import type { ConnectStage } from '../connect-failure.ts';
import type { Connector } from '../connector.ts';
import type { OpeningListener } from '../socket-listener.ts';
import {
  CLOSED_WITHOUT_SETTINGS,
  NO_H2_IN_ALPN,
  NOT_HTTP2,
  sessionBroke,
  settingsTimedOut,
} from './http2-failure.ts';
import { isProtocolRefused, isTlsError } from '../tls-failure.ts';

/**
 * What a server may send before we have read it, for each stream and for the session: large enough that a window never holds up a response on
 * a path of 10 Gbit/s and 100 ms.
 */
export const STREAM_WINDOW_BYTES = 16 * 2 ** 20;
export const SESSION_WINDOW_BYTES = 128 * 2 ** 20;
/** Node refuses streams beyond 10 MB of headers and bookkeeping, which thousands of them take. In MB. */
const SESSION_MEMORY_MB = 4096;
const ALPN = 'h2';

export interface LinkListener {
  /** The TCP connection stands. */
  onTcp(): void;
  /** The server has sent its settings: requests may be sent. */
  onOpen(): void;
  /** It could not be opened. */
  onOpenFailed(failure: ErrorData): void;
  /** The server allows another number of streams than before. */
  onStreamLimit(): void;
  /** The server takes no streams above `lastStreamId` any more; those below go on unless `code` is an error. May come again. */
  onGoaway(code: number, lastStreamId: number): void;
  /** It stood and is over. `failure`: why, where it broke. */
  onClosed(failure: ErrorData | undefined): void;
}

/** A session of HTTP/2 with one endpoint, from the socket to the server's settings and to its end. */
export class SessionLink implements OpeningListener {
  /** How far it has come, while it is being opened. */
  stage: ConnectStage | 'settings' = 'tcp';
  readonly #connector: Connector;
  readonly #listener: LinkListener;
  #socket: Socket;
  #session: ClientHttp2Session | undefined;
  #isOpen = false;
  #isOver = false;
  #streamLimit = Infinity;

  constructor(connector: Connector, listener: LinkListener) {
    this.#connector = connector;
    this.#listener = listener;
    this.#socket = connector.open(ALPN, this);
  }

  /** Undefined until it stands. */
  get session(): ClientHttp2Session | undefined {
    return this.#isOpen ? this.#session : undefined;
  }

  /** Streams that the server allows at a time. */
  get streamLimit(): number {
    return this.#streamLimit;
  }

  /** What to say when it is not there after this time. */
  timeoutOf(timeoutMs: number): ErrorData {
    return this.stage === 'settings'
      ? settingsTimedOut(timeoutMs)
      : this.#connector.timeoutOf(timeoutMs, this.stage);
  }

  /** Ends it at once, and tells nothing more. */
  destroy(): void {
    this.#isOver = true;
    this.#session?.destroy();
    this.#socket.destroy();
  }

  /** Ends it in order; no stream may be open. */
  close(): void {
    this.#session?.close();
  }

  onTcp(): void {
    this.stage = 'tls';
    this.#listener.onTcp();
  }

  onSocket(socket: Socket): void {
    this.#socket = socket;
  }

  onOpen(): void {
    if (this.#isOver) return;
    if (this.stage === 'tcp') this.#listener.onTcp();
    const socket = this.#socket;
    if (socket instanceof TLSSocket && socket.alpnProtocol !== ALPN) {
      this.#fail(NO_H2_IN_ALPN);
      return;
    }
    this.stage = 'settings';
    // Loading it takes longer than all else that a worker starts with, and HTTP/1.1 has no use for it.
    const { connect } = process.getBuiltinModule('node:http2');
    const session = connect('http://localhost', {
      createConnection: () => socket,
      maxSessionMemory: SESSION_MEMORY_MB,
      settings: { enablePush: false, initialWindowSize: STREAM_WINDOW_BYTES },
    });
    this.#session = session;
    session.once('connect', () => session.setLocalWindowSize(SESSION_WINDOW_BYTES));
    session.on('remoteSettings', (settings: Settings) => this.#onSettings(settings));
    session.on('goaway', (code: number, lastStreamId: number) => {
      if (this.#isOpen && !this.#isOver) this.#listener.onGoaway(code, lastStreamId);
    });
    session.on('error', (error: Error) => this.onError(error));
    session.on('close', () => this.onClose());
  }

  /** Of the socket or the session. */
  onError(error: Error): void {
    if (this.#isOver) return;
    if (this.#isOpen) this.#end(sessionBroke(error));
    // In TLS 1.3 a server may refuse a client after the handshake.
    else if (isTlsError(error) && this.stage === 'settings') this.#fail(this.#connector.breakOf(error));
    else if (isProtocolRefused(error)) this.#fail(NO_H2_IN_ALPN);
    else if (this.stage !== 'settings') this.#fail(this.#connector.failureOf(error, this.stage));
    else if (isProtocolError(error)) this.#doubt(NOT_HTTP2);
    else this.#doubt(CLOSED_WITHOUT_SETTINGS);
  }

  onClose(): void {
    if (this.#isOver) return;
    if (this.#isOpen) this.#end(undefined);
    else this.onError(new Error('the server closed the connection'));
  }

  #onSettings({ maxConcurrentStreams = Infinity }: Settings): void {
    if (this.#isOver) return;
    this.#streamLimit = maxConcurrentStreams;
    if (this.#isOpen) {
      this.#listener.onStreamLimit();
      return;
    }
    this.#isOpen = true;
    this.#connector.hasAnswered = true;
    this.#listener.onOpen();
  }

  /** A server that speaks TLS on this port looks like one that does not speak HTTP/2. */
  #doubt(failure: ErrorData): void {
    const doubt = this.#connector.doubtOf(failure);
    if (!(doubt instanceof Promise)) {
      this.#fail(doubt ?? failure);
      return;
    }
    this.stage = 'settings';
    this.destroy();
    void doubt.then((told) => this.#listener.onOpenFailed(told));
  }

  #fail(failure: ErrorData): void {
    this.destroy();
    this.#listener.onOpenFailed(failure);
  }

  #end(failure: ErrorData | undefined): void {
    this.destroy();
    this.#listener.onClosed(failure);
  }
}

function isProtocolError(error: Error): boolean {
  return (error as NodeJS.ErrnoException).code === 'ERR_HTTP2_ERROR';
}
