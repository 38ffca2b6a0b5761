import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { Workbench } from './program.ts';

const RESULTS = resolve(import.meta.dirname, '../imports/results');
const bench = new Workbench();
afterAll(() => bench.end());

it('an imported run is one for every command', async () => {
  const run = (...args: readonly string[]) => bench.start(args, {}, bench.path).finished;
  const [a, b] = [bench.file('a'), bench.file('b')];
  const made = await Promise.all([
    run('import', join(RESULTS, 'vllm-bench-detailed.json'), '--out', a),
    run('import', join(RESULTS, 'aiperf-profile_export.jsonl'), '--out', b),
  ]);
  expect(made.map(({ code, stderr }) => [code, stderr])).toEqual([
    [0, ''],
    [0, ''],
  ]);
  expect(made[0].stdout).toContain('3 issued = 2 succeeded + 1 errored');
  expect(existsSync(join(a, 'report.html'))).toBe(true);
  const report = await run('report', '--full', a);
  expect(report.stdout).toContain('Load generator: vLLM bench');
  expect(report.stdout).toContain('client health unknown');
  expect(report.stdout).not.toContain('Publishers');
  const compared = await run('compare', a, b);
  expect(compared.stdout).toContain('TTFT p50');
  const plotted = await run('plot', a, b, '--out', bench.file('plots'));
  expect([plotted.code, plotted.stdout]).toEqual([0, expect.stringContaining('.svg') as string]);
  const exported = await run('export', a, '--samples', 'csv');
  expect([exported.code, readFileSync(join(a, 'samples.csv'), 'utf8').split('\n').length]).toEqual([0, 5]);
  const watched = await run('watch', a, '--once', '--json');
  expect(JSON.parse(watched.stdout)).toMatchObject({ state: 'complete' });
});

it('a run of ours goes out as a file of another tool and comes back', async () => {
  const url = await bench.mock(
    '--ttft',
    'fixed:10',
    '--inter-token',
    'fixed:3',
    '--output-tokens',
    'fixed:6',
  );
  const run = bench.start(bench.runArgs(url, 12, '--concurrency', '3', '--warmup', '4'));
  expect((await run.finished).stdout).toContain('12 issued = 12 succeeded');
  type Summary = Readonly<Record<string, { readonly total: number; readonly max: number }>>;
  const before = bench.json<Summary>('run/performance/result_summary.json');
  for (const tool of ['vllm', 'aiperf']) {
    const out = bench.file(`${tool}.out`);
    const exported = await bench.start(['export', bench.file('run'), '--as', tool, '--out', out]).finished;
    expect([exported.code, exported.stdout]).toEqual([0, `${out}: 12 samples\n`]);
    await bench.start(['import', out, '--out', bench.file(`${tool}-again`)]).finished;
    const after = bench.json<Summary>(`${tool}-again/performance/result_summary.json`);
    for (const name of ['ttft', 'latency', 'chunk_delta', 'tpot', 'output_sequence_lengths']) {
      const [was, is] = [before[name]!, after[name]!];
      expect(was.total).toBeGreaterThan(0);
      // Files hold times as fractions of seconds or milliseconds.
      expect(Math.abs(is.total - was.total)).toBeLessThan(1000);
      expect(Math.abs(is.max - was.max)).toBeLessThan(1000);
    }
  }
});

it('figures without requests are an error with exit code 2', async () => {
  const { code, stdout, stderr } = await bench.start([
    'import',
    join(RESULTS, 'oha.json'),
    '--out',
    bench.file('c'),
  ]).finished;
  expect([code, stdout, existsSync(bench.file('c'))]).toEqual([2, '', false]);
  expect(stderr).toContain('has figures of oha and no requests');
});
