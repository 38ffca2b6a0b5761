import { SILENT_LOG } from '../../../src/core/log.ts';
import { COUNTERS, SERIES, type SeriesName } from '../../../src/core/metric-catalogue.ts';
import { RandomSource } from '../../../src/core/random.ts';
import { NS_PER_MS, NS_PER_SECOND } from '../../../src/core/time.ts';
import { MetricsRegistry } from '../../../src/metrics/registry.ts';
import { toJson, type SnapshotJson } from '../../../src/metrics/snapshot-json.ts';
import { asJson, type Json, type SessionState } from '../../../src/metrics/snapshot.ts';
import { ThroughputRecorder } from '../../../src/stats/throughput-recorder.ts';

/** A run to make up a snapshot of. */
export interface MadeUpRun {
  readonly state: SessionState;
  readonly pendingTaskCount?: number;
  readonly streaming: boolean;
  readonly issued: number;
  readonly errored: number;
  readonly cancelled: number;
  readonly durationNs: number;
  /** Longest issue delay; 0 in closed loop. */
  readonly issueDelayMaxNs: number;
  readonly extras: { readonly [key: string]: Json };
}

const CHUNKS = 24;

/** Records a run sample by sample, as the aggregator would, with times drawn from a seeded source. */
export function snapshotOf(run: MadeUpRun): SnapshotJson {
  const registry = new MetricsRegistry({ log: SILENT_LOG });
  const counters = new Map(COUNTERS.map(({ name }) => [name as string, registry.registerCounter(name)]));
  const series = new Map(
    SERIES.filter(({ streamingOnly }) => run.streaming || !streamingOnly).map((metric) => [
      metric.name,
      registry.registerSeries(metric.name, {
        valueKind: metric.valueKind,
        hdrLow: metric.hdrLow,
        hdrHigh: metric.hdrHigh,
      }),
    ]),
  );
  const random = new RandomSource(42);
  const throughput = new ThroughputRecorder();
  throughput.start(0);
  const record = (name: SeriesName, value: number) => series.get(name)?.record(value);
  const between = (low: number, high: number) => Math.round(low + (high - low) * random.uniform() ** 3);
  for (let i = 0; i < run.issued - run.cancelled; i++) {
    const succeeded = i >= run.errored;
    const delayNs = run.issueDelayMaxNs === 0 ? 0 : between(2_000, run.issueDelayMaxNs);
    record('issue_delay_ns', delayNs);
    record('isl', between(40, 2_000));
    const issuedNs = Math.round(((i + 0.5) / run.issued) * 0.95 * run.durationNs);
    throughput.onIssued(issuedNs);
    if (!succeeded) {
      const latencyNs = between(0.4 * NS_PER_MS, 3 * NS_PER_MS);
      record('sample_latency_ns', latencyNs);
      throughput.onEnded(issuedNs, issuedNs + latencyNs, false);
      continue;
    }
    const firstNs = between(38 * NS_PER_MS, 240 * NS_PER_MS);
    record('ttft_ns', firstNs);
    record('ttft_content_ns', firstNs);
    record('response_ttft_ns', firstNs + delayNs);
    let latencyNs = firstNs;
    for (let chunk = 1; chunk < CHUNKS; chunk++) {
      const gapNs = between(9 * NS_PER_MS, 31 * NS_PER_MS);
      record('chunk_delta_ns', gapNs);
      latencyNs += gapNs;
    }
    const tokenCount = between(CHUNKS, 4 * CHUNKS);
    record('tpot_ns', (latencyNs - firstNs) / (tokenCount - 1));
    record('osl', tokenCount);
    throughput.onEnded(issuedNs, issuedNs + latencyNs, true);
    throughput.onTokens(issuedNs + firstNs, issuedNs + latencyNs, tokenCount);
    record('sample_latency_ns', latencyNs);
    record('response_latency_ns', latencyNs + delayNs);
  }
  const ended = run.issued;
  const succeeded = run.issued - run.errored - run.cancelled;
  const values: Record<string, number> = {
    total_samples_issued: run.issued + 20,
    total_samples_completed: ended + 20,
    total_samples_failed: run.errored + run.cancelled,
    tracked_samples_issued: run.issued,
    tracked_samples_completed: ended,
    tracked_samples_failed: run.errored + run.cancelled,
    tracked_finish_reason_stop: succeeded,
    tracked_duration_ns: run.durationNs,
    legacy_loadgen_window_duration_ns: run.durationNs,
    total_duration_ns: run.durationNs + 2 * NS_PER_SECOND,
    tracked_samples_succeeded: succeeded,
    tracked_samples_errored: run.errored,
    tracked_samples_cancelled: run.cancelled,
  };
  for (const [name, value] of Object.entries(values)) counters.get(name)!.set(value);
  const snapshot = registry.buildSnapshot({
    timestampNs: 987_654_321_000,
    state: run.state,
    pendingTaskCount: run.pendingTaskCount ?? 0,
    extras: { throughput: asJson(throughput.throughput()!), ...run.extras },
  });
  registry.close();
  return toJson(snapshot);
}

