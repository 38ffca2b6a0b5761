import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { readSeenRun } from '../../../src/app/calibration/seen-samples.ts';
import { fetchTruth } from '../../../src/app/calibration/server-truth.ts';
import { readClientBounds, type ClientBounds } from '../../../src/core/client-bounds.ts';
import { startMock, startProgram, type Workspace } from '../program.ts';
import type { Disturbance } from './disturbances.ts';
import { figuresOf, type Figures } from './figures.ts';

/** How requests come: the flags of the run and of the mock server. */
export interface Load {
  readonly name: string;
  readonly run: readonly string[];
  readonly mock: readonly string[];
}

export const LOADS: readonly Load[] = [
  {
    name: 'Poisson',
    run: ['--pattern', 'poisson', '--rate', '60'],
    mock: ['--ttft', 'lognormal:40,0.3', '--inter-token', 'normal:10,2', '--output-tokens', 'normal:20,4'],
  },
  {
    name: 'in step',
    run: ['--pattern', 'concurrency', '--concurrency', '32'],
    mock: ['--ttft', 'fixed:50', '--inter-token', 'fixed:15', '--output-tokens', 'fixed:20'],
  },
];

const ROWS = 4000;
/** The engine thread's, where all disturbances take place; everything else is on the others. */
const CLIENT_CPU = 1;
/** The server keeps its times whatever else goes on: off the client's core, and ahead of others where that is allowed. */
const SERVER_THROUGH = ['taskset', '-c', '0', 'nice', '-n', '-10'];
const WARM_UP_MS = 900;

export interface ProvokedRun extends Figures {
  readonly bounds: ClientBounds | null;
  /** Level of each metric by the report. */
  readonly levels: Readonly<Record<string, string>>;
}

/** One run under a disturbance, of so many seconds, beside the truth. */
export async function provokedRun(
  workspace: Workspace,
  load: Load,
  { mockFlags = [], preload, begin }: Disturbance,
  seconds: number,
): Promise<ProvokedRun> {
  const out = workspace.freshRun();
  const mock = await startMock([...load.mock, ...mockFlags], SERVER_THROUGH);
  try {
    const env: Record<string, string> = preload === undefined ? {} : { NODE_OPTIONS: `--import ${preload}` };
    const client = startProgram(
      [
        ...['run', '--endpoint', mock.url, '--model', 'm', '--dataset', workspace.prompts(ROWS)],
        ...[
          ...load.run,
          '--duration',
          `${seconds}s`,
          '--sample-order',
          'sequential',
          '--samples',
          String(ROWS),
        ],
        ...['--cpus', String(CLIENT_CPU), '--events-jsonl', 'off', '--out', out],
      ],
      env,
    );
    let errors = '';
    client.stdout!.resume();
    client.stderr!.on('data', (bytes: Buffer) => (errors += bytes.toString()));
    const closed = once(client, 'close');
    await new Promise((resolve) => setTimeout(resolve, WARM_UP_MS));
    const end = begin?.(client, CLIENT_CPU, workspace.path);
    // The end of the run is no part of the measurement, and would only take longer.
    const endTimer = setTimeout(() => end?.(), seconds * 1000);
    await closed;
    clearTimeout(endTimer);
    end?.();
    return await resultOf(out, mock.url, errors);
  } finally {
    mock.child.kill('SIGTERM');
  }
}

async function resultOf(out: string, url: string, errors: string): Promise<ProvokedRun> {
  try {
    const run = await readSeenRun(join(out, 'run.log'));
    const truths = await fetchTruth(url, run.originNs);
    const read = (path: string) =>
      JSON.parse(readFileSync(join(out, path), 'utf8')) as Record<string, unknown>;
    const { verdict } = read('performance/result_summary.json') as {
      verdict: { metrics?: readonly { metric: string; level: string }[] };
    };
    return {
      ...figuresOf(run.samples, truths),
      bounds: readClientBounds((read('metrics/final_snapshot.json').extras ?? {}) as Record<string, unknown>),
      levels: Object.fromEntries((verdict.metrics ?? []).map(({ metric, level }) => [metric, level])),
    };
  } catch (error) {
    throw new Error(`the run left no result: ${errors}`, { cause: error });
  }
}
