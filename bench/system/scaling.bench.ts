import { availableParallelism } from 'node:os';
import type { Bench } from '../harness/bench.ts';
import { inTurn } from '../harness/rounds.ts';
import { ratioOf, spreadOf } from '../harness/spread.ts';
import { wholeAnswer } from './canned-answers.ts';
import { measuredRun, Workspace } from './program.ts';
import { CannedServer } from './server/canned-server.ts';

/** Two workers, a server for each, main and aggregator. */
const CORES_NEEDED = 6;
const CONNECTIONS = 128;
const ROWS = 1000;
const GOAL = 1.8;
const ID = 'system/scaling';
const WHAT = 'throughput of 2 workers';

export const bench: Bench = {
  async run({ quick, rounds }) {
    if (availableParallelism() < CORES_NEEDED) {
      return [
        { id: ID, what: WHAT, skipped: `needs ${CORES_NEEDED} cores, ${availableParallelism()} are here` },
      ];
    }
    const workspace = new Workspace();
    const servers = [await CannedServer.start(wholeAnswer()), await CannedServer.start(wholeAnswer())];
    const requestsPerSecond = (workers: number) => async () => {
      const { summary } = await measuredRun(workspace, [
        ...servers.flatMap(({ url }) => ['--endpoint', url]),
        ...['--dataset', workspace.prompts(ROWS), '--streaming', 'off', '--workers', String(workers)],
        ...['--concurrency', String(CONNECTIONS), '--duration', `${quick ? 2 : 10}s`],
      ]);
      return summary.qps;
    };
    try {
      const { two, one } = await inTurn(rounds, { two: requestsPerSecond(2), one: requestsPerSecond(1) });
      return [
        {
          id: ID,
          what: WHAT,
          unit: 'requests/s',
          value: spreadOf(two),
          peer: { name: '1 worker', value: spreadOf(one), ratio: ratioOf(two, one) },
          goal: { of: 'ratio', bound: 'at least', value: GOAL },
        },
      ];
    } finally {
      for (const server of servers) await server.close();
      workspace.remove();
    }
  },
};
