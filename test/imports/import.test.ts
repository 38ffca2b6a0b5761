import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import protobuf from 'protobufjs';
import { afterAll, describe, expect, it } from 'vitest';
import { parse as parseYaml } from 'yaml';
import { exportResults } from '../../src/app/imports/export-results.ts';
import { importRun } from '../../src/app/imports/import-run.ts';
import { judgeRun } from '../../src/app/reports/judge-run.ts';
import { RunDirectory } from '../../src/app/run-folder/run-directory.ts';
import { createLog } from '../../src/core/log.ts';
import type { MetricsSnapshot } from '../../src/metrics/snapshot.ts';

const RESULTS = join(import.meta.dirname, 'results');
const folder = mkdtempSync(join(tmpdir(), 'imports-'));
afterAll(() => rmSync(folder, { recursive: true }));

const lines: string[] = [];
const log = createLog((line) => lines.push(line), 'warning');
let count = 0;

async function imported(path: string) {
  const out = join(folder, `run-${++count}`);
  const { notes, loadGenerator } = await importRun(path, out, log);
  const directory = RunDirectory.open(out);
  const { snapshot, header } = await judgeRun(directory, 'test', log);
  return { notes, loadGenerator, snapshot, header, directory };
}

const result = (name: string) => imported(join(RESULTS, name));

function changed(name: string, change: (text: string) => string): string {
  const path = join(folder, `changed-${++count}-${name}`);
  writeFileSync(path, change(readFileSync(join(RESULTS, name), 'utf8')));
  return path;
}

function series({ metrics }: MetricsSnapshot, name: string) {
  const found = metrics.find((metric) => metric.name === name);
  if (found?.type !== 'series') throw new Error(`no series ${name}`);
  const { count: values, total, min, max } = found;
  return { values, total: Number(total), min: Number(min), max: Number(max) };
}

function counter({ metrics }: MetricsSnapshot, name: string): number {
  const found = metrics.find((metric) => metric.name === name);
  return found?.type === 'counter' ? Number(found.value) : NaN;
}

interface GuidellmFile {
  readonly benchmarks: readonly {
    readonly metrics: Record<string, Record<string, Record<string, number>>>;
  }[];
}

const MS = 1_000_000;

describe('a result file becomes a run with the figures of the file', () => {
  it.each([
    ['vllm-bench-detailed.json', 'vLLM bench'],
    ['sglang-details.jsonl', 'SGLang bench_serving'],
    ['aiperf-profile_export.jsonl', 'aiperf'],
  ])('%s', async (name, tool) => {
    const { snapshot, header, loadGenerator } = await result(name);
    expect(loadGenerator).toBe(tool);
    expect(header.published_by).toMatchObject({ load_generator: tool });
    expect(header.published_by!.missing).toContain('client health');
    expect(counter(snapshot, 'tracked_samples_issued')).toBe(3);
    expect(counter(snapshot, 'tracked_samples_failed')).toBe(1);
    // Their means are 110 ms, (23.33 + 20) / 2 ms, and 22 ms of five gaps; 22 tokens in and 7 out.
    expect(series(snapshot, 'ttft_ns')).toEqual({ values: 2, total: 220 * MS, min: 100 * MS, max: 120 * MS });
    expect(series(snapshot, 'chunk_delta_ns')).toMatchObject({ values: 5, total: 110 * MS });
    expect(series(snapshot, 'tpot_ns').values).toBe(2);
    expect(series(snapshot, 'tpot_ns').max).toBeCloseTo((70 * MS) / 3, -1);
    expect(series(snapshot, 'isl')).toMatchObject({ values: 2, total: 22 });
    expect(series(snapshot, 'osl')).toMatchObject({ values: 2, total: 7 });
    expect(series(snapshot, 'sample_latency_ns').max).toBe(170 * MS);
  });

  it('guidellm: times from its clock, without chunks that it does not tell', async () => {
    const { snapshot, header } = await result('guidellm-benchmarks.json');
    expect(header.config).toEqual({ model: 'acme-7b' });
    expect(Date.parse(header.started_at)).toBe(1794820443001);
    expect(series(snapshot, 'ttft_ns')).toMatchObject({ values: 2, total: 200 * MS });
    expect(series(snapshot, 'chunk_delta_ns').values).toBe(0);
    expect(series(snapshot, 'sample_latency_ns').max).toBe(171 * MS);
    expect(counter(snapshot, 'tracked_samples_failed')).toBe(1);
    expect(header.published_by!.missing).toContain('when chunks came between the first and the last');
  });

  it('k6: latencies alone, a point at the end of its request', async () => {
    const { snapshot, header } = await result('k6-out.jsonl');
    expect(header.streaming).toBe(false);
    expect(series(snapshot, 'sample_latency_ns')).toMatchObject({
      values: 3,
      total: 380 * MS,
      max: 170 * MS,
    });
    expect(counter(snapshot, 'tracked_samples_failed')).toBe(1);
    expect(header.published_by!.missing.join()).toContain('TTFT');
  });
});

