import { readFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodeRunHeader } from '../../src/app/run-folder/run-header.ts';
import { EventKind } from '../../src/core/event-types.ts';
import type { SampleSeq } from '../../src/core/ids.ts';
import { RandomSource } from '../../src/core/random.ts';
import type { Nanoseconds } from '../../src/core/time.ts';
import { FrameKind } from '../../src/transport/frame.ts';
import { RecordedRun } from '../app/recorded-run.ts';
import { WENT_THROUGH, Workbench } from './program.ts';

let bench: Workbench;
let recorded: RecordedRun[];
beforeEach(() => {
  [bench, recorded] = [new Workbench(), []];
});
afterEach(async () => {
  await Promise.all(recorded.map((run) => run.remove()));
  await bench.end();
});

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
    ...['--samples', '120', '--events-jsonl', 'off', '--out', bench.file(name), ...flags],
  ]);
  const finished = await run.finished;
  expect(WENT_THROUGH, finished.stderr).toContain(finished.code);
  return bench.file(name);
}

/** Where there is a run of 400 samples whose times no machine had a part in. */
async function record(seed: number, ttftMs: number, samplesPerSecond = 40): Promise<string> {
  const run = new RecordedRun();
  recorded.push(run);
  const config = { load: { rate_per_second: samplesPerSecond } };
  run.writer.append(FrameKind.runHeader, encodeRunHeader({ ...run.header, config }));
  run.start();
  const random = new RandomSource(seed);
  const jitter = () => 0.98 + 0.04 * random.uniform();
  const records = Array.from({ length: 400 }, (_, i) => {
    const sampleSeq = i as SampleSeq;
    const issuedNs = 1e6 + (i * 1e9) / samplesPerSecond;
    const firstNs = issuedNs + ttftMs * 1e6 * jitter();
    const secondNs = firstNs + 2e6 * jitter();
    const event = (kind: EventKind, atNs: number, ...extras: number[]) => ({
      ...{ kind, sampleSeq, timestampNs: Math.round(atNs) as Nanoseconds, extras },
    });
    return [
      event(EventKind.sampleIssued, issuedNs, issuedNs, 0),
      event(EventKind.sampleRecvFirst, firstNs),
      event(EventKind.sampleRecvNonFirst, secondNs),
      { ...event(EventKind.sampleComplete, secondNs), finishReason: 'stop' },
    ];
  }).flat();
  const inOrder = records.sort((a, b) => a.timestampNs - b.timestampNs);
  run.writeTimed(inOrder);
  const timestampNs = (inOrder.at(-1)!.timestampNs + 1000) as Nanoseconds;
  run.writeTimed([
    { kind: EventKind.sessionStopTracking, timestampNs },
    { kind: EventKind.sessionEnded, timestampNs },
  ]);
  await run.writer.close();
  return run.path;
}

describe('inferometer compare', () => {
  it('gates on what is worse, and lets pass what is the same, better or another load', async () => {
    const [before, again, slow, lighter] = await Promise.all([
      record(1, 20),
      record(2, 20),
      record(3, 30),
      record(4, 20, 20),
    ]);
    const compared = async (...args: string[]) => {
      const { code, stdout, stderr } = await bench.start(['compare', ...args, '--format', 'json']).finished;
      expect(stderr).not.toContain('error');
      const [comparison] = (JSON.parse(stdout) as { comparisons: Comparison[] }).comparisons;
      return { code, ...comparison! };
    };
    expect(await compared(before, slow)).toMatchObject({
      ...{ code: 6, judgement: 'worse', metrics: { 'ttft_ns.p50': { judgement: 'worse' } } },
    });
    const better = await compared(slow, before);
    expect(better).toMatchObject({ code: 0, metrics: { 'ttft_ns.p50': { judgement: 'better' } } });
    const told = await bench.start(['compare', slow, before]).finished;
    expect(told.stdout).toMatch(/TTFT p50 .*% {2}better/);
    const itself = await bench.start(['compare', before, before]).finished;
    expect(itself.code).toBe(0);
    expect(itself.stdout).toContain('Settings and environment: the same.');
    expect(await compared(before, again)).toMatchObject({ code: 0, judgement: 'equivalent', settings: [] });
    expect(await compared(before, again, '--strict')).toMatchObject({ code: 0 });
    expect(await compared(before, again, '--strict', '--margin', '0%')).toMatchObject({ code: 6 });

    // Half the load has half the throughput; that says nothing of the server.
    const { code, metrics, settings } = await compared(before, lighter);
    expect([code, settings.map(({ path }) => path)]).toEqual([0, ['config.load.rate_per_second']]);
    const { samples_per_second: rate } = metrics;
    expect([rate!.baseline, rate!.value].map(Math.round)).toEqual([40, 20]);
    expect(rate!.judgement).toBe('as_asked');

    const out = bench.file('comparison.html');
    const page = await bench.start(['compare', before, slow, '--format', 'html', '--out', out]).finished;
    expect(page.code, page.stderr).toBe(6);
    const html = readFileSync(out, 'utf8');
    expect(html).toContain('<strong>worse</strong>');
    expect(html).not.toMatch(/(?:src|href)="(?:https?:)?\/\//);
  });

  it('compares real runs by the numbers of their reports, and ends as its judgements say', async () => {
    const before = await measure('before', 10);
    const slow = await measure('slow', 40, '--seed', '7');
    const compared = await bench.start(['compare', before, slow, '--format', 'json']).finished;
    const [comparison] = (JSON.parse(compared.stdout) as { comparisons: Comparison[] }).comparisons;
    expect(comparison!.run.samples).toBe(120);
    expect(comparison!.settings.map(({ path }) => path)).toEqual(['config.endpoints', 'config.seed']);
    const summary = bench.json<{ ttft: { quantiles: Record<string, { readonly value: number }> } }>(
      'slow/performance/result_summary.json',
    );
    expect(comparison!.metrics['ttft_ns.p50']!.value).toBe(summary.ttft.quantiles['50.0']!.value);
    // What the machine did to two runs is in them, too: which of the two it is, is asked of runs without a machine above.
    const isWorse = Object.values(comparison!.metrics).some(({ judgement }) => judgement === 'worse');
    expect([compared.code, comparison!.judgement === 'worse']).toEqual([isWorse ? 6 : 0, isWorse]);

    const out = bench.file('comparison.html');
    const page = await bench.start(['compare', before, slow, '--format', 'html', '--out', out]).finished;
    expect(page.code, page.stderr).toBe(compared.code);
    expect(readFileSync(out, 'utf8')).toContain('<h2>Over time</h2>');

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

    const repeats = await bench.start(['compare', bench.file('repeats'), bench.file('slow-repeats')])
      .finished;
    expect([0, 6]).toContain(repeats.code);
    const said = repeats.stdout;
    expect(said.indexOf('config.endpoints')).toBeGreaterThan(0);
    expect(said.indexOf('config.endpoints')).toBeLessThan(said.indexOf('All runs (2 runs and 2 runs)'));
    expect(said).toMatch(/TTFT p50 +\S+ ms +\S+ ms +\S+ % +\S+ … \S+ %/);
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
