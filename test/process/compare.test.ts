import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WENT_THROUGH, Workbench } from './program.ts';

let bench: Workbench;
beforeEach(() => {
  bench = new Workbench();
});
afterEach(() => bench.end());

interface Comparison {
  readonly judgement: string;
  readonly run: { readonly samples: number };
  readonly metrics: Record<string, { baseline: number; value: number; low: number; judgement: string }>;
  readonly settings: readonly { readonly path: string }[];
}

interface StudyPair {
  readonly cells: readonly { readonly cell: string }[];
  readonly only_in_baseline: readonly string[];
  readonly only_in_study: readonly string[];
}

async function measure(name: string, ttftMs: number, ...flags: string[]): Promise<string> {
  const url = await bench.mock(
    '--ttft',
    `lognormal:${ttftMs},0.2`,
    '--inter-token',
    'fixed:2',
    '--output-tokens',
    'fixed:4',
  );
  const run = bench.start([
    ...['run', '--endpoint', url, '--model', 'm', '--dataset', bench.dataset(20), '--concurrency', '4'],
    ...['--samples', '400', '--events-jsonl', 'off', '--out', bench.file(name), ...flags],
  ]);
  const finished = await run.finished;
  expect(WENT_THROUGH, finished.stderr).toContain(finished.code);
  return bench.file(name);
}

describe('inferometer compare', () => {
  it('tells a slower server from the same one, with the report’s own numbers, and gates on it', async () => {
    const before = await measure('before', 10);
    const slow = await measure('slow', 40, '--seed', '7');

    const worse = await bench.start(['compare', before, slow, '--format', 'json']).finished;
    expect(worse.code, worse.stderr).toBe(6);
    const [comparison] = (JSON.parse(worse.stdout) as { comparisons: Comparison[] }).comparisons;
    expect(comparison!.judgement).toBe('worse');
    expect(comparison!.run.samples).toBe(400);
    expect(comparison!.settings.map(({ path }) => path)).toEqual(['config.endpoints', 'config.seed']);
    const ttft = comparison!.metrics['ttft_ns.p50']!;
    expect(ttft).toMatchObject({ judgement: 'worse' });
    const summary = bench.json<{ ttft: { quantiles: Record<string, { readonly value: number }> } }>(
      'slow/performance/result_summary.json',
    );
    expect(ttft.value).toBe(summary.ttft.quantiles['50.0']!.value);

    const better = await bench.start(['compare', slow, before]).finished;
    expect(better.code).toBe(0);
    expect(better.stdout).toMatch(/TTFT p50 .*% {2}better/);

    const page = await bench.start([
      'compare',
      before,
      slow,
      '--format',
      'html',
      '--out',
      bench.file('c.html'),
    ]).finished;
    expect(page.code, page.stderr).toBe(6);
    const html = readFileSync(bench.file('c.html'), 'utf8');
    expect(html).toContain('<strong>worse</strong>');
    expect(html).toContain('<h2>Over time</h2>');
    expect(html).not.toMatch(/(?:src|href)="(?:https?:)?\/\//);

    const itself = await bench.start(['compare', before, before, '--margin', '200%', '--strict']).finished;
    expect(itself.code, itself.stdout).toBe(0);
    expect(itself.stdout).toContain('Settings and environment: the same.');

    // Half the load has half the throughput; that says nothing of the server.
    const fewer = await measure('fewer', 10, '--concurrency', '2', '--samples', '200');
    const lighter = await bench.start(['compare', before, fewer, '--format', 'json']).finished;
    const [light] = (JSON.parse(lighter.stdout) as { comparisons: Comparison[] }).comparisons;
    const { samples_per_second: rate } = light!.metrics;
    expect(rate!.value).toBeLessThan(0.8 * rate!.baseline);
    expect(rate!.judgement).toBe('as_asked');

    const halves = await bench.start(['compare', before, '--halves']).finished;
    expect([0, 6]).toContain(halves.code);
    expect(halves.stdout).toContain('(second half)');
  });

  it('compares repeats and sweeps cell by cell, with the spread between runs, settings first', async () => {
    const url = await bench.mock('--ttft', 'fixed:5', '--output-tokens', 'fixed:2');
    const slow = await bench.mock('--ttft', 'fixed:60', '--output-tokens', 'fixed:2');
    const study = async (name: string, command: readonly string[], endpoint: string) => {
      const load = ['--endpoint', endpoint, '--model', 'm', '--dataset', bench.dataset(4), '--samples', '10'];
      const { code, stderr } = await bench.start([...command, ...load, '--out', bench.file(name)]).finished;
      expect(WENT_THROUGH, stderr).toContain(code);
    };
    await study('repeats', ['repeat', '2', '--concurrency', '2'], url);
    await study('slow-repeats', ['repeat', '2', '--concurrency', '2'], slow);
    await study('sweep', ['sweep', '--over', 'concurrency=1,2'], url);
    await study('other-sweep', ['sweep', '--over', 'concurrency=2,3'], url);

    // A few runs of a busy machine scatter by much: what is certain is asked with a margin that covers that.
    const repeats = await bench.start(['compare', bench.file('repeats'), bench.file('slow-repeats')])
      .finished;
    expect([0, 6]).toContain(repeats.code);
    const said = repeats.stdout;
    expect(said.indexOf('config.endpoints')).toBeGreaterThan(0);
    expect(said.indexOf('config.endpoints')).toBeLessThan(said.indexOf('All runs (2 runs and 2 runs)'));
    expect(said).toMatch(/TTFT p50 +\S+ ms +\S+ ms +\+\S+ % +\S+ … \S+ %/);
    expect(said).not.toContain('nothing was measured twice');

    const json = ['compare', bench.file('sweep'), bench.file('other-sweep'), '--format', 'json'];
    const [pair] = (JSON.parse((await bench.start(json).finished).stdout) as { comparisons: StudyPair[] })
      .comparisons;
    expect(pair!.cells.map(({ cell }) => cell)).toEqual(['concurrency 2']);
    expect([pair!.only_in_baseline, pair!.only_in_study]).toEqual([['concurrency 1'], ['concurrency 3']]);
    expect(pair).toMatchObject({ other_load: false, includes_spread_between_runs: false });

    for (const [args, why] of [
      [['sweep', 'repeats'], 'it varies nothing, and'],
      [['sweep', 'sweep/cells'], 'compare runs with runs, studies with studies'],
    ] as const) {
      const refused = await bench.start(['compare', ...args.map((name) => bench.file(name))]).finished;
      expect(refused.code).toBe(2);
      expect(refused.stderr).toContain(why);
    }
  });

  it.each([
    [['compare', 'one'], 'compare needs two or more runs (or --halves) (got 1)'],
    [['compare', 'a', 'b'], 'a: no run here (run.log is missing)'],
    [['compare', 'a', 'b', '--margin', 'x'], '--margin must be a share from 0% to 1000%, such as 3%'],
    [['compare', 'a', 'b', '--confidence', '10%'], 'must be a share from 50% to 99.9%'],
    [['compare', 'a', 'b', '--format', 'pdf'], '--format must be one of text, json, html (got "pdf")'],
  ])('%j is refused with what is allowed', async (args, message) => {
    const finished = await bench.start(args).finished;
    expect(finished.code).toBe(2);
    expect(finished.stderr).toContain(message);
  });
});
