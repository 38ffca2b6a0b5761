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

    const halves = await bench.start(['compare', before, '--halves']).finished;
    expect([0, 6]).toContain(halves.code);
    expect(halves.stdout).toContain('(second half)');
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
