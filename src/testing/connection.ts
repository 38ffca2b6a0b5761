import type { Socket } from 'node:net';
import type { RunClock } from '../core/time.ts';
import { errorBody } from './chat-frames.ts';
import { BadRequest, type HttpRequest, HttpRequestReader } from './http-request-reader.ts';
import type { Reply } from './reply.ts';
import { SocketReply } from './socket-reply.ts';

/** Answers a request, now or later. `receivedNs`: when the read returned that completed it. */
export type RequestHandler = (request: HttpRequest, reply: Reply, receivedNs: number) => void;

/** Serves the requests of one connection of HTTP/1.1, one at a time and in order; the next ones wait. `first`: what has been read of it. */
export function serveConnection(
  socket: Socket,
  clock: RunClock,
  handle: RequestHandler,
  writeBytes?: number,
  first?: Buffer,
): void {
  const connection = new Connection(socket, clock, handle, writeBytes);
  if (first !== undefined) connection.onData(first);
  socket.on('data', (bytes: Buffer) => connection.onData(bytes));
  socket.on('close', () => connection.onClose());
  // The client's resets are its own business; 'close' follows and tells the request that was being answered.
  socket.on('error', () => socket.destroy());
}

class Connection {
  readonly #socket: Socket;
  readonly #clock: RunClock;
  readonly #handle: RequestHandler;
  readonly #writeBytes: number | undefined;
  readonly #reader: HttpRequestReader;
  readonly #waiting: { readonly request: HttpRequest; readonly receivedNs: number }[] = [];
  #current: SocketReply | undefined;
  #serving = false;

  constructor(socket: Socket, clock: RunClock, handle: RequestHandler, writeBytes: number | undefined) {
    this.#socket = socket;
    this.#clock = clock;
    this.#handle = handle;
    this.#writeBytes = writeBytes;
    this.#reader = new HttpRequestReader(() => socket.write('HTTP/1.1 100 Continue\r\n\r\n'));
  }

  onData(bytes: Buffer): void {
    const receivedNs = this.#clock.nowNs();
    try {
      for (const request of this.#reader.push(bytes)) this.#waiting.push({ request, receivedNs });
    } catch (error) {
      if (!(error instanceof BadRequest)) throw error;
      this.#refuse(error);
      return;
    }
    this.#serveNext();
  }

  onClose(): void {
    this.#waiting.length = 0;
    this.#current?.abort();
  }

  /** A handler that answers at once ends up here again by `onEnd`; the loop then goes on, not the recursion. */
  #serveNext(): void {
    if (this.#serving) return;
    this.#serving = true;
    while (this.#current === undefined) {
      const next = this.#waiting.shift();
      if (next === undefined) break;
      const onEnd = () => {
        this.#current = undefined;
        this.#serveNext();
      };
      const reply = new SocketReply(this.#socket, this.#clock, next.request, onEnd, this.#writeBytes);
      this.#current = reply;
      this.#handle(next.request, reply, next.receivedNs);
    }
    this.#serving = false;
  }

  #refuse({ status, message }: BadRequest): void {
    this.#socket.removeAllListeners('data');
    const ends = { isOld: false, keepAlive: false };
    new SocketReply(this.#socket, this.#clock, ends, () => undefined).sendWhole(
      status,
      errorBody(message, status),
    );
  }
}
