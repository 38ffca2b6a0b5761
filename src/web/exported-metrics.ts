import { SHOWN_SERIES, type CounterName, type SeriesName } from '../core/metric-catalogue.ts';
import { type LogDistribution, readHistoryExtras } from '../core/run-history.ts';
import { readThroughput, type Throughput } from '../core/throughput.ts';
import { NS_PER_MS, NS_PER_SECOND } from '../core/time.ts';
import type { VerdictSoFar } from '../live/live-update.ts';
import { fieldsOf, numberOrNull, SnapshotIndex, textOrNull } from '../live/snapshot-index.ts';
import { type Json, type MetricsSnapshot, SESSION_STATES } from '../metrics/snapshot.ts';
import { GROUP_METRIC_NAMES, groupFamilies } from './group-metrics.ts';
import { PROMISE_METRIC_NAMES, promiseFamilies } from './promise-metrics.ts';
import { edgesOf, fixedBucketsOf, type FixedBuckets } from './fixed-buckets.ts';

export type Labels = Readonly<Record<string, string>>;

export interface MetricPoint {
  readonly labels: Labels;
  readonly value: number;
}

/** A distribution as exported; `sum` in the unit of the family. */
export interface HistogramPoint extends FixedBuckets {
  readonly labels: Labels;
  readonly sum: number;
}

/** One metric as it leaves for another system, whatever that speaks. Names and units are those of Prometheus. */
export type MetricFamily = {
  readonly name: string;
  readonly help: string;
  /** By UCUM: `s`, `1` for a share, `{sample}` and the like for what is counted. */
  readonly unit: string;
} & (
  | { readonly kind: 'counter' | 'gauge'; readonly points: readonly MetricPoint[] }
  | { readonly kind: 'histogram'; readonly points: readonly HistogramPoint[] }
);

/** Error types told apart; the rest is added up as `other`, so that a server's whims don't become time series. */
const MAX_ERROR_TYPES = 20;
const OTHER = 'other';

/** What a snapshot tells: its metrics, and the facts in its extras. */
interface Facts {
  readonly metrics: SnapshotIndex;
  readonly run: Fields;
  readonly client: Fields;
  readonly eventStream: Fields;
  /** Empty for single requests. */
  readonly conversations: Fields;
  readonly errorsByType: readonly Fields[];
  readonly throughput: Throughput | undefined;
}
type Fields = { readonly [key: string]: Json };

interface Exported {
  readonly name: string;
  readonly help: string;
  readonly unit: string;
  readonly kind: 'counter' | 'gauge';
  /** Null where the snapshot does not tell. */
  readonly value: (facts: Facts) => number | null;
}

const secondsOf = (ns: number) => ns / NS_PER_SECOND;
const secondsOfMs = (ms: number | null) => (ms === null ? null : (ms * NS_PER_MS) / NS_PER_SECOND);
const samples = (name: string, help: string, counter: CounterName): Exported => {
  return { name, help, unit: '{sample}', kind: 'counter', value: ({ metrics }) => metrics.counter(counter) };
};
const tokens = (name: string, help: string, series: SeriesName): Exported => {
  // Without the series there is nothing to count, which is not 0.
  const value = ({ metrics }: Facts) => {
    const found = metrics.series(series);
    return found === undefined ? null : Number(found.total);
  };
  return { name, help, unit: '{token}', kind: 'counter', value };
};
const gauge = (name: string, unit: string, help: string, value: Exported['value']): Exported => {
  return { name, help, unit, kind: 'gauge', value };
};
const fact = (name: string, help: string, key: string, unit: string): Exported => {
  return {
    name,
    help,
    unit,
    kind: 'counter',
    value: ({ eventStream }) => numberOrNull(eventStream[key]) ?? 0,
  };
};

const conversationCount = (name: string, help: string, key: string): Exported => {
  const value = ({ conversations }: Facts) => numberOrNull(conversations[key]);
  return { name, help, unit: '{conversation}', kind: 'counter', value };
};

