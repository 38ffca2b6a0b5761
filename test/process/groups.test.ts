import { readFileSync } from 'node:fs';
import { afterAll, expect, it } from 'vitest';
import { WENT_THROUGH, Workbench } from './program.ts';

const bench = new Workbench();
afterAll(() => bench.end());

/** What tests read of a series in result_summary.json. */
interface SeriesFile {
  readonly count: number;
  readonly quantiles: Readonly<Record<string, { readonly value: number }>>;
}

interface SummaryFile {
  readonly groups?: readonly {
    readonly dimension: string;
    readonly groups: readonly {
      readonly name: string;
      readonly issued: number;
      readonly succeeded: number;
      readonly errored: number;
      readonly errors_by_type: Readonly<Record<string, number>>;
      readonly output_tokens: number;
      readonly ttft: SeriesFile;
      readonly latency: SeriesFile;
    }[];
  }[];
}

const summary = (run = 'run') => bench.json<SummaryFile>(`${run}/performance/result_summary.json`);

it('has figures for each endpoint, which agree with the logs of the servers', async () => {
  const [fast, slow] = await Promise.all([
    bench.mock('--ttft', 'fixed:5', '--output-tokens', 'fixed:4', '--inter-token', 'fixed:1'),
    bench.mock(
      ...['--ttft', 'fixed:60', '--output-tokens', 'fixed:9', '--inter-token', 'fixed:1'],
      ...['--fail', 'status:503=0.3'],
    ),
  ]);
  const more = [
    '--endpoint',
    slow,
    '--samples',
    '61',
    '--concurrency',
    '4',
    '--streaming',
    'on',
    '--report-html',
    'on',
  ];
  const { code, stderr, stdout } = await bench.start(bench.runArgs(fast, 10, ...more)).finished;
  expect(WENT_THROUGH, stderr).toContain(code);
  const [dimension, ...others] = summary().groups!;
  expect([dimension!.dimension, others]).toEqual(['endpoint', []]);
  const text = readFileSync(bench.file('run/report.txt'), 'utf8');
  const page = readFileSync(bench.file('run/report.html'), 'utf8');
  expect(page).toContain('By endpoint');
  const samples = await bench.samples();
  for (const [position, url] of [fast, slow].entries()) {
    const group = dimension!.groups[position]!;
    const seen = await bench.truth(url);
    const failures = seen.filter(({ outcome }) => outcome !== 'ok').length;
    expect(group).toMatchObject({
      name: url,
      issued: seen.length,
      errored: failures,
      succeeded: seen.length - failures,
      errors_by_type: failures === 0 ? {} : { http_503: failures },
      output_tokens: (seen.length - failures) * [4, 9][position]!,
    });
    expect(group.ttft.count).toBe(seen.length - failures);
    expect(group.latency.count).toBe(seen.length - failures);
    expect(text).toContain(`\n  ${url}\n    ${seen.length} issued = `);
    expect(stdout + stderr).toContain(`  ${url}\n`);
    expect(page).toContain(url);
    expect(samples.filter(({ endpoint }) => endpoint === url)).toHaveLength(seen.length);
  }
  const medians = dimension!.groups.map(({ ttft }) => ttft.quantiles['50.0']!.value);
  expect(medians[1]! - medians[0]!).toBeGreaterThan(40e6);
  expect(dimension!.groups[1]!.errored).toBeGreaterThan(0);
});

it('has no groups, and no columns for them, with one endpoint', async () => {
  const url = await bench.mock('--ttft', 'fixed:1', '--output-tokens', 'fixed:2');
  const args = bench.runArgs(url, 10, '--samples', '10', '--concurrency', '2');
  args[args.indexOf(bench.file('run'))] = bench.file('one');
  const { code, stderr } = await bench.start([
    'run',
    ...args.slice(1).map((arg) => arg.replace(/run$/, 'one')),
  ]).finished;
  expect(WENT_THROUGH, stderr).toContain(code);
  expect(bench.json<SummaryFile>('one/performance/result_summary.json')).not.toHaveProperty('groups');
  const [sample] = await bench.samples('one');
  expect(Object.keys(sample!)).not.toContain('endpoint');
});

it.each([
  ['round-robin', 30],
  ['least-in-flight', undefined],
])('spreads requests %s', async (balance, each) => {
  const servers = await Promise.all([
    bench.mock('--ttft', 'fixed:2', '--output-tokens', 'fixed:2', '--inter-token', 'fixed:1'),
    bench.mock('--ttft', 'fixed:150', '--output-tokens', 'fixed:2', '--inter-token', 'fixed:1'),
  ]);
  const more = ['--endpoint', servers[1], '--samples', '60', '--concurrency', '4', '--workers', '1'];
  const args = bench.runArgs(servers[0], 10, ...more, '--balance', balance);
  args[args.indexOf(bench.file('run'))] = bench.file(balance);
  const { code, stderr } = await bench.start(args).finished;
  expect(WENT_THROUGH, stderr).toContain(code);
  const seen = await Promise.all(servers.map((url) => bench.truth(url)));
  const counts = seen.map(({ length }) => length);
  const [dimension] = summary(balance).groups!;
  expect(dimension!.groups.map(({ issued }) => issued)).toEqual(counts);
  if (each !== undefined) expect(counts).toEqual([each, each]);
  else {
    expect(counts[0]! + counts[1]!).toBe(60);
    expect(counts[1]).toBeGreaterThan(0);
    expect(counts[1]).toBeLessThan(15);
  }
});