describe('figures without requests are told, and what to do', () => {
  it.each([
    ['vllm-bench.json', /succeeded 2, failed 1, .*TTFT p99 119.8 ms.*--save-detailed/],
    ['sglang.jsonl', /TTFT median 110 ms.*--output-details/],
    ['aiperf-profile_export_aiperf.json', /figures of aiperf .*failed 1.*profile_export\.jsonl/],
    ['genai-perf-profile_export_genai_perf.json', /figures of genai-perf/],
    ['inference-perf-summary_lifecycle_metrics.json', /TTFT median 0\.12 s/],
    ['inference-perf-stage_0_lifecycle_metrics.json', /succeeded 2, failed 1/],
    ['k6-summary-export.json', /requests 3, failed 1, .*--out json=FILE/],
    ['k6-handle-summary.json', /requests 3, failed 1, .*latency p95 170 ms/],
    ['oha.json', /figures of oha .*succeeded 2, failed 1/],
  ])('%s', async (name, message) => {
    await expect(result(name)).rejects.toThrow(message);
  });
});

describe('files that are not as they should be', () => {
  it.each<[string, string, (text: string) => string, RegExp]>([
    ['no JSON', 'oha.json', () => 'hello', /is no result file that is known: aiperf, /],
    ['other JSON', 'oha.json', () => '{"a": 1}', /is no result file that is known/],
    ['nothing', 'oha.json', () => '', /is no result file that is known/],
    [
      'a list that is cut',
      'vllm-bench-detailed.json',
      (text) => text.replace(/"start_times": \[[^\]]*\]/, '"start_times": [1]'),
      /looks like a result of vllm, but start_times\[1\] must be a number \(got nothing\)/,
    ],
    [
      'text for a number',
      'aiperf-profile_export.jsonl',
      (text) => text.replace('{"value": 100.0, "unit": "ms"}', '{"value": "x", "unit": "ms"}'),
      /result of aiperf, but line 1: time_to_first_token must be a number \(got "x"\)/,
    ],
    [
      'a time before the start',
      'sglang-details.jsonl',
      (text) => text.replace('"ttfts": [0.1', '"ttfts": [-0.1'),
      /ttfts\[0\] must be at least 0 \(got -0\.1\)/,
    ],
    [
      'a point without a time',
      'k6-out.jsonl',
      (text) => text.replace('2026-11-16T09:14:03.1+00:00', 'noon'),
      /point 1 of http_req_duration: time must be a date and time \(got "noon"\)/,
    ],
  ])('%s', async (_what, name, change, message) => {
    await expect(imported(changed(name, change))).rejects.toThrow(message);
  });

  it('a file that is not there, and a directory that is taken', async () => {
    await expect(imported(join(folder, 'no.json'))).rejects.toThrow(/no\.json: cannot be read: ENOENT/);
    writeFileSync(join(folder, `run-${count + 1}`), '');
    await expect(result('k6-out.jsonl')).rejects.toThrow(/already exists|cannot be created|ENOTDIR/);
  });

  it('of several runs the last is read, and warm-up is left out', async () => {
    const twice = changed(
      'sglang-details.jsonl',
      (text) => `${text.trim()}\n${text.replace(/0\.12/g, '0.14')}`,
    );
    const { notes, snapshot } = await imported(twice);
    expect(notes).toEqual(['The file has 2 runs; the last one was read.']);
    expect(series(snapshot, 'ttft_ns').max).toBe(140 * MS);
    const warm = changed('aiperf-profile_export.jsonl', (text) => text.replace('"profiling"', '"warmup"'));
    const one = await imported(warm);
    expect(one.notes).toEqual(['1 requests of warm-up were left out.']);
    expect(counter(one.snapshot, 'tracked_samples_issued')).toBe(2);
  });
});

