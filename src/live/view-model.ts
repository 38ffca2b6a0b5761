import { type GoodputFacts, readGoodput } from '../core/goodput.ts';
import { SHOWN_SERIES, type SeriesName } from '../core/metric-catalogue.ts';
import { readHistoryExtras, type RunHistory } from '../core/run-history.ts';
import { type GroupSeries, groupSeriesName, readGroups } from '../core/sample-groups.ts';
import { readThroughput } from '../core/throughput.ts';
import { isTerminal, type Json, type MetricsSnapshot, type SeriesSnapshot } from '../metrics/snapshot.ts';
import { perSecond, RecentRates, type LiveRates } from './recent-rates.ts';
import { fieldsOf, numberOrNull, SnapshotIndex, textOrNull } from './snapshot-index.ts';
import {
  phaseElapsedNs,
  planProgress,
  steeringOf,
  type PlanProgress,
  type SteeredLoad,
} from './steered-load.ts';

/** A series at a glance. */
export interface LiveRow {
  readonly series: SeriesName;
  readonly label: string;
  readonly unit: 'ns' | 'tokens';
  readonly count: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

/** What became of the conversations so far. */
export interface LiveConversations {
  readonly begun: number;
  /** All turns succeeded. */
  readonly completed: number;
  /** A turn has not. */
  readonly failed: number;
  /** Neither; cut off, once the run is over. */
  readonly underWay: number;
}

/** The samples of one endpoint, or of one model. */
export interface LiveGroup {
  /** `endpoint` or `model`, and which. */
  readonly dimension: string;
  readonly name: string;
  readonly issued: number;
  readonly succeeded: number;
  readonly errored: number;
  readonly outputTokensPerSecond: number | null;
  /** Null before there is a value. */
  readonly ttft: LiveQuantiles | null;
  readonly tpot: LiveQuantiles | null;
  /** Of successes. */
  readonly latency: LiveQuantiles | null;
}

/** In ns. */
export type LiveQuantiles = Pick<LiveRow, 'p50' | 'p99'>;

/** How a run stands at one moment, ready to be shown. */
export interface LiveView extends SteeredLoad, PlanProgress, LiveRates {
  readonly state: MetricsSnapshot['state'];
  readonly runId: string | null;
  /** From the start of the session to now, or to its latest event once nothing is issued any more. */
  readonly elapsedNs: number;
  /** Nothing is measured yet: the counts below are those of the warm-up. Afterwards they count measured samples only. */
  readonly warmingUp: boolean;
  readonly issued: number;
  readonly succeeded: number;
  readonly errored: number;
  readonly cancelled: number;
  /** The warm-up's too. */
  readonly inFlight: number;
  /** Null for single requests. The load counts conversations, the other numbers count their turns. */
  readonly conversations: LiveConversations | null;
  /** By endpoint and by model; empty where all samples are alike. */
  readonly groups: readonly LiveGroup[];
  /** The load is a trace: the rate that is asked for is its average. */
  /** Null without a rule for good samples. */
  readonly goodput: GoodputFacts | null;
  readonly replaysTrace: boolean;
  /** Samples the plan will issue; null when a duration ends it. */
  readonly plannedSamples: number | null;
  /** The stages of its load in words; null without any. */
  readonly load: string | null;
  /** Token counts enqueued and not yet recorded. */
  readonly pendingTokenCounts: number;
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

/** The series shown and what they are called. */
const LIVE_SERIES: readonly (readonly [SeriesName, string, LiveRow['unit']])[] = [
  ['ttft_ns', 'TTFT', 'ns'],
  ['tpot_ns', 'TPOT', 'ns'],
  ['chunk_delta_ns', 'Chunk gap', 'ns'],
  ['sample_latency_ns', 'Latency', 'ns'],
  ['response_ttft_ns', 'Response TTFT', 'ns'],
  ['response_latency_ns', 'Response latency', 'ns'],
  ['issue_delay_ns', 'Issue delay', 'ns'],
  ['isl', 'Input tokens', 'tokens'],
  ['osl', 'Output tokens', 'tokens'],
  ...SHOWN_SERIES.map(({ name, shownAs, unit }) => [name, shownAs, unit === 'ns' ? 'ns' : 'tokens'] as const),
];

/** Only of interest in open loop; elsewhere a sample is due when it is issued. */
const OPEN_LOOP_SERIES: readonly string[] = ['response_ttft_ns', 'response_latency_ns', 'issue_delay_ns'];

/** Turns the successive snapshots of one run into what a viewer shows. Remembers the last few of them for the rates. */
export class LiveViewModel {
  readonly #rates = new RecentRates();
  readonly #clock = new SessionClock();
  #history: RunHistory | undefined;

