import { guidellmBenchmarks } from './guidellm-export.ts';
import type { ImportedRun, ImportedSample } from './result-format.ts';

/** Writes a run as the result file of another tool. A new one is one entry of `RESULT_WRITERS`. */
export interface ResultWriter {
  readonly fileName: string;
  readonly write: (run: ImportedRun) => string;
}

const NS_PER_MS = 1_000_000;
const NS_PER_S = 1_000_000_000;

export const RESULT_WRITERS = {
  vllm: { fileName: 'vllm-result.json', write: vllmResult },
  guidellm: { fileName: 'benchmarks.json', write: guidellmBenchmarks },
  aiperf: { fileName: 'profile_export.jsonl', write: aiperfRecords },
} as const satisfies Readonly<Record<string, ResultWriter>>;
export type ResultWriterName = keyof typeof RESULT_WRITERS;

/** What `vllm bench serve --save-result --save-detailed` writes. A failed request has zeros. */
function vllmResult(run: ImportedRun): string {
  const { samples, durationNs, model = '' } = run;
  const fine = samples.filter(({ error }) => error === undefined);
  const durationS = durationNs / NS_PER_S;
  const sum = (values: readonly number[]) => values.reduce((total, value) => total + value, 0);
  const [input, output] = [
    sum(fine.map((one) => one.promptTokens ?? 0)),
    sum(fine.map((one) => one.outputTokens ?? 0)),
  ];
  const streamed = fine.filter(({ chunksNs }) => chunksNs.length > 0);
  const many = streamed.filter(({ outputTokens = 0 }) => outputTokens > 1);
  const perToken = many.map((one) => (one.endNs - one.chunksNs[0]!) / (one.outputTokens! - 1));
  const zero = (sample: ImportedSample, value: number) => (sample.error === undefined ? value : 0);
  return `${JSON.stringify({
    date: vllmDate(run.startedAt),
    ...{ endpoint_type: 'inferometer', backend: 'inferometer', label: null },
    ...{ model_id: model, tokenizer_id: model, num_prompts: samples.length },
    ...{ request_rate: run.requestedRatePerSecond ?? 'inf', burstiness: 1, max_concurrency: null },
    ...{ duration: durationS, completed: fine.length, failed: samples.length - fine.length },
    ...{ total_input_tokens: input, total_output_tokens: output },
    request_throughput: fine.length / durationS,
    output_throughput: output / durationS,
    total_token_throughput: (input + output) / durationS,
    ...figures(
      'ttft',
      streamed.map((one) => one.chunksNs[0]! - one.sentNs),
    ),
    ...figures('tpot', perToken),
    ...figures('itl', streamed.flatMap(gapsNs)),
    ...figures(
      'e2el',
      fine.map((one) => one.endNs - one.sentNs),
    ),
    input_lens: samples.map((one) => one.promptTokens ?? 0),
    output_lens: samples.map((one) => zero(one, one.outputTokens ?? 0)),
    ttfts: samples.map((one) => zero(one, ((one.chunksNs[0] ?? one.sentNs) - one.sentNs) / NS_PER_S)),
    itls: samples.map((one) => (one.error === undefined ? gapsNs(one).map((ns) => ns / NS_PER_S) : [])),
    latencies: samples.map((one) => zero(one, (one.endNs - one.sentNs) / NS_PER_S)),
    start_times: samples.map((one) => one.sentNs / NS_PER_S),
    generated_texts: samples.map((one) => one.text ?? ''),
    errors: samples.map(({ error }) => (error === undefined ? '' : `${error.type}: ${error.message}`)),
  })}\n`;
}

function gapsNs({ chunksNs }: ImportedSample): readonly number[] {
  return chunksNs.slice(1).map((ns, at) => ns - chunksNs[at]!);
}

/** Mean, median, standard deviation and p99 in ms, as NumPy has them: between values by a straight line. */
function figures(name: string, valuesNs: readonly number[]): Readonly<Record<string, number>> {
  const sorted = valuesNs.map((ns) => ns / NS_PER_MS).sort((a, b) => a - b);
  const count = Math.max(1, sorted.length);
  const mean = sorted.reduce((total, value) => total + value, 0) / count;
  const variance = sorted.reduce((total, value) => total + (value - mean) ** 2, 0) / count;
  const at = (share: number) => {
    const place = share * (sorted.length - 1);
    const below = sorted[Math.floor(place)] ?? 0;
    return below + ((sorted[Math.ceil(place)] ?? 0) - below) * (place - Math.floor(place));
  };
  return {
    [`mean_${name}_ms`]: mean,
    [`median_${name}_ms`]: at(0.5),
    [`std_${name}_ms`]: Math.sqrt(variance),
    [`p99_${name}_ms`]: at(0.99),
  };
}

/** `20261116-091403`. */
function vllmDate(startedAt: string): string {
  return startedAt.slice(0, 19).replaceAll(/[-:]/g, '').replace('T', '-');
}

/** Clock times are beyond what a number tells apart: they are put in as text, then bared. */
const CLOCK = /"clock:(\d+)"/g;

/** The lines of aiperf's `profile_export.jsonl`. */
function aiperfRecords({ samples, startedAt }: ImportedRun): string {
  const startedMs = startedAt === '' ? 0 : Date.parse(startedAt);
  const clock = (ns: number) => `clock:${BigInt(startedMs) * 1_000_000n + BigInt(Math.round(ns))}`;
  const lines = samples.map((sample, at) => {
    const { sentNs, endNs, error } = sample;
    const line = {
      metadata: {
        ...{ session_num: at, x_request_id: String(at), conversation_id: String(at), turn_index: 0 },
        ...{ credit_issued_ns: clock(sentNs), request_start_ns: clock(sentNs), request_end_ns: clock(endNs) },
        ...{ worker_id: 'inferometer', record_processor_id: 'inferometer' },
        ...{ benchmark_phase: 'profiling', was_cancelled: false },
      },
      metrics: error === undefined ? aiperfMetrics(sample) : {},
      error: error === undefined ? null : { code: statusOf(error.type), ...error },
    };
    return JSON.stringify(line).replace(CLOCK, '$1');
  });
  return `${lines.join('\n')}\n`;
}

function statusOf(type: string): number | null {
  const [, status] = /^http_(\d{3})$/.exec(type) ?? [];
  return status === undefined ? null : Number(status);
}

function aiperfMetrics(sample: ImportedSample): Readonly<Record<string, unknown>> {
  const { sentNs, endNs, chunksNs, promptTokens, outputTokens } = sample;
  const [firstNs] = chunksNs;
  const ms = (ns: number | readonly number[]) => ({
    value: typeof ns === 'number' ? ns / NS_PER_MS : ns.map((one) => one / NS_PER_MS),
    unit: 'ms',
  });
  const tokens = (value: number) => ({ value, unit: 'tokens' });
  return {
    request_latency: ms(endNs - sentNs),
    ...(firstNs === undefined
      ? {}
      : { time_to_first_token: ms(firstNs - sentNs), inter_chunk_latency: ms(gapsNs(sample)) }),
    ...(firstNs === undefined || outputTokens === undefined || outputTokens < 2
      ? {}
      : { inter_token_latency: ms((endNs - firstNs) / (outputTokens - 1)) }),
    ...(promptTokens === undefined ? {} : { input_sequence_length: tokens(promptTokens) }),
    ...(outputTokens === undefined ? {} : { output_sequence_length: tokens(outputTokens) }),
  };
}
