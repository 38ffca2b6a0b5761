import { readFileSync } from 'node:fs';
import { afterAll, expect, it } from 'vitest';
import { EXIT_CODES } from '../../src/core/errors.ts';
import { WENT_THROUGH, Workbench } from './program.ts';

const bench = new Workbench();
afterAll(() => bench.end());

interface Goodput {
  readonly rule: string;
  readonly ended: number;
  readonly good: number;
  readonly share: number;
  readonly interval: readonly [number, number];
  readonly good_per_second: number | null;
  readonly output_tokens_per_second: number | null;
  readonly parts: readonly { readonly name: string; readonly ended: number; readonly good: number }[];
}

interface Told {
  readonly type?: string;
  readonly goodput?: Goodput;
}

const RULE = 'ttft < 250ms and output tokens >= 4';

it('tells good samples from others, live and in reports, also anew from the log', async () => {
  const flags = ['--output-tokens', 'fixed:4', '--inter-token', 'fixed:1'];
  const [fast, slow] = await Promise.all([
    bench.mock('--ttft', 'fixed:5', ...flags),
    bench.mock('--ttft', 'fixed:400', ...flags),
  ]);
  const more = ['--endpoint', slow, '--samples', '40', '--concurrency', '8', '--streaming', 'on'];
  const args = bench.runArgs(fast, 10, ...more);
  const run = await bench.start([...args, '--good', RULE, '--json-lines', '--report-html', 'on']).finished;
  expect(WENT_THROUGH, run.stderr).toContain(run.code);
  const { goodput } = bench.json<Required<Told>>('run/performance/result_summary.json');
  expect(goodput).toMatchObject({
    rule: 'ttft < 250 ms and output tokens >= 4',
    ended: 40,
    good: 20,
    share: 0.5,
  });
  // Wilson's, of 20 in 40.
  expect(goodput.interval[0]).toBeCloseTo(0.3519, 3);
  expect(goodput.interval[1]).toBeCloseTo(0.6481, 3);
  expect(goodput.parts.map(({ ended, good }) => [ended, good]).sort()).toEqual([
    [20, 0],
    [20, 20],
  ]);
  const lines = run.stdout.split('\n').flatMap((line) => (line === '' ? [] : [JSON.parse(line) as Told]));
  expect(lines.some(({ type, goodput: told }) => type === 'progress' && told !== undefined)).toBe(true);
  for (const name of ['report.txt', 'report.html']) {
    expect(readFileSync(bench.file(`run/${name}`), 'utf8')).toMatch(/50\.0 % of the samples were\s+good/);
  }

  const anew = async (rule: string) =>
    bench.start(['report', '--json', bench.file('run'), '--good', rule]).finished;
  const other = await anew('ttft < 10s');
  expect(other.code).toBe(EXIT_CODES.ok);
  expect((JSON.parse(other.stdout) as Told).goodput).toMatchObject({
    rule: 'ttft < 10 s',
    ended: 40,
    good: 40,
  });
  const wrong = await anew('ttft < 10');
  expect(wrong.code).toBe(EXIT_CODES.input);
  expect(wrong.stderr).toContain("error: --good: 'ttft < 10': expected a time with its unit");
});
