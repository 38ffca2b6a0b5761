import type { ConversationLane } from '../../src/core/conversation-lanes.ts';
import { RandomSource } from '../../src/core/random.ts';
import {
  boundCode,
  type BoundedPercentile,
  BUCKETS_PER_DECADE,
  type LogDistribution,
  type RunHistory,
  type RunMark,
  type SeriesHistory,
  type SlowSample,
} from '../../src/core/run-history.ts';
import { NS_PER_MS, NS_PER_SECOND } from '../../src/core/time.ts';

export interface MadeUpHistory {
  readonly bins: number;
  readonly binNs?: number;
  readonly ratePerSecond: number;
  /** From this bin on, for ten bins, the server is slow. */
  readonly spikeAt?: number;
  /** Measured values lie around so much. */
  readonly ttftMs: number;
  readonly openLoop?: boolean;
  readonly failing?: boolean;
  readonly marks?: readonly RunMark[];
  readonly seed?: number;
  /** The client may have added this share to the percentiles; but in bin 40, for which there were too few probes. */
  readonly clientsShare?: number;
}

const START_NS = 1.25 * NS_PER_SECOND;

/** A run's history drawn from a seeded source; the last bin is cut to a third. */
export function madeUpHistory(run: MadeUpHistory): RunHistory {
  const { bins, binNs = NS_PER_SECOND, ratePerSecond, ttftMs, openLoop = true } = run;
  const random = new RandomSource(run.seed ?? 7);
  const isSlow = (bin: number) => run.spikeAt !== undefined && bin >= run.spikeAt && bin < run.spikeAt + 10;
  const column = <T>(value: (bin: number) => T): T[] => Array.from({ length: bins }, (_, bin) => value(bin));
  const around = (mean: number, scatter: number) => mean * (1 + scatter * (random.uniform() - 0.5));
  const series = (medianNs: number, tail: number): SeriesHistory => {
    const p50 = column((bin) => (bin < 2 ? null : Math.round(around(medianNs * (isSlow(bin) ? 3 : 1), 0.2))));
    const times = (factor: number) =>
      p50.map((value) => (value === null ? null : Math.round(value * around(factor, 0.2))));
    const figures = { p50, p90: times(1 + tail), p99: times(1 + 3 * tail) };
    return { count: column(() => ratePerSecond), ...figures, max: times(1 + 6 * tail) };
  };
  const bounded = (told: SeriesHistory, isTwoSided: boolean): SeriesHistory => {
    const share = run.clientsShare;
    if (share === undefined) return told;
    const codes = (name: BoundedPercentile) =>
      told[name].map((value, bin) => (value === null || bin === 40 ? null : boundCode(share * value)));
    const bound = (name: BoundedPercentile) => {
      return { added: codes(name), ...(isTwoSided ? { missing: codes(name) } : {}) };
    };
    return { ...told, bounds: { p50: bound('p50'), p90: bound('p90'), p99: bound('p99') } };
  };
  const perBin = (ratePerSecond * binNs) / NS_PER_SECOND;
  const count = (mean: number) =>
    column((bin) => Math.round(around(bin === bins - 1 ? mean / 3 : mean, 0.2)));
  const due = count(perBin);
  const delay = series(80_000, 2);
  const zeros = column((bin) => (bin < 2 ? null : 0));
  return {
    format: 1,
    start_ns: START_NS,
    bin_ns: binNs,
    end_ns: START_NS + Math.round((bins - 2 / 3) * binNs),
    counts: {
      due,
      issued: due.map((value, bin) => (isSlow(bin) ? Math.round(value * 0.8) : value)),
      succeeded: count(perBin * 0.98),
      errored: column((bin) => (run.failing === true && isSlow(bin) ? Math.round(random.uniform() * 5) : 0)),
      cancelled: column(() => 0),
      chunks: count(perBin * 24),
      output_tokens: count(perBin * 42),
    },
    in_flight_max: column((bin) => Math.round(around(ratePerSecond * 0.5 * (isSlow(bin) ? 3 : 1), 0.3))),
    series: {
      ttft_ns: bounded(series(ttftMs * NS_PER_MS, 0.8), false),
      chunk_delta_ns: bounded(series(12 * NS_PER_MS, 0.6), true),
      sample_latency_ns: bounded(series(400 * NS_PER_MS, 0.3), false),
      issue_delay_ns: openLoop ? delay : { ...delay, p50: zeros, p90: zeros, p99: zeros, max: zeros },
    },
    client: {
      event_loop_delay_max_ms: column(() => around(1.2, 1)),
      gc_ms: column(() => around(0.9, 1.5)),
      cpu_share: column(() => around(0.3, 0.3)),
      cpu_wait_share: column(() => around(0.01, 1)),
    },
    marks: run.marks ?? [],
  };
}

