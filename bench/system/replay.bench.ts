import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { RandomSource } from '../../src/core/random.ts';
import { quantileOfSorted } from '../../src/stats/quantile.ts';
import type { Bench, BenchLine } from '../harness/bench.ts';
import { inTurn } from '../harness/rounds.ts';
import { spreadOf } from '../harness/spread.ts';
import { startMock, startProgram, Workspace } from './program.ts';

const RATE_PER_SECOND = 500;
const REQUESTS = 10_000;
const QUICK_REQUESTS = 1000;
const P99_GOAL_US = 500;
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

/** A whole run that replays a trace with Poisson gaps, against the mock server in a process of its own, which logs when each request came. */
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
      const { runs } = await inTurn<'runs', Lateness>(rounds, {
        runs: () => replayed(workspace, trace, timesMs),
      });
      return linesOf(runs, timesMs.length);
    } finally {
      workspace.remove();
    }
  },
};

function linesOf(runs: readonly Lateness[], requests: number): readonly BenchLine[] {
  const line = (by: keyof Lateness, what: string, percentile: number): BenchLine => ({
    id: `system/replay/${RATE_PER_SECOND}/${by}/p${percentile}`,
    what: `replay of ${requests} requests at ${RATE_PER_SECOND}/s, ${what} ${percentile === 100 ? 'max' : `p${percentile}`}`,
    unit: 'µs',
    value: spreadOf(runs.map((run) => quantileOfSorted(run[by], percentile))),
    isLessBetter: true,
    ...(by === 'issued' && percentile === 99
      ? { goal: { of: 'value', bound: 'at most', value: P99_GOAL_US } as const }
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

/** Throws when a request is missing, came twice, or was due at another time than the trace says. */
async function replayed(workspace: Workspace, trace: string, timesMs: readonly number[]): Promise<Lateness> {
  const mock = await startMock(['--ttft', 'fixed:5', '--output-tokens', 'fixed:1']);
  try {
    const out = workspace.freshRun();
    await finished([
      ...['run', '--endpoint', mock.url, '--model', 'm', '--dataset', trace, '--replay', '--quiet'],
      ...['--streaming', 'off', '--events-jsonl', 'off', '--out', out],
    ]);
    const table = join(workspace.path, 'samples.csv');
    await finished(['export', out, '--samples', 'csv', '--out', table]);
    const { origin_ns: origin } = JSON.parse(readFileSync(join(out, 'run.json'), 'utf8')) as {
      origin_ns: string;
    };
    const received = receivedNs(await (await fetch(`${mock.url}/truth`)).text(), BigInt(origin));
    const samples = samplesOf(readFileSync(table, 'utf8'));
    if (samples.length !== timesMs.length || received.size !== timesMs.length) {
      throw new Error(
        `${samples.length} samples, ${received.size} arrivals, wanted ${timesMs.length} of both`,
      );
    }
    const [first] = samples as [Sample];
    for (const { row, dueNs } of samples) {
      const wantedNs = Math.round((timesMs[row]! - timesMs[0]!) * NS_PER_MS);
      if (dueNs - first.dueNs !== wantedNs)
        throw new Error(`row ${row}: due at ${dueNs}, wanted ${wantedNs}`);
    }
    const lateUs = (ns: (sample: Sample) => number) =>
      Float64Array.from(samples, (sample) => (ns(sample) - sample.dueNs) / NS_PER_US).sort();
    return { issued: lateUs(({ issuedNs }) => issuedNs), received: lateUs(({ row }) => received.get(row)!) };
  } finally {
    mock.child.kill('SIGTERM');
  }
}

async function finished(args: readonly string[]): Promise<void> {
  const program = startProgram(args);
  let said = '';
  program.stdout!.resume();
  program.stderr!.on('data', (text: Buffer) => (said += text.toString()));
  const [code] = (await once(program, 'close')) as [number | null];
  // A verdict of `invalid`, on a busy machine, is 5: the run went through.
  if (code !== 0 && code !== 5) throw new Error(`inferometer ${args[0]}: exit code ${code}: ${said}`);
}

/** When each row came, ns since the run's origin. */
function receivedNs(truth: string, originNs: bigint): ReadonlyMap<number, number> {
  return new Map(
    truth
      .trimEnd()
      .split('\n')
      .map((line) => {
        const { prompt_number: row, received_ns: ns } = JSON.parse(line) as {
          readonly prompt_number: number;
          readonly received_ns: string;
        };
        return [row, Number(BigInt(ns) - originNs)];
      }),
  );
}

interface Sample {
  readonly row: number;
  readonly dueNs: number;
  readonly issuedNs: number;
}

/** In the order of their rows. */
function samplesOf(csv: string): readonly Sample[] {
  const [head, ...lines] = csv.trimEnd().split(/\r?\n/);
  const names = head!.split(',');
  const at = (cells: readonly string[], name: string) => Number(cells[names.indexOf(name)]);
  return lines
    .map((line) => line.split(','))
    .map((cells) => ({
      row: at(cells, 'dataset_row'),
      dueNs: at(cells, 'due_ns'),
      issuedNs: at(cells, 'issued_ns'),
    }))
    .sort((a, b) => a.row - b.row);
}
