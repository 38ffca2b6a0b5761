import type { Bench, BenchLine, BenchOptions, BenchResult } from '../harness/bench.ts';
import { inTurn } from '../harness/rounds.ts';
import { ratioOf, spreadOf } from '../harness/spread.ts';
import { answerBytes, wholeAnswer } from './canned-answers.ts';
import { runAutocannon } from './clients/autocannon.ts';
import { type ClientResult, QUICK_WARM_UP, WARM_UP } from './clients/order.ts';
import { runClient, type ClientName } from './clients/run-client.ts';
import { hasWrk, runWrk, WRK_MISSING } from './clients/wrk.ts';
import { CannedServer } from './server/canned-server.ts';

const CONNECTIONS = [64, 256] as const;
const WORKER_GOAL = 0.8;
const WORKER_TRIED =
  'heads and bodies are compared with learned ones and not parsed, plain text is copied and not decoded, all that has come is read before anything is written. Seven tenths of what is left is the kernel, which wrk pays alike; the way of a request through the streams of Node takes about 1.9 µs before anything of ours runs, as bare Node sockets show.';

/** Non-streaming requests a CPU-second of the engine worker alone, beside wrk and what Node has to offer. */
export const bench: Bench = {
  async run(options) {
    const server = await CannedServer.start(wholeAnswer());
    try {
      const lines: BenchLine[] = [];
      for (const connections of CONNECTIONS) {
        lines.push(...(await measure(options, server, connections)));
      }
      return lines;
    } finally {
      await server.close();
    }
  },
};

async function measure(
  { quick, rounds, say }: BenchOptions,
  server: CannedServer,
  connections: number,
): Promise<readonly BenchLine[]> {
  say(`non-streaming, ${connections} connections, server in ${server.language}`);
  const measureMs = quick ? 1000 : 5000;
  const autocannonMs = quick ? 2000 : 12_000;
  const order = {
    ...{ url: server.url, connections, streaming: false, answerBytes: answerBytes(wholeAnswer()) },
    ...{ warmUp: quick ? QUICK_WARM_UP : WARM_UP, measureMs },
  };
  const load = new ServerLoad(server);
  const client = (name: ClientName) => async () => requestsPerCpuSecond(await runClient(name, order));
  const withWrk = hasWrk();
  const values = await inTurn(rounds, {
    worker: client('engine'),
    wrk: withWrk
      ? async () => requestsPerCpuSecond(await load.beside(() => runWrk(server.url, connections, measureMs)))
      : () => NaN,
    bare: client('bare'),
    autocannon: async () => requestsPerCpuSecond(await runAutocannon(server.url, connections, autocannonMs)),
    undici: client('undici'),
    openai: client('openai'),
  });
  const line = (theirs: Exclude<keyof typeof values, 'worker'>): BenchResult => ({
    id: `system/requests/${connections}/worker-${theirs}`,
    what: `engine worker, ${connections} connections`,
    unit: 'requests/CPU-s',
    value: spreadOf(values.worker),
    peer: {
      name: PEER_NAMES[theirs],
      value: spreadOf(values[theirs]),
      ratio: ratioOf(values.worker, values[theirs]),
    },
  });
  const besideWrk: BenchLine = withWrk
    ? {
        ...line('wrk'),
        goal: { of: 'ratio', bound: 'at least', value: WORKER_GOAL },
        note: load.note(),
        tried: WORKER_TRIED,
      }
    : {
        id: `system/requests/${connections}/worker-wrk`,
        what: 'engine worker beside wrk',
        skipped: WRK_MISSING,
      };
  return [besideWrk, ...(['bare', 'autocannon', 'undici', 'openai'] as const).map(line)];
}

const PEER_NAMES = {
  wrk: 'wrk',
  bare: 'bare Node sockets',
  autocannon: 'autocannon',
  undici: 'undici Pool',
  openai: 'OpenAI SDK',
} as const;

function requestsPerCpuSecond({ requests, cpuSeconds }: ClientResult): number {
  return requests / cpuSeconds;
}

/** What the server's work comes to beside a client that is as lean as they get. */
class ServerLoad {
  readonly #server: CannedServer;
  readonly #usOfRequest: number[] = [];
  readonly #shareOfClient: number[] = [];

  constructor(server: CannedServer) {
    this.#server = server;
  }

  async beside(client: () => Promise<ClientResult>): Promise<ClientResult> {
    const beforeSeconds = this.#server.cpuSeconds;
    const result = await client();
    const seconds = this.#server.cpuSeconds - beforeSeconds;
    this.#usOfRequest.push((seconds / result.requests) * 1e6);
    this.#shareOfClient.push(seconds / result.cpuSeconds);
    return result;
  }

  note(): string {
    const us = spreadOf(this.#usOfRequest).median.toFixed(1);
    const share = spreadOf(this.#shareOfClient).median.toFixed(2);
    return `the server (${this.#server.language}) took ${us} µs of CPU a request beside wrk, ${share} of what wrk took itself: below 1 it is the client that is full`;
  }
}