  /** Takes the next snapshot. One that goes back, as after a restart of the aggregator, starts the rates anew. */
  update(snapshot: MetricsSnapshot): LiveView {
    const metrics = new SnapshotIndex(snapshot);
    const extras = snapshot.extras ?? {};
    // It does not come with each snapshot.
    this.#history = readHistoryExtras(extras).history ?? this.#history;
    const run = fieldsOf(extras.run);
    const counts = countsOf(metrics);
    const recentRates = this.#rates.add({
      timestampNs: Number(snapshot.timestampNs),
      issued: metrics.counter('total_samples_issued'),
      ended: metrics.counter('total_samples_completed'),
      succeeded: metrics.counter('total_samples_completed') - metrics.counter('total_samples_failed'),
      outputTokens: Number(metrics.series('osl')?.total ?? 0),
    });
    const rates = isTerminal(snapshot.state) ? overallRates(snapshot, counts, metrics) : recentRates;
    const steering = steeringOf(run, this.#history?.marks ?? [], isTerminal(snapshot.state));
    const elapsedNs = this.#clock.elapsedNs(snapshot, metrics);
    const plannedSamples = numberOrNull(run.planned_samples);
    const isFollowingPlan = snapshot.state === 'live' && !counts.warmingUp && !steering.isStopping;
    const stream = fieldsOf(extras.event_stream);
    return {
      state: snapshot.state,
      runId: textOrNull(run.run_id),
      elapsedNs,
      ...counts,
      ...steering,
      conversations: conversationsOf(extras.conversations),
      groups: groupsOf(extras, metrics),
      goodput: readGoodput(extras) ?? null,
      replaysTrace: run.replay !== undefined && run.replay !== null,
      plannedSamples,
      load: typeof run.load === 'string' ? run.load : null,
      ...(isFollowingPlan
        ? planProgress({
            issued: counts.issued,
            plannedSamples,
            plannedDurationNs: numberOrNull(run.planned_duration_ns),
            phaseElapsedNs:
              phaseElapsedNs(this.#history, elapsedNs) ?? metrics.counter('tracked_duration_ns'),
            ratePerSecond: steering.requestedRatePerSecond ?? rates.issuedPerSecond,
          })
        : { planShare: null, remainingNs: null }),
      pendingTokenCounts: snapshot.pendingTaskCount,
      ...rates,
      endedPerSecondHistory: this.#rates.endedPerSecondHistory,
      rows: rowsOf(metrics),
      errors: errorsOf(extras.errors_by_type),
      heals: numberOrNull(stream.heals) ?? 0,
      aggregatorRestarts: numberOrNull(stream.aggregator_restarts) ?? 0,
    };
  }
}

/** Goes on while no event comes, as in a pause: the metrics know the time of the latest event only. */
class SessionClock {
  #eventNs = -1;
  #seenAtNs = 0;

