import { once } from 'node:events';
import type { BenchLine } from '../../harness/bench.ts';
import { spreadOf } from '../../harness/spread.ts';
import { streamedAnswer } from '../canned-answers.ts';
import { aggregatorPid, readSummary, startProgram, type Workspace } from '../program.ts';
import { CannedServer } from '../server/canned-server.ts';
import { MemoryWatch } from './memory.ts';

const ROWS = 1000;
const GAP_US = 5000;

export interface SteadySoak {
  readonly workspace: Workspace;
  readonly minutes: number;
  /** Requests a second. */
  readonly rate: number;
  readonly chunks: number;
  readonly say: (line: string) => void;
}

/** Streamed requests at a steady rate: at 5000/s, a growth of 3 MB a minute is 10 bytes a request. */
export async function soakSteadily({ workspace, minutes, rate, chunks, say }: SteadySoak) {
  const out = workspace.freshRun();
  const server = await CannedServer.start(streamedAnswer(chunks), { gapUs: GAP_US, pace: 'spread' });
  const run = startProgram([
    ...['run', '--endpoint', server.url, '--model', 'm', '--dataset', workspace.prompts(ROWS)],
    ...['--streaming', 'on', '--pattern', 'poisson', '--rate', String(rate)],
    ...['--duration', `${Math.round(minutes * 60)}s`, '--events-jsonl', 'off', '--out', out],
  ]);
  run.stdout!.resume();
  run.stderr!.resume();
  const processes = {
    'main with engine': () => run.pid,
    aggregator: () => aggregatorPid(out),
    server: () => server.pid,
  };
  const memory = new MemoryWatch(processes, minutes * 60_000, say);
  const [code] = (await once(run, 'close')) as [number | null];
  memory.stop();
  await server.close();

  const {
    n_samples_issued: issued,
    n_samples_completed: completed,
    event_stream: stream,
    qps,
  } = readSummary(out);
  say(
    `\nexit code ${code}; ${issued} issued, ${completed} completed, ${qps.toFixed(0)}/s; ${stream.frames} frames, ${stream.healed_frames} healed from the log, ${stream.lost_frames} lost`,
  );
  const what = `${minutes} min at ${rate}/s streaming`;
  const lines: readonly BenchLine[] = [
    ...Object.keys(processes).flatMap((name) =>
      memory.linesOf(name, { id: 'system/soak', what, issued, isJudged: name !== 'server' }),
    ),
    {
      id: 'system/soak/lost-frames',
      what: `lost frames, ${what}`,
      unit: 'frames',
      value: spreadOf([stream.lost_frames]),
      isLessBetter: true,
      goal: { of: 'value', bound: 'at most', value: 0 },
      note: `${stream.healed_frames} of ${stream.frames} frames were healed from the run log`,
    },
    {
      id: 'system/soak/unaccounted',
      what: `samples issued and not completed, ${what}`,
      unit: 'samples',
      value: spreadOf([issued - completed]),
      isLessBetter: true,
      goal: { of: 'value', bound: 'at most', value: 0 },
    },
  ];
  return lines;
}
