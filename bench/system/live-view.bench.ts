import type { Bench } from '../harness/bench.ts';
import { inTurn } from '../harness/rounds.ts';
import { ratioOf, spreadOf } from '../harness/spread.ts';
import { wholeAnswer } from './canned-answers.ts';
import { measuredRun, Workspace } from './program.ts';
import { CannedServer } from './server/canned-server.ts';

const CONNECTIONS = 64;
const ROWS = 1000;
const GOAL = 0.98;

/** What watching costs: the same run with a snapshot every 250 ms and with none. */
export const bench: Bench = {
  async run({ quick, rounds }) {
    const workspace = new Workspace();
    const server = await CannedServer.start(wholeAnswer());
    const requestsPerSecond = (publishInterval: string) => async () => {
      const { summary } = await measuredRun(workspace, [
        ...['--endpoint', server.url, '--dataset', workspace.prompts(ROWS), '--streaming', 'off'],
        ...['--concurrency', String(CONNECTIONS), '--duration', `${quick ? 2 : 10}s`],
        ...['--publish-interval', publishInterval],
      ]);
      return summary.qps;
    };
    try {
      const { on, off } = await inTurn(rounds, {
        on: requestsPerSecond('250ms'),
        off: requestsPerSecond('0'),
      });
      return [
        {
          id: 'system/live-view',
          what: `throughput with the live view, ${CONNECTIONS} connections`,
          unit: 'requests/s',
          value: spreadOf(on),
          peer: { name: 'without', value: spreadOf(off), ratio: ratioOf(on, off) },
          goal: { of: 'ratio', bound: 'at least', value: GOAL },
        },
      ];
    } finally {
      await server.close();
      workspace.remove();
    }
  },
};
