import { once } from 'node:events';
import {
  createServer,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
  type Settings,
} from 'node:http2';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';

export interface Http2Exchange {
  readonly stream: ServerHttp2Stream;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
  /** Number of the session, and of the request in all, from 0. */
  readonly session: number;
  readonly nth: number;
}

export interface Http2Server {
  readonly url: string;
  /** In order of arrival, when their body was there. */
  readonly requests: readonly Http2Exchange[];
  readonly sessions: readonly ServerHttp2Session[];
  /** Of all sessions, open ones only. */
  readonly sockets: ReadonlySet<Socket>;
  close(): Promise<void>;
}

export interface Http2ServerOptions {
  readonly settings?: Settings;
  readonly tls?: TlsOptions;
  /** Path of a Unix socket to listen on. */
  readonly socketPath?: string;
}

/** A server of HTTP/2 that leaves every answer to the test. */
export async function startHttp2Server(
  handle: (exchange: Http2Exchange) => void,
  { settings = {}, tls, socketPath }: Http2ServerOptions = {},
): Promise<Http2Server> {
  const requests: Http2Exchange[] = [];
  const sessions: ServerHttp2Session[] = [];
  const sockets = new Set<Socket>();
  const streams = createServer({ settings });
  streams.on('session', (session) => sessions.push(session));
  streams.on('sessionError', () => undefined);
  streams.on('stream', (stream, headers) => {
    const pieces: Buffer[] = [];
    stream.on('error', () => undefined);
    stream.on('data', (bytes: Buffer) => pieces.push(bytes));
    stream.on('end', () => {
      const session = sessions.indexOf(stream.session as ServerHttp2Session);
      const exchange = {
        stream,
        headers,
        body: Buffer.concat(pieces).toString(),
        session,
        nth: requests.length,
      };
      requests.push(exchange);
      handle(exchange);
    });
  });
  const onConnection = (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.on('close', () => sockets.delete(socket));
    streams.emit('connection', socket);
  };
  const server: Server =
    tls === undefined
      ? createTcpServer(onConnection)
      : createTlsServer({ ALPNProtocols: ['h2'], ...tls }, onConnection);
  server.listen(socketPath === undefined ? { host: '127.0.0.1', port: 0 } : { path: socketPath });
  await once(server, 'listening');
  const scheme = tls === undefined ? 'http' : 'https';
  return {
    url:
      socketPath === undefined
        ? `${scheme}://127.0.0.1:${(server.address() as AddressInfo).port}`
        : `unix:${socketPath}`,
    ...{ requests, sessions, sockets },
    async close() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

/** An answer in JSON, at once. */
export function answerWith({ stream }: Http2Exchange, text: string): void {
  stream.respond({ ':status': 200, 'content-type': 'application/json' });
  stream.end(text);
}