/** Numbers without further labels. */
const NUMBERS: readonly Exported[] = [
  samples('inferometer_samples_issued_total', 'Samples issued, warm-up included.', 'total_samples_issued'),
  samples(
    'inferometer_samples_ended_total',
    'Samples that ended, warm-up and failed ones included.',
    'total_samples_completed',
  ),
  samples(
    'inferometer_measured_samples_issued_total',
    'Samples issued while the run was measuring.',
    'tracked_samples_issued',
  ),
  samples(
    'inferometer_measured_samples_succeeded_total',
    'Measured samples that ended without an error.',
    'tracked_samples_succeeded',
  ),
  samples(
    'inferometer_measured_samples_errored_total',
    'Measured samples that ended with an error.',
    'tracked_samples_errored',
  ),
  samples(
    'inferometer_measured_samples_cancelled_total',
    'Measured samples that the run itself cancelled.',
    'tracked_samples_cancelled',
  ),
  samples(
    'inferometer_measured_samples_cancelled_by_plan_total',
    'Measured samples that were cancelled by plan.',
    'tracked_samples_cancelled_by_plan',
  ),
  tokens('inferometer_input_tokens_total', 'Tokens of the prompts of measured samples.', 'isl'),
  tokens('inferometer_output_tokens_total', 'Tokens of the answers of measured samples.', 'osl'),
  conversationCount(
    'inferometer_conversations_begun_total',
    'Measured conversations that were begun; missing for single requests.',
    'begun',
  ),
  conversationCount(
    'inferometer_conversations_completed_total',
    'Conversations of which every turn succeeded.',
    'completed',
  ),
  conversationCount(
    'inferometer_conversations_failed_total',
    'Conversations of which a turn failed.',
    'failed',
  ),
  fact(
    'inferometer_event_stream_heals_total',
    'Gaps of the event stream that were filled from the run log.',
    'heals',
    '{gap}',
  ),
  fact(
    'inferometer_aggregator_restarts_total',
    'Aggregators that died before their time and were started again.',
    'aggregator_restarts',
    '{restart}',
  ),
  gauge('inferometer_samples_in_flight', '{sample}', 'Samples issued and not ended.', ({ metrics }) =>
    Math.max(0, metrics.counter('total_samples_issued') - metrics.counter('total_samples_completed')),
  ),
  gauge(
    'inferometer_requested_samples_per_second',
    '{sample}/s',
    'Rate the plan asks for; missing in closed loop.',
    ({ run }) => numberOrNull(run.requested_rate_per_second),
  ),
  gauge(
    'inferometer_planned_samples',
    '{sample}',
    'Samples the plan will issue; missing when a duration ends it.',
    ({ run }) => numberOrNull(run.planned_samples),
  ),
  gauge(
    'inferometer_throughput_samples_per_second',
    '{sample}/s',
    'Measured samples that succeeded a second, over the measured window so far.',
    ({ throughput }) => throughput?.succeeded_per_second ?? null,
  ),
  gauge(
    'inferometer_throughput_output_tokens_per_second',
    '{token}/s',
    'Output tokens a second of measured samples, over the measured window so far.',
    ({ throughput }) => throughput?.output_tokens_per_second ?? null,
  ),
  gauge(
    'inferometer_throughput_samples_in_flight',
    '{sample}',
    'Measured samples in flight on average, over the measured window so far.',
    ({ throughput }) => throughput?.mean_in_flight ?? null,
  ),
  gauge('inferometer_run_duration_seconds', 's', 'Session start to its latest event.', ({ metrics }) =>
    secondsOf(metrics.counter('total_duration_ns')),
  ),
  gauge(
    'inferometer_client_event_loop_delay_max_seconds',
    's',
    'Longest stall of an engine worker while measuring.',
    ({ client }) => secondsOfMs(numberOrNull(client.event_loop_delay_max_ms)),
  ),
  gauge(
    'inferometer_client_gc_pause_max_seconds',
    's',
    'Longest pause of the garbage collector in an engine worker while measuring.',
    ({ client }) => secondsOfMs(numberOrNull(client.gc_pause_max_ms)),
  ),
  gauge(
    'inferometer_client_worker_cpu_max_ratio',
    '1',
    'Share of a core put to use in the worst second of an engine worker.',
    ({ client }) => numberOrNull(client.worker_cpu_max),
  ),
  gauge(
    'inferometer_client_worker_cpu_wait_max_ratio',
    '1',
    'Share of its worst second in which an engine worker waited for a core.',
    ({ client }) => numberOrNull(client.worker_cpu_wait_max),
  ),
];