describe('a run as a result file of another tool', () => {
  it.each(['vllm', 'aiperf'] as const)('%s: read again, it is the same run', async (tool) => {
    const before = await result('vllm-bench-detailed.json');
    const { path, samples } = await exportResults(before.directory.path, { as: tool, log });
    expect(samples).toBe(3);
    const after = await imported(path);
    for (const name of ['ttft_ns', 'chunk_delta_ns', 'tpot_ns', 'isl', 'osl'])
      expect([name, series(after.snapshot, name)]).toEqual([name, series(before.snapshot, name)]);
    expect(series(after.snapshot, 'sample_latency_ns').max).toBe(170 * MS);
    expect(counter(after.snapshot, 'tracked_samples_failed')).toBe(1);
  });

  it('guidellm: read again, it has the same figures, but for chunks that guidellm does not tell', async () => {
    const before = await result('guidellm-benchmarks.json');
    const { path, samples } = await exportResults(before.directory.path, { as: 'guidellm', log });
    expect(samples).toBe(3);
    const after = await imported(path);
    expect(after.loadGenerator).toBe('guidellm');
    expect(after.header.config).toEqual(before.header.config);
    for (const name of ['ttft_ns', 'chunk_delta_ns', 'isl', 'osl', 'sample_latency_ns'])
      expect([name, series(after.snapshot, name)]).toEqual([name, series(before.snapshot, name)]);
    expect(counter(after.snapshot, 'tracked_samples_failed')).toBe(1);
    const [theirs, ours] = [join(RESULTS, 'guidellm-benchmarks.json'), path].map(
      (file) => (JSON.parse(readFileSync(file, 'utf8')) as GuidellmFile).benchmarks[0]!.metrics,
    );
    expect(ours!.request_totals).toEqual(theirs!.request_totals);
    expect(ours!.time_to_first_token_ms!.successful!.mean).toBeCloseTo(100, 3);
    expect(ours!.prompt_token_count!.successful).toMatchObject({ count: 2, total_sum: 20 });
  });

  it('vllm: the figures are those that vLLM has', async () => {
    const before = await result('vllm-bench-detailed.json');
    const { path } = await exportResults(before.directory.path, { as: 'vllm', log });
    const [theirs, ours] = [join(RESULTS, 'vllm-bench-detailed.json'), path].map(
      (file) => JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>,
    );
    const same = [
      'completed',
      'failed',
      'total_input_tokens',
      'total_output_tokens',
      'ttfts',
      'latencies',
      'itls',
    ];
    for (const name of [...same, 'mean_ttft_ms', 'median_ttft_ms', 'std_ttft_ms', 'p99_ttft_ms', 'model_id'])
      expect([name, ours![name]]).toEqual([name, theirs![name]]);
    expect(ours!.mean_itl_ms).toBeCloseTo(22);
    expect(ours!.generated_texts).toEqual(theirs!.generated_texts);
  });

  it('aiperf: clock times are exact', async () => {
    const before = await result('guidellm-benchmarks.json');
    const { path } = await exportResults(before.directory.path, { as: 'aiperf', log });
    expect(readFileSync(path, 'utf8')).toContain('"request_start_ns":1794820443001000000,');
  });
});

describe('a report in a common format', () => {
  const exported = async (as: 'benchmark-report' | 'otlp' | 'junit', from = 'vllm-bench-detailed.json') => {
    const { directory } = await result(from);
    return readFileSync((await exportResults(directory.path, { as, log })).path, 'utf8');
  };

  it('benchmark-report: the statistics of the run, in seconds', async () => {
    const document = parseYaml(await exported('benchmark-report')) as Record<string, unknown>;
    expect(document).toMatchObject({
      version: '0.2',
      scenario: { load: { standardized: { tool: 'inferometer', source: 'sampled' } } },
      results: {
        request_performance: {
          aggregate: {
            requests: { total: 3, failures: 1, input_length: { units: 'count', mean: 11, min: 10, max: 12 } },
            latency: {
              time_to_first_token: { units: 's', mean: 0.11, min: 0.1, max: 0.12 },
              time_per_output_token: { units: 's/token' },
            },
          },
        },
      },
    });
    expect(document).toHaveProperty('scenario.load.standardized.input_seq_len', {
      distribution: 'other',
      value: 11,
    });
    // Fields that the format does not have are forbidden in it.
    expect(Object.keys(document)).toEqual(['version', 'run', 'scenario', 'results']);
  });

  it('benchmark-report: no length of inputs where their tokens were not counted', async () => {
    const document = parseYaml(await exported('benchmark-report', 'k6-out.jsonl')) as Record<string, unknown>;
    expect(document).toHaveProperty('results.request_performance.aggregate.requests.total');
    // The format takes no load without it.
    expect(Object.keys(document)).toEqual(['version', 'run', 'results']);
  });

  it('otlp: what a collector reads, the same as in protobuf', async () => {
    const json = JSON.parse(await exported('otlp', 'guidellm-benchmarks.json')) as Record<string, unknown>;
    const { root } = await protobuf.load(join(import.meta.dirname, '../web/otlp.proto'));
    const type = root.lookupType('otlp.Request');
    const message = type.fromObject(json);
    expect(type.verify(message)).toBeNull();
    // Nothing is lost on the way, so every name and type is one of theirs.
    expect(type.toObject(message, { longs: String, enums: Number })).toEqual(json);
    expect(JSON.stringify(json)).toContain('"name":"inferometer_ttft_seconds"');
  });

  it('junit: a suite, whose verdict is told', async () => {
    expect(await exported('junit')).toMatch(/<testsuite [^>]*tests="0"[^]*name="verdict" value="invalid"/);
  });
});
