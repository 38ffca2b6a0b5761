import { createServer, type Server } from 'node:http';
import {
  type AddressInfo,
  connect,
  createServer as createTcpServer,
  type Server as TcpServer,
} from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterAll, expect, it } from 'vitest';
import { EXIT_CODES } from '../../src/core/errors.ts';
import { type ExporterName, EXPORTERS, newServer } from '../server-metrics/exporters.ts';
import { type Program, waitFor, Workbench } from './program.ts';

const bench = new Workbench();
const servers: (Server | TcpServer)[] = [];
afterAll(async () => {
  await bench.end();
  for (const server of servers) {
    if ('closeAllConnections' in server) server.closeAllConnections();
    server.close();
  }
});

/** What is done to a run, one after the other. */
const CAUSES = ['server_queue', 'server_compute', 'network', 'client'] as const;
type Cause = (typeof CAUSES)[number];

/** How long each is done, and how long nothing is before each, s; and how often the server is to be looked at in that time at least. */
const INDUCED = { seconds: 4, looks: 3 };
const CALM = { seconds: 1.5, looks: 1 };
/** The beginning, of which it is known what is usual; its first three seconds may be slow on a busy machine. */
const USUAL = { seconds: 7, looks: 6 };

const USUAL_S = 0.04;
/** So much that a client held up by a busy machine does not explain it. */
const MORE_S = 0.9;
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

/** Knows what is induced now, and what was when; its time begins with the first request. */
class Timeline {
  readonly #begun = Promise.withResolvers<void>();
  #startedMs = NaN;
  #now: Cause | undefined;
  /** s since the first request. */
  readonly windows = new Map<Cause, { readonly from: number; readonly to: number }>();
  readonly looks: number[] = [];

  begin(): void {
    if (Number.isNaN(this.#startedMs)) this.#startedMs = performance.now();
    this.#begun.resolve();
  }

  look(): void {
    if (!Number.isNaN(this.#startedMs)) this.looks.push(this.#seconds());
  }

  is(cause: Cause): boolean {
    return this.#now === cause;
  }

  /** Induces one cause after the other, each until the server was looked at often enough: on a busy machine looks come late. */
  async play(): Promise<void> {
    await this.#begun.promise;
    for (const cause of CAUSES) {
      await this.#passes(cause === CAUSES[0] ? USUAL : CALM);
      const from = this.#seconds();
      this.#now = cause;
      await this.#passes(INDUCED);
      this.#now = undefined;
      this.windows.set(cause, { from, to: this.#seconds() });
    }
    await this.#passes(CALM);
  }

  #seconds(): number {
    return (performance.now() - this.#startedMs) / 1000;
  }

  async #passes({ seconds, looks }: { readonly seconds: number; readonly looks: number }): Promise<void> {
    const looked = this.looks.length + looks;
    await sleep(1000 * seconds);
    await waitFor(() => this.looks.length >= looked, `${looks} looks at the server`);
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
          timeline.look();
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
  await waitFor(() => timeline.is('client'), 'time of the client', 120_000);
  while (timeline.is('client')) {
    process.kill(pid, 'SIGSTOP');
    await sleep(STOPPED_MS);
    process.kill(pid, 'SIGCONT');
    await sleep(RUNNING_MS);
  }
}

async function causesIn(exporter: ExporterName) {
  const timeline = new Timeline();
  const port = await fakeServer(exporter, timeline);
  const proxy = await delayingProxy(port, timeline);
  const name = exporter.replace('.', '-');
  const flags = ['--rate', '25', '--pattern', 'constant', '--duration', '3m', '--streaming', 'on'];
  const run = bench.start([
    ...bench.runArgs(`http://127.0.0.1:${proxy}`, 10, ...flags),
    ...['--server-metrics', `http://127.0.0.1:${port}/metrics`, '--out', bench.file(name)],
  ]);
  await Promise.all([timeline.play(), holdUp(run, timeline)]);
  run.child.kill('SIGINT');
  const finished = await run.finished;
  expect(finished.code, finished.stderr).toBe(EXIT_CODES.interrupted);
  const { server_metrics: told } = bench.json<Summary>(`${name}/performance/result_summary.json`);
  return { timeline, ...told };
}

/**
 * The causes told of the seconds of a run that lie wholly inside a window. What was not looked at in such a second or the next one, nobody
 * could know.
 */
function causesOf(
  periods: Summary['server_metrics']['slow_periods'],
  { looks }: Timeline,
  { from, to }: { readonly from: number; readonly to: number },
): readonly string[] {
  // The run counts from a little earlier than the server does.
  const seconds = Array.from({ length: Math.floor(to) }, (_, second) => second).filter(
    (second) => second >= from + 0.3 && second + 1 <= to,
  );
  const known = seconds.filter((second) => looks.some((at) => at >= second + 0.3 && at < second + 1.7));
  return known.flatMap((second) =>
    periods.flatMap(({ from_ns: fromNs, to_ns: toNs, cause }) =>
      fromNs <= second * 1e9 && toNs >= (second + 1) * 1e9 ? [cause] : [],
    ),
  );
}

it('tells client lag, network delay, queueing and slow compute apart, by the metrics of any server', async () => {
  const exporters = Object.keys(EXPORTERS) as ExporterName[];
  const told = await Promise.all(exporters.map(causesIn));
  const found = new Set<string>();
  for (const [i, { timeline, servers, slow_periods: periods }] of told.entries()) {
    expect(servers[0]!.server).toBe(exporters[i]);
    for (const [cause, window] of timeline.windows) {
      const causes = causesOf(periods, timeline, window);
      // A busy machine may hold up the client on top of anything else, and the client's own delay is told first. It may also make a look at the
      // server late, which leaves a second unknown. Nothing makes another cause right.
      const right = causes.filter((one) => one === cause || one === 'client');
      const others = causes.filter((one) => !right.includes(one) && one !== 'unknown');
      const facts = `${exporters[i]}, ${cause} in ${JSON.stringify(window)}: ${JSON.stringify(periods)}`;
      expect(right, facts).not.toEqual([]);
      expect(others, facts).toEqual([]);
      for (const one of right) found.add(one);
    }
  }
  expect([...found].toSorted()).toEqual([...CAUSES].toSorted());
}, 240_000);