interface ExportedSeries {
  readonly name: string;
  readonly help: string;
  readonly unit: string;
  readonly series: SeriesName;
  readonly firstDecade: number;
  readonly edges: readonly number[];
  /** Of the series' unit to the exported one. */
  readonly scale: number;
}

/** From 1 µs to 1000 s, in the ns of the series. */
const TIME_DECADES = [3, 12] as const;
const TOKEN_DECADES = [0, 6] as const;
const TIME_EDGES = edgesOf(...TIME_DECADES, 1 / NS_PER_SECOND);
const TOKEN_EDGES = edgesOf(...TOKEN_DECADES, 1);

const time = (name: string, series: SeriesName, help: string): ExportedSeries => {
  const [firstDecade] = TIME_DECADES;
  return { name, help, unit: 's', series, firstDecade, edges: TIME_EDGES, scale: 1 / NS_PER_SECOND };
};
const tokenCount = (name: string, series: SeriesName, help: string): ExportedSeries => {
  const [firstDecade] = TOKEN_DECADES;
  return { name, help, unit: '{token}', series, firstDecade, edges: TOKEN_EDGES, scale: 1 };
};

const DISTRIBUTIONS: readonly ExportedSeries[] = [
  time('inferometer_ttft_seconds', 'ttft_ns', 'Time to first token: issue to the first chunk.'),
  time('inferometer_chunk_gap_seconds', 'chunk_delta_ns', 'Time between two chunks of a sample.'),
  time('inferometer_tpot_seconds', 'tpot_ns', 'Time per output token after the first chunk.'),
  time('inferometer_sample_latency_seconds', 'sample_latency_ns', 'Issue to completion, failed samples too.'),
  time('inferometer_response_ttft_seconds', 'response_ttft_ns', 'Due time to the first chunk.'),
  time(
    'inferometer_response_latency_seconds',
    'response_latency_ns',
    'Due time to completion, successes only.',
  ),
  time('inferometer_issue_delay_seconds', 'issue_delay_ns', 'Due time to issue: how late the client was.'),
  tokenCount('inferometer_sample_input_tokens', 'isl', 'Tokens of a prompt.'),
  tokenCount('inferometer_sample_output_tokens', 'osl', 'Tokens of an answer.'),
  ...SHOWN_SERIES.map(({ name, unit, help }) =>
    unit === 'ns'
      ? time(`inferometer_${name.replace(/_ns$/, '_seconds')}`, name, `${help}.`)
      : tokenCount(`inferometer_${name}`, name, `${help}.`),
  ),
];

const VERDICTS = ['valid', 'degraded', 'invalid'] as const;

/**
 * The metrics of a run for other systems, from its snapshots. Distributions come along with some snapshots only; their sums are
 * taken from the same ones, so that sum and count belong together.
 */
export class MetricsExport {
  #snapshot: MetricsSnapshot | undefined;
  #verdict: VerdictSoFar | undefined;
  #histograms: { readonly series: ExportedSeries; readonly point: Omit<HistogramPoint, 'labels'> }[] = [];

  /** Takes the next snapshot; cheap, nothing is rendered. */
  update(snapshot: MetricsSnapshot, verdict: VerdictSoFar | undefined): void {
    if (runIdOf(snapshot) !== (this.#snapshot && runIdOf(this.#snapshot))) this.#histograms = [];
    this.#snapshot = snapshot;
    this.#verdict = verdict;
    const { distributions } = readHistoryExtras(snapshot.extras);
    if (Object.keys(distributions).length === 0) return;
    const facts = factsOf(snapshot);
    this.#histograms = DISTRIBUTIONS.flatMap((series) => {
      const distribution = distributions[series.series];
      return distribution === undefined ? [] : [{ series, point: pointOf(series, distribution, facts) }];
    });
  }

