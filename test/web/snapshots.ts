import { SILENT_LOG } from '../../src/core/log.ts';
import type { SeriesName } from '../../src/core/metric-catalogue.ts';
import type { GroupSeriesName } from '../../src/core/sample-groups.ts';
import { BUCKETS_PER_DECADE, type LogDistribution } from '../../src/core/run-history.ts';
import { MetricsRegistry } from '../../src/metrics/registry.ts';
import { asJson, type Json, type MetricsSnapshot, type SessionState } from '../../src/metrics/snapshot.ts';

export interface MadeUp {
  readonly runId?: string;
  readonly state?: SessionState;
  readonly counters?: Readonly<Record<string, number>>;
  readonly series?: Readonly<
    Partial<Record<SeriesName, readonly number[]>> & Record<GroupSeriesName, readonly number[]>
  >;
  readonly withDistributions?: boolean;
  readonly extras?: { readonly [key: string]: Json };
}

/** A snapshot of values made up, with their distributions as the aggregator would tell them. */
export function madeUpSnapshot(madeUp: MadeUp = {}): MetricsSnapshot {
  const { runId = 'run-1', state = 'live', counters = {}, series = {}, extras } = madeUp;
  const registry = new MetricsRegistry({ log: SILENT_LOG });
  for (const [name, value] of Object.entries(counters)) registry.registerCounter(name).set(value);
  for (const [name, values] of Object.entries<readonly number[]>(series)) {
    const sampler = registry.registerSeries(name, { hdrLow: 1, hdrHigh: 3_600_000_000_000 });
    for (const value of values) sampler.record(value);
  }
  const distributions = Object.fromEntries(
    Object.entries<readonly number[]>(series).map(([name, values]) => [name, asJson(distributionOf(values))]),
  );
  const snapshot = registry.buildSnapshot({
    timestampNs: 2n ** 60n,
    state,
    pendingTaskCount: 0,
    extras: {
      run: { run_id: runId, started_at: '2026-01-02T03:04:05.000Z', version: '1.2.3', planned_samples: 100 },
      ...(madeUp.withDistributions === false ? {} : { distributions }),
      ...extras,
    },
  });
  registry.close();
  return snapshot;
}

function distributionOf(values: readonly number[]): LogDistribution {
  const above = values.filter((value) => value > 0);
  const buckets = above.map((value) => Math.floor(Math.log10(value) * BUCKETS_PER_DECADE + 1e-9));
  const first = Math.min(...buckets);
  const counts = Array.from({ length: Math.max(...buckets) - first + 1 }, () => 0);
  for (const bucket of buckets) counts[bucket - first]! += 1;
  return { first, counts, zero: values.length - above.length };
}

/** Facts of a group of so many samples. */
export function madeUpGroup(name: string, issued: number): { readonly [key: string]: Json } {
  return {
    ...{ name, issued, succeeded: issued - 7, errored: 3, cancelled: 1, cancelled_by_plan: 0, not_sent: 0 },
    ...{ errors_by_type: { http_503: 3 }, output_tokens: 10 * issued, output_tokens_per_second: issued },
  };
}

/** A run under way with a value of everything. */
export const RUNNING: MadeUp = {
  counters: {
    total_samples_issued: 130,
    total_samples_completed: 120,
    tracked_samples_issued: 100,
    tracked_samples_succeeded: 86,
    tracked_samples_errored: 3,
    tracked_samples_cancelled: 1,
    total_duration_ns: 75_000_000_000,
  },
  series: {
    ttft_ns: [20_000_000, 40_000_000, 60_000_000],
    chunk_delta_ns: [5_000_000],
    tpot_ns: [5_000_000],
    sample_latency_ns: [1_500_000_000],
    response_ttft_ns: [60_000_000],
    response_latency_ns: [1_500_000_000],
    issue_delay_ns: [0, 2000],
    isl: [12],
    osl: [100, 200],
    conversation_latency_ns: [9_000_000_000],
    endpoint_0_ttft_ns: [20_000_000, 40_000_000],
    endpoint_0_tpot_ns: [5_000_000],
    endpoint_0_latency_ns: [1_500_000_000],
    // No run has these and text: that all can be exported is what counts here.
    first_image_ns: [700_000_000],
    first_audio_ns: [300_000_000],
    audio_second_ns: [50_000_000],
    dns_lookup_ns: [2_000_000],
    tcp_connect_ns: [100_000, 300_000],
    tls_handshake_ns: [5_000_000, 6_000_000],
    request_sent_ns: [20_000, 30_000],
  },
  extras: {
    throughput: {
      ...{ succeeded_per_second: 48, errored_per_second: 1, output_tokens_per_second: 700 },
      ...{ window_ns: 2e9, mean_in_flight: 5.5, parts: [] },
    },
    run: {
      ...{ run_id: 'run-1', started_at: '2026-01-02T03:04:05.000Z', version: '1.2.3' },
      ...{ planned_samples: 400, requested_rate_per_second: 50 },
    },
    errors_by_type: [{ type: 'http_503', count: 3, example: 'busy "now"\nplease \\ retry' }],
    conversations: { begun: 9, completed: 5, failed: 1, under_way: 3, turns_planned: 40, turns_issued: 31 },
    groups: [
      { dimension: 'endpoint', groups: [madeUpGroup('http://a:1', 60), madeUpGroup('http://b:2', 40)] },
    ],
    goodput: {
      ...{ rule: 'ttft < 500 ms', ended: 90, good: 81, good_per_second: 40.5 },
      output_tokens_per_second: 405,
      parts: [{ dimension: 'endpoint', name: 'http://a:1', ended: 50, good: 49 }],
    },
    event_stream: { heals: 2, aggregator_restarts: 1 },
    client: {
      ...{ event_loop_delay_max_ms: 12.5, gc_pause_max_ms: 3 },
      ...{ worker_cpu_max: 0.5, worker_cpu_wait_max: 0.1 },
    },
  },
};
