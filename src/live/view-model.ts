import type { CounterName, SeriesName } from '../core/metric-catalogue.ts';
import { NS_PER_SECOND } from '../core/time.ts';
import { isTerminal, type Json, type MetricsSnapshot, type SeriesSnapshot } from '../metrics/snapshot.ts';

/** A series at a glance. */
export interface LiveRow {
  readonly label: string;
  readonly unit: 'ns' | 'tokens';
  readonly count: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly max: number;
}

/** How a run stands at one moment, ready to be shown. */
export interface LiveView {
  readonly state: MetricsSnapshot['state'];
  readonly runId: string | null;
  /** From the start of the session to its latest event. */
  readonly elapsedNs: number;
  /** Nothing is measured yet: the counts below are those of the warm-up. Afterwards they count measured samples only. */
  readonly warmingUp: boolean;
  readonly issued: number;
  readonly succeeded: number;
  readonly errored: number;
  readonly cancelled: number;
  readonly inFlight: number;
  /** Samples the plan will issue; null when a duration ends it. */
  readonly plannedSamples: number | null;
  readonly requestedRatePerSecond: number | null;
  /** Token counts enqueued and not yet recorded. */
  readonly pendingTokenCounts: number;
  /** Over the last seconds, or over the measured time once the run is over; null before two snapshots. */
  readonly issuedPerSecond: number | null;
  readonly endedPerSecond: number | null;
  /** Null also when no output tokens were counted. */
  readonly outputTokensPerSecond: number | null;
  /** Samples ended a second between successive snapshots, oldest first. */
  readonly endedPerSecondHistory: readonly number[];
  /** Series with values, in order of interest. */
  readonly rows: readonly LiveRow[];
  /** Most frequent first. */
  readonly errors: readonly { readonly type: string; readonly count: number; readonly example: string }[];
  /** Gaps of the event stream that were filled from the run log, and aggregators that died. */
  readonly heals: number;
  readonly aggregatorRestarts: number;
}

/** Rates are taken over this time, so that they neither jump nor lag. */
const RATE_WINDOW_NS = 3 * NS_PER_SECOND;
const HISTORY_LENGTH = 240;

/** The series shown and what they are called. */
const SHOWN_SERIES: readonly (readonly [SeriesName, string, LiveRow['unit']])[] = [
  ['ttft_ns', 'TTFT', 'ns'],
  ['tpot_ns', 'TPOT', 'ns'],
  ['chunk_delta_ns', 'Chunk gap', 'ns'],
  ['sample_latency_ns', 'Latency', 'ns'],
  ['response_ttft_ns', 'Response TTFT', 'ns'],
  ['response_latency_ns', 'Response latency', 'ns'],
  ['issue_delay_ns', 'Issue delay', 'ns'],
  ['isl', 'Input tokens', 'tokens'],
  ['osl', 'Output tokens', 'tokens'],
];

/** Only of interest in open loop; elsewhere a sample is due when it is issued. */
const OPEN_LOOP_SERIES: readonly string[] = ['response_ttft_ns', 'response_latency_ns', 'issue_delay_ns'];

/** The counts rates are made of, at one moment. */
interface Moment {
  readonly timestampNs: number;
  readonly issued: number;
  readonly ended: number;
  readonly outputTokens: number;
}

/** Turns the successive snapshots of one run into what a viewer shows. Remembers the last few of them for the rates. */
export class LiveViewModel {
  #moments: Moment[] = [];
  #history: number[] = [];