  /** Every metric in a fixed order; those of which nothing is known yet are left out. */
  families(version: string): readonly MetricFamily[] {
    const build = infoOf('inferometer_build_info', 'Version of the program.', { version });
    const snapshot = this.#snapshot;
    if (snapshot === undefined) return [build];
    const facts = factsOf(snapshot);
    const run = { run_id: runIdOf(snapshot) };
    const flags = (choices: readonly string[], label: string, chosen: string | undefined): MetricPoint[] =>
      choices.map((choice) => ({ labels: { ...run, [label]: choice }, value: choice === chosen ? 1 : 0 }));
    return [
      build,
      infoOf('inferometer_run_info', 'The run under way or the last one.', {
        ...run,
        started_at: textOrNull(facts.run.started_at) ?? '',
        version: textOrNull(facts.run.version) ?? '',
      }),
      {
        ...{ name: 'inferometer_run_state', help: 'State of the run: 1 for the one it is in.', unit: '1' },
        ...{ kind: 'gauge', points: flags(SESSION_STATES, 'state', snapshot.state) },
      },
      {
        ...{ name: 'inferometer_verdict', help: 'Verdict so far: 1 for the one that holds.', unit: '1' },
        ...{ kind: 'gauge', points: this.#verdict ? flags(VERDICTS, 'level', this.#verdict.level) : [] },
      },
      {
        ...{ name: 'inferometer_errors_total', help: 'Measured samples that failed, by type.' },
        ...{ unit: '{sample}', kind: 'counter' },
        points: errorPoints(facts, run),
      },
      ...NUMBERS.map(({ name, help, unit, kind, value }): MetricFamily => {
        const number = value(facts);
        return { name, help, unit, kind, points: number === null ? [] : [{ labels: run, value: number }] };
      }),
      ...groupFamilies(snapshot, facts.metrics, run),
      ...promiseFamilies(snapshot, this.#verdict?.slos ?? [], run),
      ...this.#histograms.map(({ series: { name, help, unit }, point }): MetricFamily => {
        return { name, help, unit, kind: 'histogram', points: [{ ...point, labels: run }] };
      }),
    ];
  }
}

/** Names of all that may be exported. */
export function exportedNames(): readonly string[] {
  const described = [
    'inferometer_build_info',
    'inferometer_run_info',
    'inferometer_run_state',
    'inferometer_verdict',
    'inferometer_errors_total',
  ];
  return [
    ...described,
    ...NUMBERS.map(({ name }) => name),
    ...DISTRIBUTIONS.map(({ name }) => name),
    ...GROUP_METRIC_NAMES,
    ...PROMISE_METRIC_NAMES,
  ];
}

function infoOf(name: string, help: string, labels: Labels): MetricFamily {
  return { name, help, unit: '1', kind: 'gauge', points: [{ labels, value: 1 }] };
}

function pointOf(
  { series, edges, firstDecade, scale }: ExportedSeries,
  distribution: LogDistribution,
  facts: Facts,
): Omit<HistogramPoint, 'labels'> {
  const sum = Number(facts.metrics.series(series)?.total ?? 0) * scale;
  return { ...fixedBucketsOf(distribution, edges, firstDecade), sum };
}

function errorPoints({ errorsByType }: Facts, run: Labels): MetricPoint[] {
  const points: MetricPoint[] = [];
  let rest = 0;
  for (const { type, count } of errorsByType) {
    if (typeof type !== 'string' || typeof count !== 'number') continue;
    if (points.length < MAX_ERROR_TYPES && type !== OTHER)
      points.push({ labels: { ...run, type }, value: count });
    else rest += count;
  }
  return rest === 0 ? points : [...points, { labels: { ...run, type: OTHER }, value: rest }];
}

function factsOf(snapshot: MetricsSnapshot): Facts {
  const {
    run,
    client,
    conversations,
    event_stream: eventStream,
    errors_by_type: errors,
  } = snapshot.extras ?? {};
  return {
    metrics: new SnapshotIndex(snapshot),
    run: fieldsOf(run),
    client: fieldsOf(client),
    eventStream: fieldsOf(eventStream),
    conversations: fieldsOf(conversations),
    throughput: readThroughput(snapshot.extras),
    errorsByType: Array.isArray(errors) ? (errors as readonly Json[]).map(fieldsOf) : [],
  };
}

function runIdOf({ extras }: MetricsSnapshot): string {
  return textOrNull(fieldsOf(extras?.run).run_id) ?? '';
}
