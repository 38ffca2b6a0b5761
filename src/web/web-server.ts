import type { Server } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { createAdaptorServer } from '@hono/node-server';
import { errorText, InferometerError } from '../core/errors.ts';
import { isLoopbackAddress } from './access.ts';
import { createWebApp, type WebAppParts } from './web-app.ts';
import { WEB_LIMITS, type WebLimits } from './web-limits.ts';

export interface WebServerOptions extends Omit<WebAppParts, 'access' | 'limits'> {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Take any free port when this one is taken. */
  readonly orAnyPort: boolean;
  readonly token: string | undefined;
  /** Default: {@link WEB_LIMITS}. */
  readonly limits?: WebLimits;
}

export interface WebServer {
  /** To open in a browser; with the token when there is one. */
  readonly url: string;
  readonly port: number;
  /** Ends the events once viewers have the last one, or after a moment, and then every connection. */
  close(): Promise<void>;
}

const KEEP_ALIVE_MS = 30_000;
/** What a viewer is given to take the last state of a run. */
const LAST_WORDS_MS = 500;

/** Starts the server. Throws `InferometerError` (setup) when it cannot listen there. */
export async function startWebServer(options: WebServerOptions): Promise<WebServer> {
  const { host, port: wanted, orAnyPort, token, limits = WEB_LIMITS } = options;
  let port = wanted;
  const access = {
    token,
    isLoopback: isLoopbackAddress(host),
    cookieName: () => `inferometer_${port}`,
  };
  const app = createWebApp({ ...options, access, limits });
  const server = createAdaptorServer({
    fetch: app.fetch,
    overrideGlobalObjects: false,
    serverOptions: {
      maxHeaderSize: limits.maxHeadBytes,
      headersTimeout: limits.headMs,
      requestTimeout: limits.requestMs,
      keepAliveTimeout: limits.keepAliveMs,
      connectionsCheckingInterval: limits.lookMs,
    },
  }) as Server;
  server.timeout = limits.idleMs;
  server.maxConnections = limits.maxConnections;
  limitSilent(server, limits.maxSilent);
  try {
    port = await listen(server, host, wanted);
  } catch (error) {
    if (!orAnyPort || (error as NodeJS.ErrnoException).code !== 'EADDRINUSE')
      throw cannotListen(host, wanted, error);
    port = await listen(server, host, 0).catch((second: unknown) => {
      throw cannotListen(host, 0, second);
    });
  }
  const shownHost = host.includes(':') ? `[${host}]` : host;
  return {
    url: `http://${shownHost}:${port}/${token === undefined ? '' : `?token=${encodeURIComponent(token)}`}`,
    port,
    close: async () => {
      options.live.close();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      await Promise.race([closed, sleep(LAST_WORDS_MS, undefined, { ref: false })]);
      server.closeAllConnections();
      await closed;
    },
  };
}

/** Connections that only stand there must not keep viewers out: beyond so many the oldest is closed. */
function limitSilent(server: Server, most: number): void {
  const silent = new Set<Socket>();
  server.on('connection', (socket) => {
    // Viewers that vanished without a word are noticed.
    socket.setKeepAlive(true, KEEP_ALIVE_MS);
    silent.add(socket);
    socket.once('close', () => silent.delete(socket));
    const [oldest] = silent;
    if (silent.size > most) oldest!.destroy();
  });
  server.prependListener('request', ({ socket }) => silent.delete(socket));
}

function listen(server: Server, host: string, port: number): Promise<number> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.off('error', reject);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

function cannotListen(host: string, port: number, error: unknown): InferometerError {
  return new InferometerError(
    'INFEROMETER_WEB_LISTEN',
    'setup',
    `cannot serve on ${host}:${port}: ${errorText(error)}`,
    { cause: error },
  );
}
