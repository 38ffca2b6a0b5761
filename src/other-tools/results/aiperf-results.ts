import {
  chunkTimes,
  type Fields,
  fieldsOf,
  figuresOf,
  hasKeys,
  isFields,
  isoOfSeconds,
  millisecondsNs,
  numberOf,
} from './fields.ts';
import {
  CLIENT_UNKNOWN,
  DUE_UNKNOWN,
  type ImportedSample,
  type ResultFormat,
  TEXTS_UNKNOWN,
} from './result-format.ts';

const NS_PER_S = 1e9;

/** `profile_export.jsonl`: a line a request. */
export const AIPERF_RECORDS: ResultFormat = {
  name: 'aiperf',
  isMeant: ([first]) => hasKeys(first, 'metadata', 'metrics') && hasKeys(first.metadata, 'request_start_ns'),
  read: (documents) => {
    const records = documents.map((one, at) => fieldsOf(one, `line ${at + 1}`));
    const measured = records.filter((record) => {
      const { benchmark_phase: phase = 'profiling' } = fieldsOf(record.metadata, 'metadata');
      return phase === 'profiling';
    });
    const left = records.length - measured.length;
    const starts = measured.map((record, at) => startOf(record, at));
    const originNs = Math.min(...starts);
    const samples = measured.map((record, at) => sampleOf(record, at, starts[at]! - originNs));
    return {
      loadGenerator: 'aiperf',
      startedAt: samples.length === 0 ? '' : isoOfSeconds(originNs / NS_PER_S),
      samples,
      durationNs: Math.max(0, ...samples.map(({ endNs }) => endNs)),
      missing: [CLIENT_UNKNOWN, DUE_UNKNOWN, TEXTS_UNKNOWN, 'the model'],
      notes: left === 0 ? [] : [`${left} requests of warm-up were left out.`],
    };
  },
};

function startOf(record: Fields, at: number): number {
  return numberOf(fieldsOf(record.metadata, 'metadata').request_start_ns, `line ${at + 1}: request_start_ns`);
}

/** The clock times are beyond what a number tells apart, so lengths are those of the metrics, in ms. */
function sampleOf(record: Fields, at: number, sentNs: number): ImportedSample {
  const metrics = fieldsOf(record.metrics, `line ${at + 1}: metrics`);
  const metadata = fieldsOf(record.metadata, 'metadata');
  const value = (name: string) => (isFields(metrics[name]) ? metrics[name].value : undefined);
  const time = (name: string) => millisecondsNs(value(name), `line ${at + 1}: ${name}`);
  const error = errorOf(record, metadata);
  const hasLatency = value('request_latency') !== undefined;
  const start = numberOf(metadata.request_start_ns, 'request_start_ns');
  const end = numberOf(metadata.request_end_ns, `line ${at + 1}: request_end_ns`);
  const latencyNs = hasLatency ? time('request_latency') : Math.max(0, end - start);
  const gaps = value('inter_chunk_latency');
  const chunks =
    value('time_to_first_token') === undefined
      ? []
      : chunkTimes(
          time('time_to_first_token'),
          (Array.isArray(gaps) ? gaps : []).map((gap) => millisecondsNs(gap, 'inter_chunk_latency')),
        );
  const tokens = (name: string) => {
    const count = value(name);
    return typeof count === 'number' ? count : undefined;
  };
  return {
    sentNs,
    endNs: sentNs + latencyNs,
    chunksNs: chunks.map((chunk) => sentNs + Math.min(chunk, latencyNs)),
    promptTokens: tokens('input_sequence_length') ?? tokens('error_isl'),
    outputTokens: tokens('output_sequence_length'),
    ...(error === undefined ? {} : { error }),
  };
}

function errorOf({ error }: Fields, { was_cancelled: wasCancelled }: Fields): ImportedSample['error'] {
  if (isFields(error)) {
    const code = typeof error.code === 'number' ? `http_${error.code}` : undefined;
    const type = typeof error.type === 'string' ? error.type : 'failed';
    return { type: code ?? type, message: typeof error.message === 'string' ? error.message : type };
  }
  return wasCancelled === true ? { type: 'cancelled.planned', message: 'cancelled by aiperf' } : undefined;
}

/** `profile_export_aiperf.json` and that of genai-perf: figures alone. */
export const AIPERF_SUMMARY: ResultFormat = {
  name: 'aiperf-summary',
  isMeant: ([first]) =>
    hasKeys(first, 'request_throughput', 'request_latency') && isFields(first.request_latency),
  read: ([first]) => {
    const result = fieldsOf(first, 'the file');
    const isAiperf = 'aiperf_version' in result;
    const of = (name: string, part: string) => (isFields(result[name]) ? result[name][part] : undefined);
    return {
      loadGenerator: isAiperf ? 'aiperf' : 'genai-perf',
      figures: figuresOf([
        ['succeeded', of('request_count', 'avg'), ''],
        ['failed', of('error_request_count', 'avg'), ''],
        ['requests a second', of('request_throughput', 'avg'), ''],
        ['output tokens a second', of('output_token_throughput', 'avg'), ''],
        ['TTFT p50', of('time_to_first_token', 'p50'), 'ms'],
        ['TTFT p99', of('time_to_first_token', 'p99'), 'ms'],
        ['latency p50', of('request_latency', 'p50'), 'ms'],
        ['latency p99', of('request_latency', 'p99'), 'ms'],
      ]),
      instead: isAiperf
        ? 'profile_export.jsonl in the same folder'
        : 'aiperf, which writes profile_export.jsonl',
    };
  },
};
