import type { Bench, BenchResult } from '../harness/bench.ts';
import { inMirroredTurn } from '../harness/rounds.ts';
import { ratioOf, spreadOf } from '../harness/spread.ts';
import { wholeAnswer } from './canned-answers.ts';
import { type MeasuredRun, measuredRun, Workspace } from './program.ts';
import { CannedServer } from './server/canned-server.ts';

const CONNECTIONS = 64;
const ROWS = 1000;
const GOAL = 0.98;
/** The difference is smaller than what a single pair varies by. */
const PAIRS_PER_ROUND = 3;

/**
 * What watching costs: the same run with a snapshot every 250 ms and with none. Held to the goal is the work of all processes by their CPU time, which
 * says what watching takes from a machine that is full; throughput by the wall clock varies more than the goal, and on a machine with cores to
 * spare is not touched at all.
 */
export const bench: Bench = {
  async run({ quick, rounds }) {
    const workspace = new Workspace();
    const server = await CannedServer.start(wholeAnswer());
    const dataset = workspace.prompts(ROWS);
    const run = (publishInterval: string) =>
      measuredRun(workspace, [
        ...['--endpoint', server.url, '--dataset', dataset, '--streaming', 'off'],
        ...['--concurrency', String(CONNECTIONS), '--duration', `${quick ? 2 : 6}s`],
        ...['--publish-interval', publishInterval],
      ]);
    try {
      const { on, off } = await inMirroredTurn(rounds * (quick ? 1 : PAIRS_PER_ROUND), {
        on: () => run('250ms'),
        off: () => run('0'),
      });
      const line = (
        id: string,
        what: string,
        unit: string,
        valueOf: (run: MeasuredRun) => number,
      ): BenchResult => ({
        id: `system/live-view/${id}`,
        what: `${what} with the live view, ${CONNECTIONS} connections`,
        unit,
        value: spreadOf(on.map(valueOf)),
        peer: {
          name: 'without',
          value: spreadOf(off.map(valueOf)),
          ratio: ratioOf(on.map(valueOf), off.map(valueOf)),
        },
      });
      return [
        {
          ...line(
            'cpu',
            'work of a whole run',
            'requests/CPU-s',
            ({ summary, cpuSeconds }) => summary.n_samples_completed / cpuSeconds,
          ),
          goal: { of: 'ratio', bound: 'at least', value: GOAL },
          tried:
            'a snapshot takes less than a ms, four times a second: a few thousandths of a core. What is seen beyond that is the machine, and more pairs bring it down',
        },
        line('throughput', 'throughput', 'requests/s', ({ summary }) => summary.qps),
      ];
    } finally {
      await server.close();
      workspace.remove();
    }
  },
};
