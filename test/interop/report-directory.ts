import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

// A report directory as MLCommons endpoints leaves it, made from the description of its files, with none of our code.

const SECOND_NS = 1_000_000_000n;
const MS_NS = 1_000_000n;
/** Beyond what a number holds, as after some uptime. */
const ORIGIN_NS = 2n ** 53n + 12_345n;

export interface ReportDirectoryOptions {
  readonly samples: number;
  /** ms added to each answer. */
  readonly extraLatencyMs?: number;
  readonly parts?: readonly ('events' | 'snapshot' | 'summary' | 'config')[];
  /** Whether the session's end is there. */
  readonly ends?: boolean;
}

const ALL_PARTS = ['events', 'snapshot', 'summary', 'config'] as const;

export class TheirDirectory {
  readonly path: string;
  readonly #home = mkdtempSync(join(tmpdir(), 'their-reports-'));

  constructor(options: ReportDirectoryOptions, name = 'theirs') {
    this.path = join(this.#home, name);
    writeReportDirectory(this.path, options);
  }

  /** The folder it is in. */
  get home(): string {
    return this.#home;
  }

  file(name: string): string {
    return join(this.path, name);
  }

  write(name: string, content: string | Buffer): void {
    mkdirSync(dirname(this.file(name)), { recursive: true });
    writeFileSync(this.file(name), content);
  }

  remove(): void {
    rmSync(this.#home, { recursive: true, force: true });
  }
}

export function writeReportDirectory(path: string, options: ReportDirectoryOptions): void {
  const { parts = ALL_PARTS } = options;
  const put = (name: string, content: string) => {
    mkdirSync(dirname(join(path, name)), { recursive: true });
    writeFileSync(join(path, name), content);
  };
  mkdirSync(path, { recursive: true });
  put('report.txt', '----------------- Summary -----------------\n');
  put('sample_idx_map.json', '{"performance":{}}');
  if (parts.includes('events')) put('events.jsonl', eventLines(options).join('\n') + '\n');
  if (parts.includes('snapshot'))
    put('metrics/final_snapshot.json', JSON.stringify(snapshotOf(options), null, 2));
  if (parts.includes('summary')) put('performance/result_summary.json', JSON.stringify(summaryOf(options)));
  if (parts.includes('config')) put('config.yaml', CONFIG);
}

const CONFIG = `type: online
name: online_benchmark
version: "1.0"
model_params:
  name: their-model
  max_new_tokens: 64
  streaming: 'on'
datasets:
- name: d
  type: performance
  path: d.jsonl
settings:
  runtime: {min_duration_ms: 0, max_duration_ms: 0, n_samples_to_issue: null, scheduler_random_seed: 42}
  load_pattern: {type: poisson, target_qps: 100.0, target_concurrency: null, use_legacy_loadgen_qps_metrics: false}
endpoint_config:
  endpoints: [http://127.0.0.1:8000]
  api_key: <redacted>
  api_type: openai
`;

const uuidOf = (sample: number) => sample.toString(16).padStart(32, 'e');
const latencyMs = (sample: number, extraMs: number) => 40 + ((sample * 7919) % 23) + extraMs;

/** One sample each 10 ms; each tenth fails. */
function eventLines({ samples, extraLatencyMs = 0, ends = true }: ReportDirectoryOptions): readonly string[] {
  const timed: { atNs: bigint; line: string }[] = [];
  const add = (type: string, atNs: bigint, uuid = '', data: unknown = null, rest = '') =>
    timed.push({
      atNs,
      line:
        `{"event_type":"${type}","timestamp_ns":${ORIGIN_NS + atNs},"sample_uuid":"${uuid}","conversation_id":"","turn":null,` +
        `"data":${JSON.stringify(data)}${rest}}`,
    });
  add('session.started', 0n);
  add('session.start_performance_tracking', 1n);
  for (let sample = 0; sample < samples; sample++) {
    const uuid = uuidOf(sample);
    const issuedNs = BigInt(sample) * 10n * MS_NS + 1000n;
    const doneNs = issuedNs + BigInt(latencyMs(sample, extraLatencyMs)) * MS_NS;
    add('sample.issued', issuedNs, uuid, [
      'PromptData',
      `prompt ${sample}`,
      null,
      null,
      null,
      null,
      null,
      null,
    ]);
    if (sample % 10 === 9) {
      add('error.client', doneNs, uuid, ['ErrorData', 'error', 'HTTP 503: busy']);
      add('sample.complete', doneNs, uuid, ['TextModelOutput', '', null, null], ',"worker_id":1');
      continue;
    }
    add('sample.recv_first', issuedNs + 20n * MS_NS, uuid);
    add('sample.recv_non_first', issuedNs + 30n * MS_NS, uuid);
    const output = ['TextModelOutput', ['one', ' two three'], null, null];
    add('sample.complete', doneNs, uuid, output, ',"finish_reason":"stop","worker_id":1');
  }
  timed.sort((a, b) => Number(a.atNs - b.atNs));
  const endNs = timed.at(-1)!.atNs + SECOND_NS;
  add('session.stop_performance_tracking', endNs);
  if (ends) add('session.ended', endNs + 1n);
  return timed.map(({ line }) => line);
}

function snapshotOf({ samples, extraLatencyMs = 0 }: ReportDirectoryOptions) {
  const all = Array.from({ length: samples }, (_, sample) => sample);
  const failed = all.filter((sample) => sample % 10 === 9).length;
  const counters: Readonly<Record<string, number>> = {
    ...{ total_samples_issued: samples, total_samples_completed: samples, total_samples_failed: failed },
    ...{
      tracked_samples_issued: samples,
      tracked_samples_completed: samples,
      tracked_samples_failed: failed,
    },
    tracked_finish_reason_stop: samples - failed,
    tracked_duration_ns: samples * 10_000_000,
    legacy_loadgen_window_duration_ns: samples * 10_000_000,
    total_duration_ns: samples * 10_000_000,
  };
  const latencies = all.map((sample) => latencyMs(sample, extraLatencyMs) * 1_000_000);
  const answered = samples - failed;
  return {
    ...{ counter: 9, timestamp_ns: 123, state: 'complete', n_pending_tasks: 0 },
    metrics: [
      ...Object.entries(counters).map(([name, value]) => ({ type: 'counter', name, value })),
      seriesOf('sample_latency_ns', latencies),
      seriesOf(
        'isl',
        Array.from({ length: samples }, () => 2),
      ),
      seriesOf(
        'osl',
        Array.from({ length: answered }, () => 3),
      ),
      seriesOf(
        'ttft_ns',
        Array.from({ length: answered }, () => 20_000_000),
      ),
      seriesOf(
        'chunk_delta_ns',
        Array.from({ length: answered }, () => 10_000_000),
      ),
      seriesOf(
        'tpot_ns',
        Array.from({ length: answered }, (_, i) => 10_000_000.5 + i),
      ),
    ],
  };
}

function seriesOf(name: string, values: readonly number[]) {
  const sorted = values.toSorted((a, b) => a - b);
  const at = (percentile: number) => sorted[Math.floor((sorted.length - 1) * (percentile / 100))] ?? 0;
  return {
    ...{ type: 'series', name, count: values.length, total: values.reduce((sum, value) => sum + value, 0) },
    ...{
      min: sorted[0] ?? 0,
      max: sorted.at(-1) ?? 0,
      sum_sq: values.reduce((sum, value) => sum + value * value, 0),
    },
    percentiles: Object.fromEntries(
      [99.9, 99, 97, 95, 90, 80, 75, 50, 25, 10, 5, 1].map((p) => [
        Number.isInteger(p) ? `${p}.0` : String(p),
        at(p),
      ]),
    ),
    histogram: [[[sorted[0] ?? 1, sorted.at(-1) ?? 1], values.length]],
  };
}

function summaryOf({ samples }: ReportDirectoryOptions) {
  return {
    ...{ version: '0.9.0', git_sha: null, test_started_at: 0, n_samples_issued: samples },
    ...{
      n_samples_completed: samples,
      n_samples_failed: Math.floor(samples / 10),
      duration_ns: samples * 10_000_000,
    },
    ...{
      state: 'complete',
      complete: true,
      ttft: { percentiles: { '50.0': 20_000_000, '99.0': 20_000_000 } },
    },
    ...{ latency: { percentiles: { '99.0': 62_000_000 } }, qps: 100, tps: 270 },
  };
}
