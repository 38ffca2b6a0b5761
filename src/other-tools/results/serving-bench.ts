import {
  chunkTimes,
  type Fields,
  fieldsOf,
  figuresOf,
  hasKeys,
  listOf,
  numberIfAny,
  numberOf,
  secondsNs,
  textIfAny,
} from './fields.ts';
import {
  CLIENT_UNKNOWN,
  type Documents,
  DUE_UNKNOWN,
  type ImportedRun,
  type ImportedSample,
  type ResultFormat,
  type SummaryOnly,
  TEXTS_UNKNOWN,
} from './result-format.ts';

// What vLLM and SGLang write has common roots: lists of requests beside the figures.

const SHARED = ['duration', 'completed', 'total_input_tokens', 'request_throughput'];

export const VLLM_BENCH: ResultFormat = {
  name: 'vllm',
  isMeant: ([first]) => hasKeys(first, ...SHARED, 'model_id'),
  read: (documents) => {
    const { result, notes } = lastOf(documents);
    if (!('latencies' in result && 'start_times' in result && 'ttfts' in result))
      return summaryOf(result, 'vLLM bench', 'vllm bench serve --save-result --save-detailed');
    const starts = listOf(result.start_times, 'start_times');
    const originS = Math.min(...starts.map((start, at) => numberOf(start, `start_times[${at}]`)));
    const latencies = listOf(result.latencies, 'latencies');
    const samples = samplesOf(result, (at, chunks) => {
      const sentNs = secondsNs(numberOf(starts[at], `start_times[${at}]`) - originS, `start_times[${at}]`);
      const latencyNs = secondsNs(latencies[at], `latencies[${at}]`);
      return { sentNs, latencyNs: Math.max(latencyNs, chunks.at(-1) ?? 0) };
    });
    return runOf(result, 'vLLM bench', samples, [], notes);
  },
};

export const SGLANG_BENCH: ResultFormat = {
  name: 'sglang',
  isMeant: ([first]) => hasKeys(first, ...SHARED, 'tag', 'backend'),
  read: (documents) => {
    const { result, notes } = lastOf(documents);
    if (!('ttfts' in result && 'itls' in result))
      return summaryOf(result, 'SGLang bench_serving', 'sglang.bench_serving --output-details');
    const count = listOf(result.ttfts, 'ttfts').length;
    const durationNs = secondsNs(result.duration, 'duration');
    // Their lists have no times of sending.
    const samples = samplesOf(result, (at, chunks) => {
      const latencyNs = chunks.at(-1) ?? 0;
      const lastStartNs = Math.max(0, durationNs - latencyNs);
      return { sentNs: count < 2 ? 0 : Math.round((lastStartNs * at) / (count - 1)), latencyNs };
    });
    const missing = [
      'when requests were sent (they are spread evenly here, so rates over time mean nothing)',
    ];
    return runOf(result, 'SGLang bench_serving', samples, missing, notes);
  },
};

/** Runs are appended to a file; the last one counts. */
function lastOf(documents: Documents): { readonly result: Fields; readonly notes: readonly string[] } {
  const result = fieldsOf(documents.at(-1), 'the last run');
  return {
    result,
    notes: documents.length === 1 ? [] : [`The file has ${documents.length} runs; the last one was read.`],
  };
}

function samplesOf(
  result: Fields,
  timesOf: (
    at: number,
    chunksNs: readonly number[],
  ) => { readonly sentNs: number; readonly latencyNs: number },
): readonly ImportedSample[] {
  const ttfts = listOf(result.ttfts, 'ttfts');
  const itls = listOf(result.itls, 'itls');
  const [inputs, outputs] = [
    listOf(result.input_lens, 'input_lens'),
    listOf(result.output_lens, 'output_lens'),
  ];
  const errors = 'errors' in result ? listOf(result.errors, 'errors') : [];
  const texts = 'generated_texts' in result ? listOf(result.generated_texts, 'generated_texts') : [];
  return ttfts.map((ttft, at): ImportedSample => {
    const ttftNs = secondsNs(ttft, `ttfts[${at}]`);
    const gaps = listOf(itls[at], `itls[${at}]`).map((gap) => secondsNs(gap, `itls[${at}]`));
    const error = textIfAny(errors[at]);
    const chunks = ttftNs === 0 ? [] : chunkTimes(ttftNs, gaps);
    const { sentNs, latencyNs } = timesOf(at, chunks);
    const text = textIfAny(texts[at]);
    return {
      sentNs,
      endNs: sentNs + latencyNs,
      chunksNs: chunks.map((chunk) => sentNs + chunk),
      promptTokens: numberOf(inputs[at], `input_lens[${at}]`),
      outputTokens: numberOf(outputs[at], `output_lens[${at}]`),
      ...(text === undefined ? {} : { text }),
      ...(error === undefined ? {} : { error: { type: errorType(error), message: error } }),
    };
  });
}

/** Their errors are texts: the last line of a traceback, or a reason. */
function errorType(text: string): string {
  const [, name] = /^([A-Za-z_.]+(?:Error|Exception|Timeout))\b/m.exec(text) ?? [];
  return name ?? 'failed';
}

function runOf(
  result: Fields,
  tool: string,
  samples: readonly ImportedSample[],
  missing: readonly string[],
  notes: readonly string[],
): ImportedRun {
  const model = textIfAny(result.model_id);
  const rate = numberIfAny(Number(result.request_rate));
  return {
    loadGenerator: tool,
    startedAt: '',
    ...(model === undefined ? {} : { model }),
    samples,
    durationNs: secondsNs(result.duration, 'duration'),
    ...(rate === undefined || rate === 0 ? {} : { requestedRatePerSecond: rate }),
    missing: [...missing, 'how long failed requests took', CLIENT_UNKNOWN, DUE_UNKNOWN, TEXTS_UNKNOWN],
    notes,
  };
}

function summaryOf(result: Fields, loadGenerator: string, instead: string): SummaryOnly {
  return {
    loadGenerator,
    figures: figuresOf([
      ['succeeded', result.completed, ''],
      ['failed', result.failed, ''],
      ['duration', result.duration, 's'],
      ['requests a second', result.request_throughput, ''],
      ['output tokens a second', result.output_throughput, ''],
      ['TTFT median', result.median_ttft_ms, 'ms'],
      ['TTFT p99', result.p99_ttft_ms, 'ms'],
      ['TPOT median', result.median_tpot_ms, 'ms'],
      ['TPOT p99', result.p99_tpot_ms, 'ms'],
    ]),
    instead,
  };
}