/** A right-skewed distribution of so many values around a median. */
export function madeUpDistribution(
  median: number,
  count: number,
  options: { zeros?: number; seed?: number } = {},
): LogDistribution {
  const random = new RandomSource(options.seed ?? 11);
  const found = new Map<number, number>();
  for (let i = 0; i < count; i++) {
    const value =
      median *
      Math.exp(
        0.5 * (random.uniform() + random.uniform() + random.uniform() - 1.5) * 2 +
          (random.uniform() < 0.01 ? 1.6 : 0),
      );
    const bucket = Math.floor(Math.log10(value) * BUCKETS_PER_DECADE);
    found.set(bucket, (found.get(bucket) ?? 0) + 1);
  }
  const first = Math.min(...found.keys());
  const last = Math.max(...found.keys());
  const counts = Array.from({ length: last - first + 1 }, (_, i) => found.get(first + i) ?? 0);
  return { first, counts, zero: options.zeros ?? 0 };
}

/** Distributions by series, as an aggregator publishes them. */
export function madeUpDistributions(
  ttftMs: number,
  count: number,
  seed = 11,
): { readonly [series: string]: LogDistribution } {
  const ms = (value: number, more: number, zeros = 0) =>
    madeUpDistribution(value * NS_PER_MS, count, { seed: seed + more, zeros });
  return {
    ttft_ns: ms(ttftMs, 0),
    response_ttft_ns: ms(ttftMs * 1.4, 1),
    chunk_delta_ns: ms(12, 2, Math.round(count * 0.03)),
    tpot_ns: ms(10, 3),
    sample_latency_ns: ms(400, 4),
    response_latency_ns: ms(440, 5),
    issue_delay_ns: ms(0.08, 6),
    isl: madeUpDistribution(500, count, { seed: seed + 7 }),
    osl: madeUpDistribution(42, count, { seed: seed + 8 }),
  };
}

/** The marks of a run with a warm-up that somebody steered. */
export const MADE_UP_MARKS: readonly RunMark[] = [
  { at_ns: START_NS, kind: 'phase', value: null, text: 'warmup' },
  { at_ns: START_NS + 8 * NS_PER_SECOND, kind: 'phase', value: null, text: 'performance' },
  { at_ns: START_NS + 21.5 * NS_PER_SECOND, kind: 'rate', value: 80, text: '' },
  {
    at_ns: START_NS + 33 * NS_PER_SECOND,
    kind: 'note',
    value: null,
    text: '<b>cache</b> flushed on all of the replicas',
  },
  { at_ns: START_NS + 45 * NS_PER_SECOND, kind: 'pause', value: null, text: '' },
  { at_ns: START_NS + 47 * NS_PER_SECOND, kind: 'resume', value: null, text: '' },
];

/** The slowest samples of such a run. */
export const MADE_UP_SLOW_SAMPLES: readonly SlowSample[] = Array.from({ length: 10 }, (_, i) => ({
  seq: 1200 - 17 * i,
  due_ns: START_NS + (35 - i) * NS_PER_SECOND,
  issued_ns: START_NS + (35 - i) * NS_PER_SECOND + 120_000,
  latency_ns: (1850 - 60 * i) * NS_PER_MS,
  ttft_ns: i === 3 ? null : (720 - 31 * i) * NS_PER_MS,
  chunks: i === 3 ? 0 : 24 + i,
  errored: i === 3,
}));

/** Three conversations: one went well, one waited and failed, one was under way at the end. */
export const MADE_UP_LANES: readonly ConversationLane[] = [
  {
    conversation: 0,
    turns: [0, 1, 2].map((i) => ({
      ...{ turn: i + 1, due_ns: 2e9 + i * 3e9, issued_ns: 2e9 + i * 3e9, first_chunk_ns: 2.2e9 + i * 3e9 },
      ...{ end_ns: 3.1e9 + i * 3e9, outcome: 'succeeded' as const },
    })),
  },
  {
    conversation: 1,
    turns: [
      { turn: 1, due_ns: null, issued_ns: 2.5e9, first_chunk_ns: null, end_ns: 3.5e9, outcome: 'succeeded' },
      { turn: 2, due_ns: 4e9, issued_ns: 5e9, first_chunk_ns: null, end_ns: 5.6e9, outcome: 'failed' },
    ],
  },
  {
    conversation: 2,
    turns: [
      { turn: 1, due_ns: 6e9, issued_ns: 6e9, first_chunk_ns: 6.4e9, end_ns: null, outcome: 'in_flight' },
    ],
  },
];
