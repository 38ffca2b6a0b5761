import { readFileSync } from 'node:fs';
import { afterAll, expect, it } from 'vitest';
import { WENT_THROUGH, Workbench } from './program.ts';

const bench = new Workbench();
afterAll(() => bench.end());

interface Summary {
  readonly steady_state?: {
    readonly found: boolean;
    readonly reason: string | null;
    readonly from_ns: number;
    readonly to_ns: number;
    readonly tests: readonly { readonly series: string }[];
    readonly figures: { readonly issued: number; readonly ttft: object } | null;
  };
}

const LOAD = ['--rate', '100', '--duration', '4s'];
const summaryOf = (name: string) => bench.json<Summary>(`${name}/performance/result_summary.json`);

it('looks for the steady state at the end of a run that asks, and afterwards of any', async () => {
  const url = await bench.mock('--ttft', 'fixed:20', '--output-tokens', 'fixed:3');
  const plain = await bench.start([...bench.runArgs(url, 10, ...LOAD), '--out', bench.file('plain')])
    .finished;
  expect(WENT_THROUGH, plain.stderr).toContain(plain.code);
  expect(summaryOf('plain').steady_state).toBeUndefined();
  const asked = await bench.start([
    ...bench.runArgs(url, 10, ...LOAD, '--steady-state', 'auto', '--report-html', 'on'),
    ...['--out', bench.file('asked')],
  ]).finished;
  expect(WENT_THROUGH, asked.stderr).toContain(asked.code);
  const { steady_state: found } = summaryOf('asked');
  // On a machine with other things to do it may not be steady.
  expect(found!.found).toBe(found!.reason === null);
  expect(found!.tests.map(({ series }) => series)).toEqual(['throughput', 'in flight', 'TTFT', 'TPOT']);
  expect(readFileSync(bench.file('asked/report.html'), 'utf8')).toContain('<section id="steady-state">');

  const range = ['--steady-state', '1s..3s'];
  const { stdout } = await bench.start(['report', bench.file('plain'), ...range, '--json']).finished;
  const { steady_state: given } = JSON.parse(stdout) as Summary;
  expect(given).toMatchObject({ found: true, from_ns: 1e9, to_ns: 3e9 });
  expect(given!.figures!.issued).toBeGreaterThan(120);
  expect(given!.figures!.issued).toBeLessThan(280);
  const text = await bench.start(['report', '--full', bench.file('plain'), ...range]).finished;
  expect(text.stdout).toMatch(/Steady state: 1\.00 s to 3\.00 s after the start, 2\.00 s of the/);
  expect(text.stdout).toMatch(/whole run +steady state\nTTFT p50/);
  const page = await bench.start(['report', '--full', bench.file('plain'), ...range, '--write']).finished;
  expect(page.code).toBe(0);
  const html = readFileSync(bench.file('plain/report.html'), 'utf8');
  // Behind the charts, too.
  expect(html.split('fill="var(--steady)"').length).toBeGreaterThan(5);
});

it('shows early-stopping estimates where they are asked for', async () => {
  const reported = async (...flags: readonly string[]) =>
    (await bench.start(['report', bench.file('plain'), '--json', ...flags]).finished).stdout;
  expect(await reported()).not.toContain('early_stopping_percentiles');
  const { latency } = JSON.parse(await reported('--early-stopping')) as {
    readonly latency: { readonly early_stopping_percentiles: Readonly<Record<string, number | null>> };
  };
  const { '90.0': p90, '99.0': p99 } = latency.early_stopping_percentiles;
  expect(p90).toBeGreaterThan(2e7);
  // 400 samples are too few for it.
  expect(p99).toBeNull();
});

it('refuses what is no part of a run', async () => {
  const run = await bench.start(['report', '--full', bench.file('plain'), '--steady-state', 'soon']).finished;
  expect(run.code).toBe(2);
  expect(run.stderr.replaceAll(/\s+/g, ' ')).toContain(
    "--steady-state: 'soon': expected auto, off or a stretch of the run such as '30s..5m' or '25%..100%' at character 1",
  );
});
