import {
  type Fields,
  fieldsOf,
  figuresOf,
  hasKeys,
  isFields,
  isoOfSeconds,
  millisecondsNs,
  numberIfAny,
} from './fields.ts';
import { CLIENT_UNKNOWN, DUE_UNKNOWN, type ImportedSample, type ResultFormat } from './result-format.ts';

// Tools that know requests and no models: what they time is the whole response.

const NO_MODEL = 'TTFT, chunks, tokens and texts';

/** `k6 run --out json=FILE`: a line a measured value. */
export const K6_POINTS: ResultFormat = {
  name: 'k6',
  isMeant: (documents) =>
    documents.some((one) => hasKeys(one, 'type', 'metric', 'data') && one.type === 'Point'),
  read: (documents) => {
    const points = documents.filter(
      (one): one is Fields => isFields(one) && one.type === 'Point' && one.metric === 'http_req_duration',
    );
    const ends = points.map((point, at) => endOf(point, at));
    const firstMs = Math.min(...ends);
    const samples = points.map((point, at) => pointSample(point, at, ends[at]! - firstMs));
    const originNs = Math.min(...samples.map(({ sentNs }) => sentNs));
    return {
      loadGenerator: 'k6',
      startedAt: samples.length === 0 ? '' : isoOfSeconds(firstMs / 1000 + originNs / 1e9),
      samples: samples
        .map((sample) => ({ ...sample, sentNs: sample.sentNs - originNs, endNs: sample.endNs - originNs }))
        .toSorted((a, b) => a.sentNs - b.sentNs),
      durationNs: Math.max(0, ...samples.map(({ endNs }) => endNs - originNs)),
      missing: [NO_MODEL, CLIENT_UNKNOWN, DUE_UNKNOWN, 'the time in connecting'],
      notes: [],
    };
  },
};

/** A point is stamped at the end of its request, in ms since 1970. */
function endOf(point: Fields, at: number): number {
  const { time } = fieldsOf(point.data, `point ${at + 1} of http_req_duration`);
  const endMs = typeof time === 'string' ? Date.parse(time) : NaN;
  if (Number.isNaN(endMs))
    throw new Error(
      `point ${at + 1} of http_req_duration: time must be a date and time (got ${JSON.stringify(time)})`,
    );
  return endMs;
}

/** `endMs`: since the end of the first. */
function pointSample(point: Fields, at: number, endMs: number): ImportedSample {
  const where = `point ${at + 1} of http_req_duration`;
  const data = fieldsOf(point.data, where);
  const latencyNs = millisecondsNs(data.value, `${where}: value`);
  const tags = isFields(data.tags) ? data.tags : {};
  const status = typeof tags.status === 'string' ? tags.status : '';
  const isFine = tags.expected_response !== 'false' && !/^[045]/.test(status);
  const endNs = endMs * 1e6;
  return {
    sentNs: endNs - latencyNs,
    endNs,
    chunksNs: [],
    ...(isFine
      ? {}
      : { error: { type: status === '0' ? 'failed' : `http_${status}`, message: `status ${status}` } }),
  };
}

/** `--summary-export` and `handleSummary`; failures are the passes of `http_req_failed`. */
export const K6_SUMMARY: ResultFormat = {
  name: 'k6-summary',
  isMeant: ([first]) => hasKeys(first, 'metrics') && hasKeys(first.metrics, 'http_reqs', 'http_req_duration'),
  read: ([first]) => {
    const metrics = fieldsOf(fieldsOf(first, 'the file').metrics, 'metrics');
    const of = (name: string): Fields => {
      const metric = isFields(metrics[name]) ? metrics[name] : {};
      return isFields(metric.values) ? metric.values : metric;
    };
    const [requests, failed, latency] = [of('http_reqs'), of('http_req_failed'), of('http_req_duration')];
    return {
      loadGenerator: 'k6',
      figures: figuresOf([
        ['requests', requests.count, ''],
        ['failed', failed.passes, ''],
        ['requests a second', requests.rate, ''],
        ['latency median', latency.med, 'ms'],
        ['latency p95', latency['p(95)'], 'ms'],
      ]),
      instead: 'k6 run --out json=FILE',
    };
  },
};

export const OHA: ResultFormat = {
  name: 'oha',
  isMeant: ([first]) => hasKeys(first, 'summary', 'latencyPercentiles', 'statusCodeDistribution'),
  read: ([first]) => {
    const result = fieldsOf(first, 'the file');
    const [summary, percentiles] = [
      fieldsOf(result.summary, 'summary'),
      fieldsOf(result.latencyPercentiles, 'latencyPercentiles'),
    ];
    const statuses = Object.entries(fieldsOf(result.statusCodeDistribution, 'statusCodeDistribution'));
    const errors = Object.values(isFields(result.errorDistribution) ? result.errorDistribution : {});
    const sum = (values: readonly unknown[]) =>
      values.reduce<number>((total, value) => total + (numberIfAny(value) ?? 0), 0);
    const fine = sum(statuses.flatMap(([status, count]) => (/^[23]/.test(status) ? [count] : [])));
    return {
      loadGenerator: 'oha',
      figures: figuresOf([
        ['succeeded', fine, ''],
        ['failed', sum(statuses.map(([, count]) => count)) - fine + sum(errors), ''],
        ['duration', summary.total, 's'],
        ['requests a second', summary.requestsPerSec, ''],
        ['latency p50', percentiles.p50, 's'],
        ['latency p99', percentiles.p99, 's'],
      ]),
      instead: 'inferometer run; oha has no file of requests that is read here',
    };
  },
};

/** `*_lifecycle_metrics.json`: seconds. */
export const INFERENCE_PERF_SUMMARY: ResultFormat = {
  name: 'inference-perf',
  isMeant: ([first]) => hasKeys(first, 'load_summary', 'successes', 'failures'),
  read: ([first]) => {
    const result = fieldsOf(first, 'the file');
    const [successes, failures] = [
      fieldsOf(result.successes, 'successes'),
      fieldsOf(result.failures, 'failures'),
    ];
    const part = (fields: unknown, name: string): Fields =>
      isFields(fields) && isFields(fields[name]) ? fields[name] : {};
    const latency = part(successes, 'latency');
    const throughput = part(successes, 'throughput');
    return {
      loadGenerator: 'inference-perf',
      figures: figuresOf([
        ['succeeded', successes.count, ''],
        ['failed', failures.count, ''],
        ['duration', result.benchmark_time_seconds, 's'],
        ['requests a second', throughput.requests_per_sec, ''],
        ['output tokens a second', throughput.output_tokens_per_sec, ''],
        ['TTFT median', part(latency, 'time_to_first_token').median, 's'],
        ['TTFT p99', part(latency, 'time_to_first_token').p99, 's'],
        ['latency median', part(latency, 'request_latency').median, 's'],
        ['latency p99', part(latency, 'request_latency').p99, 's'],
      ]),
      instead: 'inferometer from inference-perf, which prints the run to make',
    };
  },
};