  /** Takes the next snapshot. One that goes back, as after a restart of the aggregator, starts the rates anew. */
  update(snapshot: MetricsSnapshot): LiveView {
    const metrics = new SnapshotIndex(snapshot);
    const now = momentOf(snapshot, metrics);
    this.#remember(now);
    const counts = countsOf(metrics);
    const isOpenLoop = (metrics.series('issue_delay_ns')?.max ?? 0) > 0;
    const extras = snapshot.extras ?? {};
    const run = fieldsOf(extras.run);
    const stream = fieldsOf(extras.event_stream);
    return {
      state: snapshot.state,
      runId: typeof run.run_id === 'string' ? run.run_id : null,
      elapsedNs: metrics.counter('total_duration_ns'),
      ...counts,
      plannedSamples: numberOrNull(run.planned_samples),
      requestedRatePerSecond: numberOrNull(run.requested_rate_per_second),
      pendingTokenCounts: snapshot.pendingTaskCount,
      ...(isTerminal(snapshot.state) ? overallRates(counts, metrics) : this.#recentRates(now)),
      endedPerSecondHistory: [...this.#history],
      rows: SHOWN_SERIES.filter(([name]) => isOpenLoop || !OPEN_LOOP_SERIES.includes(name)).flatMap(
        ([name, label, unit]) => rowOf(metrics.series(name), label, unit),
      ),
      errors: errorsOf(extras.errors_by_type),
      heals: numberOrNull(stream.heals) ?? 0,
      aggregatorRestarts: numberOrNull(stream.aggregator_restarts) ?? 0,
    };
  }

  #remember(now: Moment): void {
    const last = this.#moments.at(-1);
    if (last !== undefined && (now.timestampNs < last.timestampNs || now.ended < last.ended))
      this.#moments = [];
    else if (last !== undefined && now.timestampNs > last.timestampNs) {
      this.#history.push(perSecond(now.ended - last.ended, now.timestampNs - last.timestampNs) ?? 0);
      if (this.#history.length > HISTORY_LENGTH) this.#history.shift();
    }
    this.#moments.push(now);
    // The oldest one kept is the youngest outside of the window.
    while (this.#moments.length > 2 && now.timestampNs - this.#moments[1]!.timestampNs >= RATE_WINDOW_NS) {
      this.#moments.shift();
    }
  }

  #recentRates(now: Moment): Rates {
    const then = this.#moments[0]!;
    const spanNs = now.timestampNs - then.timestampNs;
    return {
      issuedPerSecond: perSecond(now.issued - then.issued, spanNs),
      endedPerSecond: perSecond(now.ended - then.ended, spanNs),
      outputTokensPerSecond:
        now.outputTokens === 0 ? null : perSecond(now.outputTokens - then.outputTokens, spanNs),
    };
  }
}

type Rates = Pick<LiveView, 'issuedPerSecond' | 'endedPerSecond' | 'outputTokensPerSecond'>;
type Counts = Pick<LiveView, 'warmingUp' | 'issued' | 'succeeded' | 'errored' | 'cancelled' | 'inFlight'>;

/** Metrics of a snapshot by name. */
class SnapshotIndex {
  readonly #counters = new Map<string, number>();
  readonly #series = new Map<string, SeriesSnapshot>();

  constructor({ metrics }: MetricsSnapshot) {
    for (const metric of metrics) {
      if (metric.type === 'series') this.#series.set(metric.name, metric);
      else this.#counters.set(metric.name, Number(metric.value));
    }
  }

  counter(name: CounterName): number {
    return this.#counters.get(name) ?? 0;
  }

  series(name: SeriesName): SeriesSnapshot | undefined {
    return this.#series.get(name);
  }
}

function momentOf({ timestampNs }: MetricsSnapshot, metrics: SnapshotIndex): Moment {
  return {
    timestampNs: Number(timestampNs),
    issued: metrics.counter('total_samples_issued'),
    ended: metrics.counter('total_samples_completed'),
    outputTokens: Number(metrics.series('osl')?.total ?? 0),
  };
}

function countsOf(metrics: SnapshotIndex): Counts {
  const issued = metrics.counter('tracked_samples_issued');
  const totalIssued = metrics.counter('total_samples_issued');
  const totalEnded = metrics.counter('total_samples_completed');
  const inFlight = Math.max(0, totalIssued - totalEnded);
  if (issued === 0 && totalIssued > 0) {
    const errored = metrics.counter('total_samples_failed');
    const succeeded = Math.max(0, totalEnded - errored);
    return { warmingUp: true, issued: totalIssued, succeeded, errored, cancelled: 0, inFlight };
  }
  return {
    warmingUp: false,
    issued,
    succeeded: metrics.counter('tracked_samples_succeeded'),
    errored: metrics.counter('tracked_samples_errored'),
    cancelled: metrics.counter('tracked_samples_cancelled'),
    inFlight,
  };
}

function overallRates({ issued }: Counts, metrics: SnapshotIndex): Rates {
  const spanNs = metrics.counter('tracked_duration_ns');
  const outputTokens = Number(metrics.series('osl')?.total ?? 0);
  return {
    issuedPerSecond: perSecond(issued, spanNs),
    endedPerSecond: perSecond(metrics.counter('tracked_samples_completed'), spanNs),
    outputTokensPerSecond: outputTokens === 0 ? null : perSecond(outputTokens, spanNs),
  };
}

function perSecond(count: number, spanNs: number): number | null {
  return spanNs > 0 ? Math.max(0, count) / (spanNs / NS_PER_SECOND) : null;
}

function rowOf(series: SeriesSnapshot | undefined, label: string, unit: LiveRow['unit']): LiveRow[] {
  if (series === undefined || series.count === 0) return [];
  const { count, percentiles } = series;
  const max = Number(series.max);
  // Live percentiles are the upper ends of histogram buckets and may lie above the highest value.
  const at = (key: string) => Math.min(percentiles[key] ?? NaN, max);
  return [{ label, unit, count, p50: at('50.0'), p90: at('90.0'), p99: at('99.0'), max }];
}

function errorsOf(list: Json | undefined): LiveView['errors'] {
  if (!Array.isArray(list)) return [];
  return (list as readonly Json[]).map(fieldsOf).flatMap(({ type, count, example }) => {
    if (typeof type !== 'string') return [];
    return [{ type, count: numberOrNull(count) ?? 0, example: typeof example === 'string' ? example : '' }];
  });
}

function fieldsOf(value: Json | undefined): { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? (value as { readonly [key: string]: Json })
    : {};
}

function numberOrNull(value: Json | undefined): number | null {
  return typeof value === 'number' ? value : null;
}