const RUN = { run_id: '1a2b3c4d5e6f7081', started_at: '2026-11-24T11:00:00.000Z', version: '0.1.0' };
const HEALTHY_CLIENT = {
  workers: 1,
  pacing: 'precise',
  connections_opened: 31,
  connect_failures: 0,
  connect_back_off_ms: 0,
  resent: 0,
  stray_messages: 0,
  single_use_endpoints: 0,
  event_loop_delay_p99_ms: 0.61,
  event_loop_delay_max_ms: 4.2,
  late_p99_ms: 1.3,
  send_delay_p99_ns: 46_000,
  gc_pause_max_ms: 2.9,
  gc_share: 0.004,
  worker_cpu_max: 0.34,
  worker_cpu_wait_max: 0.006,
  busy_share: 0,
  clock_step_ms: 0.2,
};

/** Everything went well, in open loop. */
export const HEALTHY: MadeUpRun = {
  state: 'complete',
  streaming: true,
  issued: 3000,
  errored: 0,
  cancelled: 0,
  durationNs: 60.4 * NS_PER_SECOND,
  issueDelayMaxNs: 900_000,
  extras: {
    run: { ...RUN, requested_rate_per_second: 50, planned_samples: 3000 },
    in_flight: 0,
    token_sources: {
      isl: { token_ids: 0, tokenizer: 3000, server: 0 },
      osl: { token_ids: 0, tokenizer: 0, server: 3000 },
      tpot: { token_ids: 0, tokenizer: 0, server: 3000 },
    },
    errors_by_type: [],
    event_stream: { frames: 12_083, heals: 0, healed_frames: 0, aggregator_restarts: 0 },
    client: HEALTHY_CLIENT,
  },
};

/** The server failed now and then, the client was late, the aggregator died once. */
export const TROUBLED: MadeUpRun = {
  state: 'complete',
  pendingTaskCount: 3,
  streaming: true,
  issued: 1200,
  errored: 31,
  cancelled: 14,
  durationNs: 60 * NS_PER_SECOND,
  issueDelayMaxNs: 480 * NS_PER_MS,
  extras: {
    run: { ...RUN, requested_rate_per_second: 24, planned_samples: 3000 },
    in_flight: 0,
    token_sources: {
      isl: { token_ids: 0, tokenizer: 1186, server: 0 },
      osl: { token_ids: 0, tokenizer: 155, server: 1000 },
      tpot: { token_ids: 0, tokenizer: 155, server: 1000 },
    },
    errors_by_type: [
      {
        type: 'http_503',
        count: 24,
        example: '{"error":{"message":"overloaded, come back later","type":"server_busy"}}',
      },
      { type: 'cancelled', count: 14, example: 'the drain ran out' },
      { type: 'timeout', count: 5, example: 'no complete answer within 10 s' },
      { type: 'connection_reset', count: 2, example: '' },
    ],
    event_stream: { frames: 8_431, heals: 2, healed_frames: 214, aggregator_restarts: 1 },
    client: {
      ...HEALTHY_CLIENT,
      event_loop_delay_p99_ms: 53.2,
      event_loop_delay_max_ms: 61.3,
      late_p99_ms: 22.4,
      send_delay_p99_ns: 25_100_000,
      worker_cpu_max: 0.961,
      worker_cpu_wait_max: 0.31,
      busy_share: 0.08,
    },
  },
};

/** A burst without streaming that was cut off, and whose counts are wrong. */
export const BROKEN: MadeUpRun = {
  state: 'interrupted',
  streaming: false,
  issued: 64,
  errored: 0,
  cancelled: 0,
  durationNs: 1.9 * NS_PER_SECOND,
  issueDelayMaxNs: 0,
  extras: {
    run: { ...RUN, requested_rate_per_second: null, planned_samples: null },
    in_flight: 2,
    event_stream: {
      frames: 31,
      heals: 1,
      healed_frames: 4,
      lost_frames: 2,
      torn_bytes: 118,
      aggregator_restarts: 0,
    },
    client: null,
  },
};
