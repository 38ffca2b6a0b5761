import { once } from 'node:events';
import { type AddressInfo, createServer, isIPv6, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer, type TlsOptions } from 'node:tls';
import { errorText, InferometerError } from '../core/errors.ts';
import { RandomSource } from '../core/random.ts';
import { createRunClock } from '../core/time.ts';
import { CompletionService } from './completion-service.ts';
import { serveConnection } from './connection.ts';
import { checkFailureModes, type FailureMode } from './failure-modes.ts';
import { DEFAULT_LATENCY_MODEL, type LatencyModel } from './latency-model.ts';
import { Pacer, type Pacing } from './pacer.ts';
import { createRoutes } from './routes.ts';
import { Slots } from './slots.ts';
import { createStreamServer, isHttp2 } from './stream-server.ts';
import { DEFAULT_TRUTH_LIMITS, type TruthLimits, TruthLog, type TruthRecord } from './truth-log.ts';

/** All have defaults. */
export interface MockServerOptions {
  /** Address to listen on; default 127.0.0.1. */
  readonly host?: string;
  /** Default 0: any free port. */
  readonly port?: number;
  /** The one model in `/v1/models`; requests may name any. */
  readonly modelName?: string;
  readonly latency?: Partial<LatencyModel>;
  readonly failures?: readonly FailureMode[];
  /** Of all that is drawn; requests draw in their order of arrival. Default 42. */
  readonly seed?: number;
  /** Default `economy`. */
  readonly pacing?: Pacing;
  /** Most bytes of a write; default: no limit. */
  readonly writeBytes?: number;
  /** Answers that are generated at a time; others wait for their turn. Default: no limit. */
  readonly slots?: number;
  readonly truthLimits?: Partial<TruthLimits>;
  /** Listens with TLS, and leaves the choice of HTTP/2 or HTTP/1.1 to the client (ALPN); default: without. */
  readonly tls?: Pick<TlsOptions, 'cert' | 'key' | 'ca' | 'requestCert'>;
  /** Streams of HTTP/2 that a session may have open; default 1000. */
  readonly maxStreams?: number;
}

const DEFAULT_MAX_STREAMS = 1000;

export interface MockServer {
  readonly port: number;
  /** `http://host:port`, or with `https`, without a path. */
  readonly url: string;
  /** What really happened, in order of arrival; requests still being answered are `pending`. */
  truth(): TruthRecord[];
  clearTruth(): void;
  /** Drops all connections and stops. Idempotent. */
  close(): Promise<void>;
}

/**
 * Starts an LLM server that answers at drawn times, fails on demand, and knows the truth about both.
 *
 * Speaks HTTP/1.1 and HTTP/2, with and without TLS, the APIs of {@link MOCK_APIS} at their usual paths, streamed or not, `/v1/models`, `/health`, and `/truth`: GET gives a JSON
 * line for each request (`?tokens=1`: with the time of each token), DELETE forgets them. Times there are CLOCK_MONOTONIC, absolute,
 * so a client on the same machine can compare its own.
 *
 * Throws `InferometerError`: `INFEROMETER_MOCK_LISTEN` (setup) when the address can't be had, `INFEROMETER_MOCK_FAILURE` (input).
 */
export async function startMockServer(options: MockServerOptions = {}): Promise<MockServer> {
  const { host = '127.0.0.1', failures = [], seed = 42 } = options;
  checkFailureModes(failures);
  const clock = createRunClock();
  const pacer = new Pacer(clock, options.pacing ?? 'economy');
  const log = new TruthLog(clock.originNs, { ...DEFAULT_TRUTH_LIMITS, ...options.truthLimits });
  const completions = new CompletionService({
    clock,
    pacer,
    log,
    latency: { ...DEFAULT_LATENCY_MODEL, ...options.latency },
    failures,
    random: new RandomSource(seed),
    slots: options.slots === undefined ? undefined : new Slots(options.slots),
    created: Math.floor(Date.now() / 1000),
  });
  const handle = createRoutes(completions, log, options.modelName ?? 'mock');
  const sockets = new Set<Socket>();
  const { tls, writeBytes, maxStreams = DEFAULT_MAX_STREAMS } = options;
  const serveStreams = createStreamServer(clock, handle, { maxStreams, writeBytes });
  const onConnection = (socket: Socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.once('data', (first: Buffer) => {
      if (isHttp2(first)) serveStreams(socket, first);
      else serveConnection(socket, clock, handle, writeBytes, first);
    });
  };
  const server =
    tls === undefined
      ? createServer({ noDelay: true }, onConnection)
      : createTlsServer({ ...tls, noDelay: true, ALPNProtocols: ['h2', 'http/1.1'] }, onConnection);
  const port = await listen(server, host, options.port ?? 0);
  return {
    port,
    url: `${tls === undefined ? 'http' : 'https'}://${isIPv6(host) ? `[${host}]` : host}:${port}`,
    truth: () => Array.from({ length: log.count }, (_, index) => log.record(index)),
    clearTruth: () => log.clear(),
    close: () => close(server, sockets, pacer),
  };
}

async function listen(server: Server, host: string, port: number): Promise<number> {
  try {
    server.listen({ host, port, backlog: 4096 });
    await once(server, 'listening');
  } catch (cause) {
    throw new InferometerError(
      'INFEROMETER_MOCK_LISTEN',
      'setup',
      `mock server: can't listen on ${host}:${port}: ${errorText(cause)}`,
      { cause },
    );
  }
  return (server.address() as AddressInfo).port;
}

async function close(server: Server, sockets: ReadonlySet<Socket>, pacer: Pacer): Promise<void> {
  pacer.close();
  if (!server.listening) return;
  const closed = once(server, 'close');
  server.close();
  for (const socket of sockets) socket.destroy();
  await closed;
}
