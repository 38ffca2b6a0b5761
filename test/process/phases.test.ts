import { writeFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WENT_THROUGH, Workbench } from './program.ts';

const bench = new Workbench();
let url = '';

interface PhaseFacts {
  readonly name: string;
  readonly issued: number;
  readonly succeeded: number;
  readonly window_ns: number;
  readonly succeeded_per_second: number;
}
interface Summary {
  readonly n_samples_issued: number;
  readonly groups: readonly { readonly dimension: string; readonly groups: readonly PhaseFacts[] }[];
}

beforeAll(async () => {
  url = await bench.mock('--ttft', 'fixed:2', '--output-tokens', 'fixed:2');
});
afterAll(() => bench.end());

function prompts(name: string, first: number, count: number): string {
  const path = bench.file(name);
  const rows = Array.from({ length: count }, (_, i) => JSON.stringify({ prompt: `#${first + i} hello` }));
  writeFileSync(path, rows.join('\n'));
  return path;
}

describe('a run of several phases', () => {
  const said: string[] = [];
  beforeAll(async () => {
    prompts('warm.jsonl', 0, 5);
    prompts('base.jsonl', 100, 30);
    prompts('peak.jsonl', 200, 7);
    writeFileSync(
      bench.file('run.yaml'),
      [
        `endpoints: [${url}]`,
        'model: m',
        `dataset: ${bench.file('base.jsonl')}`,
        'phases:',
        `  - {name: warm, measure: false, dataset: ${bench.file('warm.jsonl')}, load: {concurrency: 2}}`,
        '  - {name: base, load: {pattern: constant, rate_per_second: 100}, stop: {samples: 60}}',
        `  - {name: peak, dataset: ${bench.file('peak.jsonl')}, load: {concurrency: 3}, stop: {samples: 70}}`,
        '  - {name: cool-down, measure: false, load: {concurrency: 1}, stop: {samples: 4}}',
      ].join('\n'),
    );
    const { code, stdout, stderr } = await bench.start([
      ...['run', '--config', bench.file('run.yaml'), '--out', bench.file('run'), '--workers', '2'],
    ]).finished;
    expect(WENT_THROUGH, stderr).toContain(code);
    said.push(stdout, stderr);
  });

  it('sends the prompts of each, and measures those that are measured', async () => {
    const truth = (await bench.truth(url)).map(({ prompt_number: row }) => Number(row));
    const sent = (from: number, to: number) => truth.filter((row) => row >= from && row < to);
    expect(sent(0, 100)).toHaveLength(5);
    // Two passes of 30 rows, and four for the end.
    expect(sent(100, 200)).toHaveLength(64);
    // Ten passes of 7.
    const passes = Map.groupBy(sent(200, 300), (row) => row);
    expect([...passes.values()].map((rows) => rows.length)).toEqual(Array(7).fill(10));
    const summary = bench.json<Summary>('run/performance/result_summary.json');
    expect(summary.n_samples_issued).toBe(130);
  });

  it('reports each measured phase over its own window', () => {
    const { groups } = bench.json<Summary>('run/performance/result_summary.json');
    expect(groups.map(({ dimension }) => dimension)).toEqual(['phase']);
    const [base, peak, ...others] = groups[0]!.groups;
    expect(others).toEqual([]);
    expect(base).toMatchObject({ name: 'base', issued: 60, succeeded: 60 });
    expect(peak).toMatchObject({ name: 'peak', issued: 70, succeeded: 70 });
    // No more than were sent can have come back in its window.
    for (const { issued, window_ns: ns, succeeded_per_second: rate } of [base!, peak!]) {
      expect(rate).toBeGreaterThan(0);
      expect(rate * (ns / 1e9)).toBeLessThanOrEqual(issued + 1e-6);
    }
    const [stdout, stderr] = said;
    expect(stdout).toMatch(/By phase:\n {2}base\n {4}60 issued = 60 succeeded; .* requests\/s over /);
    expect(stderr).toMatch(
      /warm, not measured\n[^]*measuring \(base\)\n[^]*measuring \(peak\)\n[^]*cool-down, not measured/,
    );
  });

  it('tells the phase of each sample, and comes back from its log and from its config.yaml', async () => {
    const samples = await bench.samples();
    const counts = Map.groupBy(samples, ({ phase, measured }) => `${measured} ${phase}`);
    expect(Object.fromEntries([...counts].map(([name, { length }]) => [name, length]))).toEqual({
      'false ': 9,
      'true base': 60,
      'true peak': 70,
    });
    const { code, stdout } = await bench.start(['report', '--full', bench.file('run')]).finished;
    expect([code, stdout]).toEqual([expect.anything(), expect.stringContaining('By phase:')]);
    const again = await bench.start([
      ...['run', '--config', bench.file('run/config.yaml'), '--out', bench.file('again'), '--endpoint', url],
    ]).finished;
    expect(WENT_THROUGH, again.stderr).toContain(again.code);
    const { groups } = bench.json<Summary>('again/performance/result_summary.json');
    expect(groups[0]!.groups.map(({ name, issued }) => [name, issued])).toEqual([
      ['base', 60],
      ['peak', 70],
    ]);
  });
});

it('phases of conversations send those of their own datasets', async () => {
  const talks = (name: string, first: number, count: number, turns: number) => {
    const path = bench.file(name);
    const rows = Array.from({ length: count }, (_, i) => ({
      conversations: Array.from({ length: 2 * turns }, (__, turn) => ({
        from: turn % 2 === 0 ? 'human' : 'gpt',
        value: `#${first + i * turns + turn / 2} hi`,
      })),
    }));
    writeFileSync(path, JSON.stringify(rows));
    return path;
  };
  const mock = await bench.mock('--ttft', 'fixed:1', '--output-tokens', 'fixed:1');
  const file = bench.file('talks.yaml');
  writeFileSync(
    file,
    [
      `endpoints: [${mock}]`,
      'model: m',
      'conversations: {multi_turn: true}',
      'load: {concurrency: 3}',
      'phases:',
      `  - {name: two, dataset: ${talks('two.json', 1000, 6, 2)}}`,
      `  - {name: three, dataset: ${talks('three.json', 2000, 5, 3)}, stop: {conversations: 10}}`,
    ].join('\n'),
  );
  const { code, stderr } = await bench.start(['run', '--config', file, '--out', bench.file('talks')])
    .finished;
  expect(WENT_THROUGH, stderr).toContain(code);
  const { groups } = bench.json<Summary>('talks/performance/result_summary.json');
  expect(groups[0]!.groups.map(({ name, issued, succeeded }) => [name, issued, succeeded])).toEqual([
    ['two', 12, 12],
    ['three', 30, 30],
  ]);
  expect(await bench.truth(mock)).toHaveLength(42);
});
