import { createServer, type IncomingHttpHeaders, type ServerHttp2Stream } from 'node:http2';
import type { Socket } from 'node:net';
import type { RunClock } from '../core/time.ts';
import type { RequestHandler } from './connection.ts';
import { StreamReply } from './stream-reply.ts';

export interface StreamServerOptions {
  /** Streams that a session may have open. */
  readonly maxStreams: number;
  /** Most bytes of a write. */
  readonly writeBytes?: number | undefined;
}

/** How each connection of HTTP/2 begins, and no request of HTTP/1.1; a client sends it in one piece. */
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n');
/** For requests with long prompts, in bytes. */
const WINDOW_BYTES = 2 ** 20;
/** Node refuses streams beyond 10 MB of bookkeeping. In MB. */
const SESSION_MEMORY_MB = 1024;

/** Whether a connection that begins with these bytes speaks HTTP/2. */
export function isHttp2(first: Buffer): boolean {
  return first.subarray(0, PREFACE.length).equals(PREFACE);
}

/** Serves connections of HTTP/2, of which the `first` bytes have been read. */
export function createStreamServer(
  clock: RunClock,
  handle: RequestHandler,
  { maxStreams, writeBytes }: StreamServerOptions,
): (socket: Socket, first: Buffer) => void {
  const server = createServer({
    maxSessionMemory: SESSION_MEMORY_MB,
    settings: { maxConcurrentStreams: maxStreams, initialWindowSize: WINDOW_BYTES },
  });
  // The client's failures are its own business; each stream is told.
  server.on('sessionError', () => undefined);
  server.on('stream', (stream, headers) => serveStream(stream, headers, clock, handle, writeBytes));
  return (socket, first) => {
    socket.pause();
    socket.unshift(first);
    server.emit('connection', socket);
  };
}

function serveStream(
  stream: ServerHttp2Stream,
  headers: IncomingHttpHeaders,
  clock: RunClock,
  handle: RequestHandler,
  writeBytes: number | undefined,
): void {
  const pieces: Buffer[] = [];
  const reply = new StreamReply(stream, clock, writeBytes);
  stream.on('data', (bytes: Buffer) => pieces.push(bytes));
  stream.on('end', () => {
    const receivedNs = clock.nowNs();
    if (stream.aborted || stream.destroyed) return;
    const { pathname, searchParams } = new URL(headers[':path'] ?? '/', 'http://localhost');
    const body = Buffer.concat(pieces);
    const method = headers[':method'] ?? 'GET';
    const request = { method, path: pathname, query: searchParams, isOld: false, keepAlive: true, body };
    handle(request, reply, receivedNs);
  });
  stream.on('error', () => undefined);
  stream.on('close', () => reply.abort());
}
