import type { Bench, BenchLine, BenchOptions, BenchResult } from '../harness/bench.ts';
import { inTurn } from '../harness/rounds.ts';
import { ratioOf, spreadOf } from '../harness/spread.ts';
import { answerBytes, wholeAnswer } from './canned-answers.ts';
import { runClient, type ClientName } from './clients/run-client.ts';
import { hasWrk, runWrk, WRK_MISSING } from './clients/wrk.ts';
import { measuredRun, Workspace } from './program.ts';
import { CannedServer } from './server/canned-server.ts';

const CONNECTIONS = [64, 256] as const;
const WORKER_GOAL = 0.8;
const RUN_GOAL = 0.55;
const ROWS = 1000;

/** Non-streaming requests a CPU-second: the engine worker alone and the whole run, beside wrk and what Node has to offer. */
export const bench: Bench = {
  async run(options) {
    const workspace = new Workspace();
    const server = await CannedServer.start(wholeAnswer());
    try {
      const lines: BenchLine[] = [];
      for (const connections of CONNECTIONS) {
        lines.push(...(await measure(options, server, workspace, connections)));
      }
      return lines;
    } finally {
      await server.close();
      workspace.remove();
    }
  },
};

async function measure(
  { quick, rounds, say }: BenchOptions,
  server: CannedServer,
  workspace: Workspace,
  connections: number,
): Promise<readonly BenchLine[]> {
  say(`non-streaming, ${connections} connections, server in ${server.language}`);
  const measureMs = quick ? 1000 : 5000;
  const order = {
    ...{ url: server.url, connections, streaming: false, answerBytes: answerBytes(wholeAnswer()) },
    ...{ warmMs: quick ? 700 : 2000, measureMs },
  };
  const serverUs: number[] = [];
  const serverShares: number[] = [];
  const client = (name: ClientName) => async () => {
    const { requests, cpuSeconds } = await runClient(name, order);
    return requests / cpuSeconds;
  };
  const wrk = async () => {
    const beforeSeconds = server.cpuSeconds;
    const result = await runWrk(server.url, connections, measureMs);
    const serverSeconds = server.cpuSeconds - beforeSeconds;
    serverUs.push((serverSeconds / result.requests) * 1e6);
    serverShares.push(serverSeconds / result.cpuSeconds);
    return result.requests / result.cpuSeconds;
  };
  const run = async () => {
    const { summary, cpuSeconds } = await measuredRun(workspace, [
      ...['--endpoint', server.url, '--dataset', workspace.prompts(ROWS), '--streaming', 'off'],
      ...['--concurrency', String(connections), '--duration', `${quick ? 2 : 12}s`],
    ]);
    return summary.n_samples_completed / cpuSeconds;
  };
  const withWrk = hasWrk();
  const values = await inTurn(rounds, {
    worker: client('engine'),
    wrk: withWrk ? wrk : () => NaN,
    run,
    bare: client('bare'),
  });
  const place = `${connections} connections`;
  const besides = (
    id: string,
    what: string,
    ours: readonly number[],
    name: string,
    theirs: readonly number[],
  ) => ({
    id: `system/requests/${connections}/${id}`,
    what: `${what}, ${place}`,
    unit: 'requests/CPU-s',
    value: spreadOf(ours),
    peer: { name, value: spreadOf(theirs), ratio: ratioOf(ours, theirs) },
  });
  const lines: BenchLine[] = [];
  if (withWrk) {
    const goal = (value: number): BenchResult['goal'] => ({ of: 'ratio', bound: 'at least', value });
    const note =
      `the server (${server.language}) took ${spreadOf(serverUs).median.toFixed(1)} µs of CPU a request beside wrk, ` +
      `${spreadOf(serverShares).median.toFixed(2)} of what wrk took itself: below 1 the client is the one that is full`;
    lines.push(
      {
        ...besides('worker-wrk', 'engine worker', values.worker, 'wrk', values.wrk),
        goal: goal(WORKER_GOAL),
        note,
      },
      {
        ...besides('run-wrk', 'whole run, all processes', values.run, 'wrk', values.wrk),
        goal: goal(RUN_GOAL),
      },
    );
  } else
    lines.push({
      id: `system/requests/${connections}/worker-wrk`,
      what: `engine worker, ${place}`,
      skipped: WRK_MISSING,
    });
  lines.push(besides('worker-bare', 'engine worker', values.worker, 'bare Node sockets', values.bare));
  return lines;
}
