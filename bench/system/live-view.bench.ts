import type { Bench, BenchResult } from '../harness/bench.ts';
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
    const run = async (publishInterval: string) => {
      const { summary, cpuSeconds } = await measuredRun(workspace, [
        ...['--endpoint', server.url, '--dataset', workspace.prompts(ROWS), '--streaming', 'off'],
        ...['--concurrency', String(CONNECTIONS), '--duration', `${quick ? 2 : 10}s`],
        ...['--publish-interval', publishInterval],
      ]);
      perCpuSecond[publishInterval === '0' ? 'off' : 'on'].push(summary.n_samples_completed / cpuSeconds);
      return summary.qps;
    };
    const perCpuSecond = { on: [] as number[], off: [] as number[] };
    try {
      const perSecond = await inTurn(rounds, { on: () => run('250ms'), off: () => run('0') });
      const line = (
        id: string,
        what: string,
        unit: string,
        { on, off }: typeof perCpuSecond,
      ): BenchResult => ({
        id: `system/live-view/${id}`,
        what: `${what} with the live view, ${CONNECTIONS} connections`,
        unit,
        value: spreadOf(on),
        peer: { name: 'without', value: spreadOf(off), ratio: ratioOf(on, off) },
      });
      return [
        {
          ...line('throughput', 'throughput', 'requests/s', perSecond),
          goal: { of: 'ratio', bound: 'at least', value: GOAL },
        },
        line('cpu', 'work of a whole run', 'requests/CPU-s', perCpuSecond),
      ];
    } finally {
      await server.close();
      workspace.remove();
    }
  },
};
