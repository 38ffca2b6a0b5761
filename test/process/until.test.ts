import { readFileSync } from 'node:fs';
import { afterAll, expect, it } from 'vitest';
import type { UntilStatus } from '../../src/core/until.ts';
import { WENT_THROUGH, Workbench } from './program.ts';

const bench = new Workbench();
afterAll(() => bench.end());

interface Summary {
  readonly until: {
    readonly ended_the_run: boolean;
    readonly measured_ns: number;
    readonly rules: readonly UntilStatus[];
  };
  readonly verdict: { readonly findings: readonly { readonly check: string }[] };
}

const LOAD = ['--rate', '200', '--request-timeout', '10s'];

async function runUntil(name: string, ...more: readonly string[]) {
  const url = await bench.mock('--ttft', 'lognormal:15,0.2', '--output-tokens', 'fixed:2');
  const run = await bench.start(bench.runArgs(url, 10, ...LOAD, ...more, '--out', bench.file(name))).finished;
  expect(WENT_THROUGH, run.stderr).toContain(run.code);
  const { outcome } = bench.json<{ readonly outcome: Readonly<Record<string, unknown>> }>(`${name}/run.json`);
  expect(outcome.state).toBe('complete');
  const summary = bench.json<Summary>(`${name}/performance/result_summary.json`);
  expect(summary.verdict.findings.map(({ check }) => check)).not.toContain('stopped_early');
  const text = (report: string) => report.replaceAll(/\s+/g, ' ');
  return {
    ...{ run, outcome, summary },
    report: text(readFileSync(bench.file(`${name}/report.txt`), 'utf8')),
    rebuilt: async () => text((await bench.start(['report', '--full', bench.file(name)]).finished).stdout),
  };
}

it('ends once every figure is known well enough, and not before the shortest time', async () => {
  const rules = ['--until', 'ttft p50 +-10%', '--until', 'latency p90 ±20%'];
  const told = await runUntil(
    'tight',
    ...rules,
    '--min-duration',
    '2s',
    '--max-duration',
    '60s',
    '--report-html',
    'on',
  );
  const { until } = told.summary;
  expect(until.ended_the_run).toBe(true);
  expect(until.measured_ns).toBeGreaterThanOrEqual(2e9);
  expect(until.measured_ns).toBeLessThan(30e9);
  expect(until.rules.map(({ rule }) => rule)).toEqual(['ttft p50 ±10 %', 'latency p90 ±20 %']);
  for (const { value, low, high, is_tight: isTight, rule } of until.rules) {
    expect(isTight, rule).toBe(true);
    expect(low!).toBeLessThan(value!);
    expect(value!).toBeLessThan(high!);
  }
  const [median] = until.rules;
  expect(median!.of).toBeGreaterThan(100);
  expect(told.outcome.end_reason).toMatch(/^enough is known after .*ttft p50 ±10 %: .* of [\d,]+ values\)/);
  const line =
    /Until: ended the run after [\d.]+ s, as enough was known: ttft p50 ±10 %: .* \(95 % interval: .* to .*, of [\d,]+ values\); latency p90/;
  expect(told.report).toMatch(line);
  expect(await told.rebuilt()).toMatch(line);
  expect(readFileSync(bench.file('tight/report.html'), 'utf8')).toContain('as enough was known');
});

it('ends at the longest time with what is known by then', async () => {
  const told = await runUntil(
    'loose',
    '--until',
    'ttft p99 ±0.1%',
    '--min-duration',
    '1s',
    '--max-duration',
    '2s',
  );
  expect(told.summary.until.ended_the_run).toBe(false);
  expect(told.summary.until.rules[0]).toMatchObject({ rule: 'ttft p99 ±0.1 %', is_tight: false });
  expect(told.report).toMatch(
    /Until: not enough was known when the run ended after [\d.]+ s: ttft p99 ±0.1 %:/,
  );
  expect(await told.rebuilt()).toMatch(/Until: not enough was known when the run ended/);
});

it.each([
  [['--until', 'ttft p99 3%'], /--until: .*expected ± \(or \+-\) and a share such as 3%/],
  [['--min-duration', '5s'], /--min-duration needs --until/],
  [['--until', 'ttft p99 ±3%', '--duration', '9s'], /with --until, set --max-duration/],
  [
    ['--until', 'ttft p99 ±3%', '--max-duration', '9s'],
    /--min-duration must not be longer than --max-duration \(got 10.0 s and 9.00 s\)/,
  ],
  [['--until', 'ttft p99 ±3%', '--publish-interval', '0ms'], /--publish-interval 0 turns off/],
])('refuses %j', async (flags, message) => {
  const run = await bench.start(bench.runArgs('http://127.0.0.1:9', 2, ...LOAD, ...flags)).finished;
  expect(run.code).toBe(2);
  expect(run.stderr.replaceAll(/\s+/g, ' ')).toMatch(message);
});
