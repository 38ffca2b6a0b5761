import type { ImportedRun, ImportedSample } from './result-format.ts';

const NS_PER_MS = 1_000_000;
const NS_PER_S = 1_000_000_000;
/** By their names in the file. */
const PERCENTILES = {
  p001: 0.1,
  p01: 1,
  p05: 5,
  p10: 10,
  p25: 25,
  p50: 50,
  p75: 75,
  p90: 90,
  p95: 95,
  p99: 99,
  p999: 99.9,
};
const KINDS = ['successful', 'incomplete', 'errored', 'total'] as const;

/** guidellm's `benchmarks.json` with one benchmark: its requests, and the statistics that follow from them. Times are seconds since 1970. */
export function guidellmBenchmarks(run: ImportedRun): string {
  const { samples, durationNs, model, startedAt, requestedRatePerSecond } = run;
  const startS = startedAt === '' ? 0 : Date.parse(startedAt) / 1000;
  const endS = startS + durationNs / NS_PER_S;
  const of = {
    successful: samples.filter(({ error }) => error === undefined),
    incomplete: [],
    errored: samples.filter(({ error }) => error !== undefined),
    total: samples,
  };
  const metric = (valueOf: (sample: ImportedSample) => number | undefined) =>
    Object.fromEntries(
      KINDS.map((kind) => [kind, distribution(of[kind].flatMap((sample) => valueOf(sample) ?? []))]),
    );
  const rate = (amounts: (sample: ImportedSample) => number) =>
    Object.fromEntries(
      KINDS.map((kind) => {
        const total = of[kind].reduce((sum: number, sample) => sum + amounts(sample), 0);
        return [kind, distribution(durationNs === 0 ? [] : [total / (durationNs / NS_PER_S)])];
      }),
    );
  const document = {
    config: {
      spec: {
        backend: { kind: 'openai_http', ...(model === undefined ? {} : { model }) },
        ...(requestedRatePerSecond === undefined
          ? {}
          : { profile: { kind: 'poisson', rate: [requestedRatePerSecond] } }),
      },
      metadata: { labels: {} },
      benchmarks: [null],
    },
    benchmarks: [
      {
        config: { run_id: 'inferometer', run_index: 0 },
        scheduler_metrics: {
          ...{ start_time: startS, request_start_time: startS, measure_start_time: startS },
          ...{ measure_end_time: endS, request_end_time: endS, end_time: endS },
        },
        metrics: {
          request_totals: Object.fromEntries(KINDS.map((kind) => [kind, of[kind].length])),
          requests_per_second: rate(() => 1),
          request_latency: metric(({ sentNs, endNs }) => (endNs - sentNs) / NS_PER_S),
          prompt_token_count: metric(({ promptTokens }) => promptTokens),
          output_token_count: metric(({ outputTokens }) => outputTokens),
          time_to_first_token_ms: metric(({ chunksNs, sentNs }) => spanMs(sentNs, chunksNs[0])),
          // Of all tokens, the first included, as guidellm has it.
          time_per_output_token_ms: metric(({ sentNs, endNs, outputTokens }) =>
            outputTokens === undefined || outputTokens === 0
              ? undefined
              : (endNs - sentNs) / NS_PER_MS / outputTokens,
          ),
          inter_token_latency_ms: metric(interTokenMs),
          output_tokens_per_second: rate(({ outputTokens = 0 }) => outputTokens),
        },
        requests: {
          successful: of.successful.map((sample) => request(sample, samples.indexOf(sample), startS)),
          incomplete: [],
          errored: of.errored.map((sample) => request(sample, samples.indexOf(sample), startS)),
        },
      },
    ],
  };
  return `${JSON.stringify(document)}\n`;
}

function request(sample: ImportedSample, at: number, startS: number) {
  const { sentNs, endNs, chunksNs, error, text, promptTokens, outputTokens } = sample;
  const id = String(at);
  const second = (ns: number | undefined) => (ns === undefined ? null : startS + ns / NS_PER_S);
  return {
    ...{ type_: 'generative_request_stats', request_id: id, response_id: null, request_args: null },
    output: text ?? null,
    info: {
      ...{ request_id: id, status: error === undefined ? 'completed' : 'errored' },
      error: error === undefined ? null : errorText(error),
      timings: {
        request_start: second(sentNs),
        first_request_iteration: second(chunksNs[0]),
        first_token_iteration: second(chunksNs[0]),
        last_token_iteration: second(chunksNs.at(-1)),
        last_request_iteration: second(chunksNs.at(-1)),
        ...{ request_iterations: chunksNs.length, token_iterations: chunksNs.length },
        request_end: second(endNs),
      },
    },
    input_metrics: { text_tokens: promptTokens ?? null },
    output_metrics: { text_tokens: outputTokens ?? null },
  };
}

/** guidellm has a status in front where there is one. */
function errorText({ type, message }: NonNullable<ImportedSample['error']>): string {
  return type.startsWith('http_') ? `${type.slice('http_'.length)} ${message}` : `${type}: ${message}`;
}

function spanMs(fromNs: number, toNs: number | undefined): number | undefined {
  return toNs === undefined ? undefined : (toNs - fromNs) / NS_PER_MS;
}

function interTokenMs({ chunksNs, outputTokens = 0 }: ImportedSample): number | undefined {
  const [first, last] = [chunksNs[0], chunksNs.at(-1)];
  if (first === undefined || last === undefined || outputTokens < 2) return undefined;
  return (last - first) / NS_PER_MS / (outputTokens - 1);
}

function distribution(values: readonly number[]) {
  const sorted = values.toSorted((a, b) => a - b);
  const total = sorted.reduce((sum, value) => sum + value, 0);
  const mean = sorted.length === 0 ? 0 : total / sorted.length;
  const variance =
    sorted.length === 0 ? 0 : sorted.reduce((sum, value) => sum + (value - mean) ** 2, 0) / sorted.length;
  const at = (percent: number) => sorted[Math.max(0, Math.ceil((percent / 100) * sorted.length) - 1)] ?? 0;
  return {
    ...{ mean, median: at(50), variance, std_dev: Math.sqrt(variance) },
    ...{ min: sorted[0] ?? 0, max: sorted.at(-1) ?? 0, count: sorted.length, total_sum: total },
    percentiles: Object.fromEntries(
      Object.entries(PERCENTILES).map(([name, percent]) => [name, at(percent)]),
    ),
  };
}