  elapsedNs({ state, timestampNs }: MetricsSnapshot, metrics: SnapshotIndex): number {
    const eventNs = metrics.counter('total_duration_ns');
    if (eventNs !== this.#eventNs) {
      this.#eventNs = eventNs;
      this.#seenAtNs = Number(timestampNs);
    }
    return state === 'live' ? eventNs + Math.max(0, Number(timestampNs) - this.#seenAtNs) : eventNs;
  }
}

type Counts = Pick<LiveView, 'warmingUp' | 'issued' | 'succeeded' | 'errored' | 'cancelled' | 'inFlight'>;

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
    cancelled:
      metrics.counter('tracked_samples_cancelled') + metrics.counter('tracked_samples_cancelled_by_plan'),
    inFlight,
  };
}

/** As in the report: over the measured window, or by the reference's definition where a snapshot does not know it. */
function overallRates(
  { extras }: MetricsSnapshot,
  { issued, succeeded, cancelled }: Counts,
  metrics: SnapshotIndex,
): LiveRates {
  const spanNs = metrics.counter('tracked_duration_ns');
  const outputTokens = Number(metrics.series('osl')?.total ?? 0);
  const throughput = readThroughput(extras);
  const issuingNs = numberOrNull(extras?.issuing_ns) ?? 0;
  const issuedPerSecond = issuingNs > 0 ? perSecond(issued - 1, issuingNs) : perSecond(issued, spanNs);
  if (throughput === undefined) {
    return {
      issuedPerSecond,
      // Without what was cancelled.
      endedPerSecond: perSecond(metrics.counter('tracked_samples_completed') - cancelled, spanNs),
      succeededPerSecond: perSecond(succeeded, spanNs),
      outputTokensPerSecond: outputTokens === 0 ? null : perSecond(outputTokens, spanNs),
    };
  }
  return {
    issuedPerSecond,
    endedPerSecond: throughput.succeeded_per_second + throughput.errored_per_second,
    succeededPerSecond: throughput.succeeded_per_second,
    outputTokensPerSecond: outputTokens === 0 ? null : throughput.output_tokens_per_second,
  };
}

function rowsOf(metrics: SnapshotIndex): LiveRow[] {
  const isOpenLoop = (metrics.series('issue_delay_ns')?.max ?? 0) > 0;
  return LIVE_SERIES.filter(([name]) => isOpenLoop || !OPEN_LOOP_SERIES.includes(name)).flatMap(
    ([name, label, unit]) => {
      const series = metrics.series(name);
      return series === undefined || series.count === 0 ? [] : [rowOf(series, name, label, unit)];
    },
  );
}

function groupsOf(extras: NonNullable<MetricsSnapshot['extras']>, metrics: SnapshotIndex): LiveGroup[] {
  return readGroups(extras).flatMap(({ dimension, groups }) =>
    groups.map((facts, position) => {
      const quantiles = (name: GroupSeries) => {
        const series = metrics.series(groupSeriesName(dimension, position, name));
        return series === undefined || series.count === 0 ? null : quantilesOf(series);
      };
      return {
        ...{ dimension, name: facts.name, issued: facts.issued, succeeded: facts.succeeded },
        errored: facts.errored,
        outputTokensPerSecond: facts.output_tokens_per_second,
        ...{ ttft: quantiles('ttft_ns'), tpot: quantiles('tpot_ns'), latency: quantiles('latency_ns') },
      };
    }),
  );
}

function rowOf(snapshot: SeriesSnapshot, series: SeriesName, label: string, unit: LiveRow['unit']): LiveRow {
  return { ...{ series, label, unit, count: snapshot.count }, ...quantilesOf(snapshot) };
}

function quantilesOf({ max, percentiles, quantiles }: SeriesSnapshot) {
  const highest = Number(max);
  // A snapshot of another aggregator has the reference's only: upper ends of buckets, which may lie above the highest value.
  const at = (key: string) => quantiles?.[key]?.value ?? Math.min(percentiles[key] ?? NaN, highest);
  return { p50: at('50.0'), p90: at('90.0'), p99: at('99.0'), p999: at('99.9'), max: highest };
}

function conversationsOf(facts: Json | undefined): LiveConversations | null {
  if (facts === undefined || facts === null) return null;
  const { begun, completed, failed, under_way: underWay } = fieldsOf(facts);
  return {
    begun: numberOrNull(begun) ?? 0,
    completed: numberOrNull(completed) ?? 0,
    failed: numberOrNull(failed) ?? 0,
    underWay: numberOrNull(underWay) ?? 0,
  };
}

function errorsOf(list: Json | undefined): LiveView['errors'] {
  if (!Array.isArray(list)) return [];
  return (list as readonly Json[]).map(fieldsOf).flatMap(({ type, count, example }) => {
    if (typeof type !== 'string') return [];
    return [{ type, count: numberOrNull(count) ?? 0, example: typeof example === 'string' ? example : '' }];
  });
}
