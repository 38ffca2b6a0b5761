import { once } from 'node:events';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions as ServerTlsOptions } from 'node:tls';

/** A request as it came in, and the connection it came on. */
export interface RawRequest {
  readonly socket: Socket;
  readonly text: string;
  /** Number of the connection, and of the request on it, from 0. */
  readonly connection: number;
  readonly nth: number;
}

export type RawHandler = (request: RawRequest) => void;

/** A server that reads requests and leaves every byte of the answers to the test. */
export interface RawServer {
  readonly url: string;
  readonly port: number;
  /** In order of arrival. */
  readonly requests: readonly RawRequest[];
  /** Connections accepted so far, and those open now. */
  readonly accepted: number;
  readonly open: ReadonlySet<Socket>;
  /** Resets all connections, below TLS if there is any: the system of the client knows of it when this returns. */
  reset(): void;
  /** Drops all connections and stops. Idempotent. */
  close(): Promise<void>;
}

export interface TlsFiles {
  readonly key: string;
  readonly cert: string;
}

/** Of a server: its certificate, and whether it wants one of clients. */
export type TlsOptions = TlsFiles & Pick<ServerTlsOptions, 'ca' | 'requestCert' | 'rejectUnauthorized'>;

/** On a free port, or on a Unix socket. */
export async function startRawServer(
  handle: RawHandler,
  tls?: TlsOptions,
  socketPath?: string,
): Promise<RawServer> {
  const requests: RawRequest[] = [];
  const open = new Set<Socket>();
  const tcpSockets = new Set<Socket>();
  let accepted = 0;
  const onConnection = (socket: Socket) => {
    const connection = accepted++;
    let nth = 0;
    let received = Buffer.alloc(0);
    open.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => open.delete(socket));
    socket.on('data', (bytes: Buffer) => {
      received = Buffer.concat([received, bytes]);
      for (let end = requestEnd(received); end > 0; end = requestEnd(received)) {
        const request = { socket, text: received.toString('utf8', 0, end), connection, nth: nth++ };
        received = received.subarray(end);
        requests.push(request);
        handle(request);
      }
    });
  };
  const server: Server =
    tls === undefined
      ? createTcpServer({ noDelay: true }, onConnection)
      : createTlsServer({ ...tls }, onConnection);
  server.on('connection', (socket: Socket) => {
    tcpSockets.add(socket);
    socket.on('close', () => tcpSockets.delete(socket));
  });
  if (socketPath === undefined) server.listen(0, '127.0.0.1', 1024);
  else server.listen({ path: socketPath, backlog: 1024 });
  await once(server, 'listening');
  const { port = 0 } = socketPath === undefined ? (server.address() as AddressInfo) : {};
  const place = socketPath === undefined ? `127.0.0.1:${port}` : `unix:${socketPath}:`;
  return {
    url: `${tls === undefined ? 'http' : 'https'}://${place}`,
    port,
    requests,
    get accepted() {
      return accepted;
    },
    open,
    reset: () => {
      for (const socket of tcpSockets) socket.resetAndDestroy();
    },
    close: async () => {
      if (!server.listening) return;
      const closed = once(server, 'close');
      server.close();
      for (const socket of open) socket.destroy();
      await closed;
    },
  };
}

/** Where the first request ends; 0 when it is not there in full. */
function requestEnd(received: Buffer): number {
  const headEnd = received.indexOf('\r\n\r\n');
  if (headEnd < 0) return 0;
  const length = /content-length: (\d+)/i.exec(received.toString('latin1', 0, headEnd));
  const end = headEnd + 4 + Number(length?.[1] ?? 0);
  return received.length >= end ? end : 0;
}

export const ANSWER = JSON.stringify({
  id: 'chatcmpl-1',
  choices: [{ index: 0, message: { role: 'assistant', content: 'Hello wörld' }, finish_reason: 'stop' }],
  usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 },
});

export function withLength(body: string, head = 'HTTP/1.1 200 OK\r\nContent-Type: application/json'): string {
  return `${head}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`;
}

/** A body in chunks of `size` bytes. */
export function inChunks(body: string, size: number, head: string): Buffer {
  const bytes = Buffer.from(body);
  const pieces: Buffer[] = [Buffer.from(`${head}\r\nTransfer-Encoding: chunked\r\n\r\n`)];
  for (let at = 0; at < bytes.length; at += size) {
    const piece = bytes.subarray(at, at + size);
    pieces.push(Buffer.from(`${piece.length.toString(16)}\r\n`), piece, Buffer.from('\r\n'));
  }
  return Buffer.concat([...pieces, Buffer.from('0\r\n\r\n')]);
}

export const STREAM_HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: text/event-stream';

function frame(choice: Record<string, unknown>, rest: Record<string, unknown> = {}): string {
  return `data: ${JSON.stringify({ id: 'x', choices: [{ index: 0, ...choice }], ...rest })}\n\n`;
}

/** One token of a stream. */
export function token(content: string): string {
  return frame({ delta: { content }, finish_reason: null });
}

/** One token of thought. */
export function thought(text: string): string {
  return frame({ delta: { reasoning_content: text }, finish_reason: null });
}

export const STREAM_END =
  frame({ delta: {}, finish_reason: 'length' }) +
  `data: ${JSON.stringify({ id: 'x', choices: [], usage: { prompt_tokens: 7, completion_tokens: 4 } })}\n\n` +
  'data: [DONE]\n\n';

/** A whole stream: a role, two thoughts, two words, usage. */
export const STREAM =
  frame({ delta: { role: 'assistant', content: '' }, finish_reason: null }) +
  thought('hm') +
  thought(' so') +
  token('Hé') +
  token('llo 🌍') +
  STREAM_END;

/** Writes pieces one by one, each in a read of its own as far as the kernel plays along. */
export async function writeSlowly(socket: Socket, pieces: Iterable<Uint8Array | string>): Promise<void> {
  for (const piece of pieces) {
    if (socket.destroyed) return;
    socket.write(piece);
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
  }
}
