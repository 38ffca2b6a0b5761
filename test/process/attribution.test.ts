import { createServer, type Server } from 'node:http';
import {
  type AddressInfo,
  connect,
  createServer as createTcpServer,
  type Server as TcpServer,
} from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, it } from 'vitest';
import { type ExporterName, EXPORTERS, newServer } from '../server-metrics/exporters.ts';
import { type Program, WENT_THROUGH, Workbench } from './program.ts';

const bench = new Workbench();
const servers: (Server | TcpServer)[] = [];
afterAll(async () => {
  await bench.end();
  for (const server of servers) {
    if ('closeAllConnections' in server) server.closeAllConnections();
    server.close();
  }
});

/** What is done to a run, and from when to when, s after its first request. */
const INDUCED = {
  server_queue: { from: 2, to: 4.5 },
  server_compute: { from: 6, to: 8.5 },
  network: { from: 10, to: 12.5 },
  client: { from: 14, to: 16.5 },
} as const;
type Cause = keyof typeof INDUCED;

const USUAL_S = 0.04;
const MORE_S = 0.3;
/** Of the client: how long it is stopped, and runs in between. */
const [STOPPED_MS, RUNNING_MS] = [300, 20];
const PROMPT_TOKENS = 100;

interface Summary {
  readonly server_metrics: {
    readonly servers: readonly { readonly server: string }[];
    readonly slow_periods: readonly {
      readonly from_ns: number;
      readonly to_ns: number;
      readonly cause: string;
    }[];
  };
}

async function portOf(server: Server | TcpServer): Promise<number> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

/** Knows what is induced now; its time begins with the first request. */
class Timeline {
  #startedMs = NaN;
  readonly #begun = Promise.withResolvers<void>();

  begin(): void {
    if (Number.isNaN(this.#startedMs)) this.#startedMs = performance.now();
    this.#begun.resolve();
  }

  is(cause: Cause): boolean {
    const seconds = (performance.now() - this.#startedMs) / 1000;
    return seconds >= INDUCED[cause].from && seconds < INDUCED[cause].to;
  }

  async until(cause: Cause): Promise<void> {
    await this.#begun.promise;
    await sleep(Math.max(0, this.#startedMs + 1000 * INDUCED[cause].from - performance.now()));
  }
}

async function fakeServer(exporter: ExporterName, timeline: Timeline): Promise<number> {
  const state = newServer();
  const chunk = (delta: object, reason: string | null = null) =>
    `data: ${JSON.stringify({ choices: [{ index: 0, delta, finish_reason: reason }] })}\n\n`;
  return portOf(
    createServer((request, response) => {
      request.resume().on('end', () => {
        if (request.url === '/metrics') {
          response.end(EXPORTERS[exporter](state));
          return;
        }
        timeline.begin();
        const queueS = timeline.is('server_queue') ? MORE_S : 0;
        const computeS = USUAL_S + (timeline.is('server_compute') ? MORE_S : 0);
        state.waiting += queueS > 0 ? 1 : 0;
        void sleep(1000 * (queueS + computeS)).then(() => {
          state.waiting -= queueS > 0 ? 1 : 0;
          state.requests += 1;
          state.promptTokens += PROMPT_TOKENS;
          state.queueSeconds += queueS;
          state.computeSeconds += computeS;
          response.writeHead(200, { 'Content-Type': 'text/event-stream' });
          response.end(chunk({ content: 'a' }) + chunk({ content: 'b' }, 'stop') + 'data: [DONE]\n\n');
        });
      });
    }),
  );
}

/** Hands on what the server sends later, while the network is to be slow. */
async function delayingProxy(port: number, timeline: Timeline): Promise<number> {
  return portOf(
    createTcpServer((client) => {
      const server = connect(port, '127.0.0.1');
      client.pipe(server);
      let sending: Promise<unknown> = Promise.resolve();
      server.on('data', (bytes: Buffer) => {
        const wait = sleep(timeline.is('network') ? 1000 * MORE_S : 0);
        sending = Promise.all([sending, wait]).then(() => client.write(bytes));
      });
      for (const [one, other] of [
        [client, server],
        [server, client],
      ] as const) {
        one.on('error', () => other.destroy());
        one.on('close', () => other.destroy());
      }
    }),
  );
}

/** The client gets no core, again and again: what comes meanwhile is read late. */
async function holdUp({ pid }: Program, timeline: Timeline): Promise<void> {
  await timeline.until('client');
  // A timer may be a ms early.
  do {
    process.kill(pid, 'SIGSTOP');
    await sleep(STOPPED_MS);
    process.kill(pid, 'SIGCONT');
    await sleep(RUNNING_MS);
  } while (timeline.is('client'));
}

async function causesIn(exporter: ExporterName): Promise<Summary['server_metrics']> {
  const timeline = new Timeline();
  const port = await fakeServer(exporter, timeline);
  const proxy = await delayingProxy(port, timeline);
  const name = exporter.replace('.', '-');
  const flags = ['--rate', '25', '--pattern', 'constant', '--duration', '18s', '--streaming', 'on'];
  const run = bench.start([
    ...bench.runArgs(`http://127.0.0.1:${proxy}`, 10, ...flags),
    ...['--server-metrics', `http://127.0.0.1:${port}/metrics`, '--out', bench.file(name)],
  ]);
  const [finished] = await Promise.all([run.finished, holdUp(run, timeline)]);
  expect(WENT_THROUGH, finished.stderr).toContain(finished.code);
  return bench.json<Summary>(`${name}/performance/result_summary.json`).server_metrics;
}

it('tells client lag, network delay, queueing and slow compute apart, by the metrics of any server', async () => {
  const exporters = Object.keys(EXPORTERS) as ExporterName[];
  const told = await Promise.all(exporters.map(causesIn));
  for (const [i, { servers: found, slow_periods: periods }] of told.entries()) {
    expect(found[0]!.server).toBe(exporters[i]);
    for (const [cause, { from, to }] of Object.entries(INDUCED)) {
      // Of the bins that lie wholly inside.
      const [fromNs, toNs] = [Math.ceil(from) * 1e9, Math.floor(to) * 1e9];
      const causes = periods
        .filter((period) => period.from_ns < toNs && period.to_ns > fromNs)
        .map((period) => period.cause);
      // A busy machine may hold up the client on top of anything else; nothing else is induced by chance.
      const others = causes.filter((one) => one !== cause && one !== 'client');
      expect(causes, `${exporters[i]}, ${cause}: ${JSON.stringify(periods)}`).toContain(cause);
      expect(others, `${exporters[i]}, ${cause}: ${JSON.stringify(periods)}`).toEqual([]);
    }
  }
}, 120_000);
