import { existsSync, readdirSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { RandomSource } from '../../src/core/random.ts';
import { type Finished, isRunning, waitFor, Workbench } from '../process/program.ts';
import type { AttackRound, RoundResult } from './attack-round.ts';

/** Who is hit, by what. A stopped process goes on after a moment; the others have to take it as it comes. */
const HITS = [
  ['main', 'SIGKILL'],
  ['main', 'SIGTERM'],
  ['main', 'SIGINT'],
  ['main', 'SIGHUP'],
  ['main', 'SIGSTOP'],
  ['aggregator', 'SIGKILL'],
  ['aggregator', 'SIGTERM'],
  ['aggregator', 'SIGINT'],
  ['aggregator', 'SIGSTOP'],
] as const;
type Hit = (typeof HITS)[number];

const RUN_SECONDS = 1.5;
/** From before the run begins to after its report was written, counted from the run's directory. */
const LATEST_HIT_MS = 3500;
const STOP_MS = 400;
/** A log is written at least so often, and what was sent since is lost with the main process. */
const LOST_WITH_MAIN_MS = 150;
const RATE = 200;
const GONE_WITHIN_MS = 8000;

interface Drawn {
  readonly hit: Hit;
  readonly afterMs: number;
}

/** A run, one of whose processes is hit by a signal at some moment: whatever that was, what had happened can be reported. */
export const killRound: AttackRound = async (seed) => {
  const random = new RandomSource(seed);
  const hit = HITS[random.below(HITS.length)]!;
  return hitRun({ hit, afterMs: random.below(LATEST_HIT_MS) });
};

/** The hit with the number `index`, at a moment. For a matrix that misses none. */
export function hitAt(index: number, afterMs: number): Promise<RoundResult> {
  return hitRun({ hit: HITS[index % HITS.length]!, afterMs });
}

export const HIT_COUNT = HITS.length;

async function hitRun({ hit: [who, signal], afterMs }: Drawn): Promise<RoundResult> {
  const bench = new Workbench();
  const input = { who, signal, afterMs };
  try {
    const url = await bench.mock(
      '--ttft',
      'fixed:20',
      '--inter-token',
      'fixed:5',
      '--output-tokens',
      'fixed:5',
    );
    const run = bench.start([
      ...['run', '--endpoint', url, '--model', 'm', '--dataset', bench.dataset(50), '--rate', String(RATE)],
      ...['--duration', `${RUN_SECONDS}s`, '--out', bench.file('run')],
    ]);
    await waitFor(() => existsSync(bench.file('run/run.log')), 'run.log');
    await sleep(afterMs);
    const pids = bench.tryJson<{ pids: { aggregator: number | null } }>('run/run.json')?.pids;
    strike(who === 'main' ? run.pid : pids?.aggregator, signal);
    if (signal === 'SIGSTOP') {
      await sleep(STOP_MS);
      strike(who === 'main' ? run.pid : pids?.aggregator, 'SIGCONT');
    }
    const finished = await run.finished;
    const report = await bench.start(['report', '--full', bench.file('run')]).finished;
    const seen = await requestsSeen(url);
    const failures = [
      ...faultsOfRun(input, finished),
      ...faultsOfReport(input, report, finished, seen),
      ...(await faultsOfLeftovers(bench, pids?.aggregator)),
    ];
    return { failures, input };
  } finally {
    await bench.end();
  }
}

function strike(pid: number | null | undefined, signal: NodeJS.Signals): void {
  if (typeof pid !== 'number') return;
  try {
    process.kill(pid, signal);
  } catch {
    // It has ended by itself.
  }
}

/** Requests that came in, by the server's own list. */
async function requestsSeen(url: string): Promise<number> {
  const text = await (await fetch(`${url}/truth`)).text();
  return text.split('\n').filter((line) => line !== '').length;
}

interface Input {
  readonly who: string;
  readonly signal: string;
}

function faultsOfRun({ who, signal }: Input, { code, signal: died, stdout, stderr }: Finished): string[] {
  const faults: string[] = [];
  const isKilled = who === 'main' && signal === 'SIGKILL' && died === 'SIGKILL';
  const wanted = who === 'main' && signal !== 'SIGSTOP' ? [0, 5, 130] : [0, 5];
  // One that comes when all is written finds nobody to take it.
  const isEnded = who === 'main' && died === signal && stdout.includes('report: ');
  if (!isKilled && !isEnded && !wanted.includes(code ?? -1))
    faults.push(`the run ended with ${code ?? died}: ${stderr}`);
  if (hasStackTrace(stderr)) faults.push(`the run shows a stack trace: ${stderr}`);
  return faults;
}

function faultsOfReport(
  { who, signal }: Input,
  { code, stdout, stderr }: Finished,
  run: Finished,
  seen: number,
): string[] {
  if (hasStackTrace(stderr)) return [`the report shows a stack trace: ${stderr}`];
  const issued = Number(/Total samples issued: (\d+)/.exec(stdout)?.[1] ?? NaN);
  // Taken before the run's first sample.
  if (Number.isNaN(issued))
    return code === 2 || code === 3 ? [] : [`no report, exit code ${code}: ${stderr}`];
  const isKilled = who === 'main' && signal === 'SIGKILL' && run.signal === 'SIGKILL';
  const lost = isKilled ? (LOST_WITH_MAIN_MS / 1000) * RATE : 0;
  // A run that is cut short may have cancelled a request that was written and never read.
  const isCut = who === 'main' && signal !== 'SIGSTOP';
  const unread = isCut ? RATE : 0;
  return issued < seen - lost || issued > seen + unread
    ? [`the report knows of ${issued} samples, the server of ${seen} requests: ${stdout}`]
    : [];
}

async function faultsOfLeftovers(bench: Workbench, aggregator: number | null | undefined): Promise<string[]> {
  const faults: string[] = [];
  if (typeof aggregator === 'number') {
    const gone = await waitFor(() => !isRunning(aggregator), 'end', GONE_WITHIN_MS).catch(() => false);
    if (!gone) faults.push(`the aggregator ${aggregator} lives on`);
  }
  // A run that was told to end before it began has taken its directory along.
  if (!existsSync(bench.file('run'))) return faults;
  const unfinished = readdirSync(bench.file('run'), { recursive: true })
    .map(String)
    .filter((name) => name.includes('.tmp'));
  if (unfinished.length > 0) faults.push(`unfinished files stay: ${unfinished.join(', ')}`);
  return faults;
}

function hasStackTrace(text: string): boolean {
  return /^\s+at .+:\d+:\d+\)?$/m.test(text);
}
