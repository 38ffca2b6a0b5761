import type { Bench, BenchLine, BenchOptions } from '../harness/bench.ts';
import { inTurn } from '../harness/rounds.ts';
import { ratioOf, spreadOf } from '../harness/spread.ts';
import { wholeAnswer } from './canned-answers.ts';
import { hasWrk, runWrk, WRK_MISSING } from './clients/wrk.ts';
import { measuredRun, Workspace } from './program.ts';
import { CannedServer } from './server/canned-server.ts';

const CONNECTIONS = [64, 256] as const;
const GOAL = 0.55;
const ROWS = 1000;

/** What a run did and took, all its processes. */
interface Work {
  readonly requests: number;
  readonly cpuSeconds: number;
}

/**
 * Non-streaming requests a CPU-second of a whole run beside wrk: main with its workers, aggregator, run log and live view. Starting and ending takes
 * two processes about as long for a run of seconds as for one of hours, so two runs of different lengths are measured: their difference is what
 * a run does while it goes on, and what is left of the shorter one is the start and the end.
 */
export const bench: Bench = {
  async run(options) {
    if (!hasWrk()) return [{ id: 'system/whole-run', what: 'whole run beside wrk', skipped: WRK_MISSING }];
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
  say(`whole runs, ${connections} connections`);
  const [shortSeconds, longSeconds] = quick ? [2, 4] : [3, 15];
  const dataset = workspace.prompts(ROWS);
  const run = (seconds: number) => async (): Promise<Work> => {
    const { summary, cpuSeconds } = await measuredRun(workspace, [
      ...['--endpoint', server.url, '--dataset', dataset, '--streaming', 'off'],
      ...['--concurrency', String(connections), '--duration', `${seconds}s`],
    ]);
    return { requests: summary.n_samples_completed, cpuSeconds };
  };
  const { short, wrk, long } = await inTurn<'short' | 'wrk' | 'long', Work>(rounds, {
    short: run(shortSeconds),
    wrk: () => runWrk(server.url, connections, quick ? 1000 : 5000),
    long: run(longSeconds),
  });
  const steady = long.map(({ requests, cpuSeconds }, round) => ({
    requests: requests - short[round]!.requests,
    cpuSeconds: cpuSeconds - short[round]!.cpuSeconds,
  }));
  const startAndEnd = short.map(
    ({ requests, cpuSeconds }, round) => cpuSeconds - requests / requestsPerCpuSecond(steady[round]!),
  );
  const besideWrk = (works: readonly Work[]) => {
    const [ours, theirs] = [works.map(requestsPerCpuSecond), wrk.map(requestsPerCpuSecond)];
    return {
      unit: 'requests/CPU-s',
      value: spreadOf(ours),
      peer: { name: 'wrk', value: spreadOf(theirs), ratio: ratioOf(ours, theirs) },
    };
  };
  const id = `system/whole-run/${connections}`;
  const who = `whole run, all processes, ${connections} connections`;
  return [
    {
      id: `${id}/steady`,
      what: `${who}, while it goes on`,
      ...besideWrk(steady),
      goal: { of: 'ratio', bound: 'at least', value: GOAL },
      note: `the difference of runs of ${longSeconds} and ${shortSeconds} s: fold, live view, run log and statistics included, start and end of two processes not`,
      tried:
        'of all CPU time the engine worker takes 60 to 65 %, aggregator and main 10 to 15 % each with their start and end; the rest is V8, which compiles and collects garbage on threads of its own, and ZeroMQ. Frames of up to 4096 records every 20 ms instead of 1024 every 5 ms took a tenth less of all; 50 ms would gain some 4 % more, for frames of half a MB and more lost by a kill. Collecting garbage without parallel or concurrent threads (no-parallel-scavenge, single-threaded-gc) gained nothing. The stat of the run log after each frame is gone from the thread pool',
    },
    { id: `${id}/long`, what: `${who}, ${longSeconds} s with start and end`, ...besideWrk(long) },
    { id: `${id}/short`, what: `${who}, ${shortSeconds} s with start and end`, ...besideWrk(short) },
    {
      id: `${id}/start`,
      what: `${who}: start and end`,
      unit: 'CPU-s',
      value: spreadOf(startAndEnd),
      isLessBetter: true,
    },
  ];
}

function requestsPerCpuSecond({ requests, cpuSeconds }: Work): number {
  return requests / cpuSeconds;
}
