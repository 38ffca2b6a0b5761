import type { Socket } from 'node:net';

/** A server answers a probe within this time, or the probe tells nothing. */
const PROBE_TIMEOUT_MS = 1000;
const PLAIN_REQUEST = 'HEAD / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n';
const HTTP = 'HTTP/';

/** Ways to a server that the probe may take; it does all the rest. */
export interface ProbeSockets {
  /** A connection of its own, without TLS; resolves when that stands. */
  readonly open: () => Promise<Socket>;
  /** Begins TLS on it, and takes whoever the server is; emits `secureConnect`. */
  readonly secure: (socket: Socket) => Socket;
}

type Resolve = (isSo: boolean) => void;

/**
 * Finds out whether a server speaks plain HTTP where TLS was meant, or TLS where plain HTTP was meant: on a connection of its own, once, and
 * only when another connection gave reason to ask. A server that is not clearly the one or the other gets the benefit of the doubt.
 */
export class SchemeProbe {
  readonly #sockets: ProbeSockets;
  #answer: Promise<boolean> | undefined;

  constructor(sockets: ProbeSockets) {
    this.#sockets = sockets;
  }

  speaksHttp(): Promise<boolean> {
    return (this.#answer ??= this.#ask((socket, resolve) => {
      socket.once('data', (bytes: Buffer) => resolve(bytes.toString('latin1', 0, HTTP.length) === HTTP));
      socket.write(PLAIN_REQUEST);
      return socket;
    }));
  }

  speaksTls(): Promise<boolean> {
    return (this.#answer ??= this.#ask((socket, resolve) =>
      this.#sockets
        .secure(socket)
        .once('secureConnect', () => resolve(true))
        // A server that refuses what we offer does so in TLS.
        .once('error', (error) => resolve(/ alert /.test(error.message))),
    ));
  }

  async #ask(begin: (socket: Socket, resolve: Resolve) => Socket): Promise<boolean> {
    const { promise, resolve } = Promise.withResolvers<boolean>();
    const timer = setTimeout(() => resolve(false), PROBE_TIMEOUT_MS);
    const end = () => resolve(false);
    const opening = this.#sockets.open().then((opened) => {
      const socket = begin(opened, resolve);
      for (const one of new Set([opened, socket])) one.on('error', end).on('close', end);
      return socket;
    });
    opening.catch(end);
    const isSo = await promise;
    clearTimeout(timer);
    opening.then((socket) => socket.destroy()).catch(() => undefined);
    return isSo;
  }
}
