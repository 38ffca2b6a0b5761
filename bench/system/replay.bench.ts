import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { RandomSource } from '../../src/core/random.ts';
import { quantileOfSorted } from '../../src/stats/quantile.ts';
import type { Bench, BenchLine } from '../harness/bench.ts';
import { inTurn } from '../harness/rounds.ts';
import { ratioOf, spreadOf } from '../harness/spread.ts';
import { finished } from './exported-samples.ts';
import { type ReceivedSample, receivedSamples } from './received-samples.ts';
import { startMock, Workspace } from './program.ts';

const RATE_PER_SECOND = 500;
const REQUESTS = 10_000;
const QUICK_REQUESTS = 1000;
const P99_GOAL_US = 500;
const TRIED =
  'arrivals drawn by a process are as late in the same minute (beside it): the schedule is read from memory and adds nothing. What is left is the wait for a core, which the server and the aggregator of this run need as well';
const NS_PER_MS = 1e6;
const NS_PER_US = 1000;
const SEED = 3;

/** How late the requests of a replay were, µs, ascending. */
interface Lateness {
  /** Issued − due, by the run. */
  readonly issued: Float64Array;
  /** Received − due, by the server's own log, on the clock that both share. */
  readonly received: Float64Array;
}

/**
 * A whole run that replays a trace with Poisson gaps, against the mock server in a process of its own, which logs when each request came. Beside it,
 * in turn, the same requests at Poisson arrivals of the same rate: what a replay adds is the difference.
 */
export const bench: Bench = {
  async run({ quick, rounds, say }) {
    const workspace = new Workspace();
    try {
      const timesMs = poissonTimesMs(quick ? QUICK_REQUESTS : REQUESTS);
      const trace = join(workspace.path, 'trace.jsonl');
      const rows = timesMs.map((timestamp, i) =>
        JSON.stringify({ timestamp, text_input: `#${i} hello`, output_length: 1 }),
      );
      writeFileSync(trace, rows.join('\n'));
      say(`replay of ${timesMs.length} requests at ${RATE_PER_SECOND}/s`);
      const { replay, poisson } = await inTurn<'replay' | 'poisson', Lateness>(rounds, {
        replay: () => measured(workspace, trace, ['--replay'], timesMs),
        poisson: () =>
          measured(workspace, trace, ['--rate', String(RATE_PER_SECOND), '--seed', String(SEED)]),
      });
      return linesOf(replay, poisson, timesMs.length);
    } finally {
      workspace.remove();
    }
  },
};

function linesOf(
  replay: readonly Lateness[],
  poisson: readonly Lateness[],
  requests: number,
): readonly BenchLine[] {
  const of = (runs: readonly Lateness[], by: keyof Lateness, percentile: number) =>
    runs.map((run) => quantileOfSorted(run[by], percentile));
  const line = (by: keyof Lateness, what: string, percentile: number): BenchLine => ({
    id: `system/replay/${RATE_PER_SECOND}/${by}/p${percentile}`,
    what: `replay of ${requests} requests at ${RATE_PER_SECOND}/s, ${what} ${percentile === 100 ? 'max' : `p${percentile}`}`,
    unit: 'µs',
    value: spreadOf(of(replay, by, percentile)),
    peer: {
      name: `Poisson arrivals at ${RATE_PER_SECOND}/s`,
      value: spreadOf(of(poisson, by, percentile)),
      ratio: ratioOf(of(replay, by, percentile), of(poisson, by, percentile)),
    },
    isLessBetter: true,
    ...(by === 'issued' && percentile === 99
      ? { goal: { of: 'value', bound: 'at most', value: P99_GOAL_US } as const, tried: TRIED }
      : {}),
    ...(by === 'received'
      ? { note: 'the way through the kernel and the lateness of the server are part of it' }
      : {}),
  });
  return [
    ...[50, 99, 100].map((percentile) => line('issued', 'issued − due', percentile)),
    ...[50, 99, 100].map((percentile) => line('received', 'received by the server − due', percentile)),
  ];
}

function poissonTimesMs(count: number): readonly number[] {
  const random = new RandomSource(SEED);
  let at = 0;
  return Array.from({ length: count }, () => (at += random.exponential(RATE_PER_SECOND / 1000)));
}

/** Throws when a request was due at another time than the trace says. */
async function measured(
  workspace: Workspace,
  trace: string,
  load: readonly string[],
  timesMs?: readonly number[],
): Promise<Lateness> {
  const mock = await startMock(['--ttft', 'fixed:5', '--output-tokens', 'fixed:1']);
  try {
    const out = workspace.freshRun();
    await finished([
      ...['run', '--endpoint', mock.url, '--model', 'm', '--dataset', trace, ...load, '--quiet'],
      ...['--streaming', 'off', '--events-jsonl', 'off', '--out', out],
    ]);
    const samples = await receivedSamples(workspace, out, mock.url);
    if (timesMs !== undefined) checkDueTimes(samples, timesMs);
    const lateUs = (ns: (sample: ReceivedSample) => number) =>
      Float64Array.from(samples, (sample) => (ns(sample) - sample.dueNs) / NS_PER_US).sort();
    return { issued: lateUs(({ issuedNs }) => issuedNs), received: lateUs(({ receivedNs }) => receivedNs) };
  } finally {
    mock.child.kill('SIGTERM');
  }
}

function checkDueTimes(samples: readonly ReceivedSample[], timesMs: readonly number[]): void {
  if (samples.length !== timesMs.length)
    throw new Error(`${samples.length} samples, wanted ${timesMs.length}`);
  const [first] = samples as [ReceivedSample];
  for (const { row, dueNs } of samples) {
    const wantedNs = Math.round((timesMs[row]! - timesMs[0]!) * NS_PER_MS);
    if (dueNs - first.dueNs !== wantedNs) throw new Error(`row ${row}: due at ${dueNs}, wanted ${wantedNs}`);
  }
}
