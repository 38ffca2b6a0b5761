import { execFileSync, spawn } from 'node:child_process';
import { resolve } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, expect, it, onTestFinished } from 'vitest';
import { WENT_THROUGH, Workbench } from './program.ts';

const EXAMPLES = resolve(import.meta.dirname, '../../docs/examples');
const PYTHON = process.env.INFEROMETER_PYTHON ?? 'python3';

const bench = new Workbench();
afterAll(() => bench.end());

function hasPackages(...names: readonly string[]): boolean {
  try {
    execFileSync(PYTHON, ['-c', `import ${names.join(', ')}`], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

const python = (script: string, ...args: readonly string[]) => {
  const child = spawn(PYTHON, [resolve(EXAMPLES, script), ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  return text(child.stdout);
};

it.skipIf(!hasPackages('zmq', 'msgpack'))(
  'watch_snapshots.py reads the stream of a run to its end',
  async () => {
    const url = await bench.mock('--ttft', 'fixed:5', '--output-tokens', 'fixed:5');
    const args = bench.runArgs(
      url,
      50,
      '--rate',
      '20',
      '--duration',
      '2s',
      '--view-address',
      'tcp://127.0.0.1:0',
    );
    const run = bench.start(args);
    const [address] = await run.waitForOutput(/tcp:\/\/127\.0\.0\.1:\d+/);
    const lines = (await python('watch_snapshots.py', address)).trim().split('\n');
    expect(WENT_THROUGH).toContain((await run.finished).code);
    const summary = bench.json<{ n_samples_completed: number }>('run/performance/result_summary.json');
    expect(lines.at(-1)).toMatch(
      new RegExp(`^complete ${summary.n_samples_completed} completed, TTFT p99: [\\d.]+ ns$`),
    );
  },
);

it.skipIf(!hasPackages('pandas', 'polars', 'pyarrow'))(
  'read_samples.py has the same figures by pandas and polars',
  async () => {
    const table = new Workbench();
    onTestFinished(() => table.end());
    const url = await table.mock('--ttft', 'fixed:5', '--output-tokens', 'fixed:5');
    const run = await table.start(table.runArgs(url, 50, '--samples', '30')).finished;
    expect(WENT_THROUGH, run.stderr).toContain(run.code);
    await table.start(['export', table.file('run'), '--out', table.file('samples.parquet')]).finished;
    const [pandas, polars] = (await python('read_samples.py', table.file('samples.parquet')))
      .trim()
      .split('\n');
    expect(pandas).toMatch(/^pandas: 30 [\d.]+ ms$/);
    expect(polars!.replace('polars', 'pandas')).toBe(pandas);
  },
);
