import { NS_PER_US } from './time.ts';

/**
 * How a run went over time: bins of equal length from the session's start, one column a quantity. It travels in a snapshot's
 * extras (`history`) and so in the final file, and is of bounded size: when a run gets too long the bins are doubled.
 *
 * The whole session is in it, the warm-up too; `series` hold measured samples only, in the bin in which the value was
 * observed (TTFT at its first chunk, latency at the completion). Null where a bin has no value.
 */
export interface RunHistory {
  readonly format: 1;
  /** Start of the first bin, ns since the run's origin. */
  readonly start_ns: number;
  /** Length of a bin: a second, or a power of two of them. */
  readonly bin_ns: number;
  /** How far the history reaches, ns since the run's origin: the last bin may be cut short. */
  readonly end_ns: number;
  /** Samples, chunks or tokens in each bin; an answer's tokens count when it is complete. */
  readonly counts: Readonly<Record<HistoryCount, readonly number[]>>;
  /** Most samples in flight at once in each bin. */
  readonly in_flight_max: readonly number[];
  /** Of those kept over time the ones that have values. */
  readonly series: { readonly [series: string]: SeriesHistory };
  readonly client: ClientHistory;
  /** What the servers told of themselves; absent where nobody looked. */
  readonly server?: ServerHistoryBins;
  readonly marks: readonly RunMark[];
}

/** `due`: samples by when the plan wanted them, the requested rate; equal to `issued` in closed loop. */
export const HISTORY_COUNTS = [
  'due',
  'issued',
  'succeeded',
  'errored',
  'cancelled',
  'chunks',
  'output_tokens',
] as const;
export type HistoryCount = (typeof HISTORY_COUNTS)[number];

/** A series bin by bin, in the unit of the series. */
export interface SeriesHistory {
  readonly count: readonly number[];
  readonly p50: readonly (number | null)[];
  readonly p90: readonly (number | null)[];
  readonly p99: readonly (number | null)[];
  readonly max: readonly (number | null)[];
  /** How far its percentiles may be off; absent where lateness was not measured, and in a history of an earlier version. */
  readonly bounds?: Readonly<Record<BoundedPercentile, BoundHistory>>;
}

export const BOUNDED_PERCENTILES = ['p50', 'p90', 'p99'] as const;
export type BoundedPercentile = (typeof BOUNDED_PERCENTILES)[number];

/**
 * How far a percentile may be off in each bin for the client's own lateness, as codes that {@link boundNs} reads; null where too few probes were
 * sent to tell.
 */
export interface BoundHistory {
  /** The true one may be lower by up to this. */
  readonly added: readonly (number | null)[];
  /** It may be higher by up to this; absent for a time that does not begin with a read, which is never too short. */
  readonly missing?: readonly (number | null)[];
}

/** Of a bin with a bound. With fewer, more than a twentieth of the reads may be later than any probe (Wilson, 99 %). */
export const FEWEST_PROBES = 100;

const BOUND_CODES_PER_OCTAVE = 8;

/** The smallest code of at least so many ns: a whole number, one byte in a snapshot up to 60 ms. */
export function boundCode(ns: number): number {
  return ns <= NS_PER_US ? 0 : Math.ceil(BOUND_CODES_PER_OCTAVE * Math.log2(ns / NS_PER_US) - 1e-9);
}

/** What a code stands for, ns: 0 for a µs, and 9 % more for each further one. */
export function boundNs(code: number): number {
  return NS_PER_US * 2 ** (code / BOUND_CODES_PER_OCTAVE);
}

/**
 * How the client itself was: the worst of any worker in each bin. Workers tell of about a second at a time, and what they tell is
 * in each bin that second touches.
 */
export interface ClientHistory {
  readonly event_loop_delay_max_ms: readonly (number | null)[];
  /** How late it read 1 % of what came, by probes; absent in a history of an earlier version. */
  readonly late_p99_ms?: readonly (number | null)[];
  /** Longest pause for garbage collection. */
  readonly gc_ms: readonly (number | null)[];
  /** Useful work as a share of one core, 0 to 1. */
  readonly cpu_share: readonly (number | null)[];
  /** Share of the time a worker waited for a core. */
  readonly cpu_wait_share: readonly (number | null)[];
}

/** All servers together, in each bin the most; times are means of what happened between two looks. See `server-metrics/server-history.ts`, and `power-history.ts` beside it. */
export const SERVER_QUANTITIES = [
  'running',
  'waiting',
  'kv_use',
  'prefix_share',
  'acceptance',
  'preemptions',
  'ttft_ms',
  'queue_ms',
  'compute_ms',
  'power_watts',
] as const;
export type ServerQuantity = (typeof SERVER_QUANTITIES)[number];
/** Null where nobody told. */
export type ServerHistoryBins = Readonly<Record<ServerQuantity, readonly (number | null)[]>>;

export const RUN_MARK_KINDS = [
  'phase',
  'pause',
  'resume',
  'rate',
  'concurrency',
  'note',
  'stop',
  'cancel',
  'until',
] as const;
export type RunMarkKind = (typeof RUN_MARK_KINDS)[number];

/** A moment worth showing on every plot: a phase began, or somebody touched the run. */
export interface RunMark {
  /** ns since the run's origin. */
  readonly at_ns: number;
  readonly kind: RunMarkKind;
  /** The new rate a second or concurrency; for `until` 1 when that ended the run, else 0; else null. */
  readonly value: number | null;
  /** Name of the phase, text of the note, why it was stopped, how well figures were known; else empty. */
  readonly text: string;
}

/** Buckets a decade of a {@link LogDistribution}. */
export const BUCKETS_PER_DECADE = 40;

/**
 * A distribution over fixed logarithmic buckets, the same for every run, so that two can be laid over each other: `counts[i]`
 * values lie in [10^((first + i) / 40), 10^((first + i + 1) / 40)); `zero` of them are below 1. Drawn from the HDR histogram, so a
 * value within 0.1 % of an edge may be on its other side. In the extras as `distributions`, by series.
 */
export interface LogDistribution {
  readonly first: number;
  readonly counts: readonly number[];
  readonly zero: number;
}

/** One of the slowest measured samples by latency; in the extras as `slowest_samples`, slowest first. */
export interface SlowSample {
  readonly seq: number;
  /** ns since the run's origin; `due_ns` is `issued_ns` in closed loop, null when a foreign log does not tell it. */
  readonly due_ns: number | null;
  readonly issued_ns: number;
  readonly latency_ns: number;
  readonly ttft_ns: number | null;
  readonly chunks: number;
  /** It ended with an error or was cancelled. */
  readonly errored: boolean;
}

/** What a snapshot's extras say beside the metrics; undefined for what a snapshot of an earlier version or a foreign one lacks. */
export interface HistoryExtras {
  readonly history: RunHistory | undefined;
  readonly distributions: { readonly [series: string]: LogDistribution };
  readonly slowestSamples: readonly SlowSample[];
}

/** Reads the extras of a snapshot. Never throws: what is not ours or of another format is left out. */
export function readHistoryExtras(extras: { readonly [key: string]: unknown } | undefined): HistoryExtras {
  const { history, distributions, slowest_samples: slowest } = extras ?? {};
  return {
    history: isObject(history) && history.format === 1 ? (history as unknown as RunHistory) : undefined,
    distributions: isObject(distributions) ? (distributions as { [series: string]: LogDistribution }) : {},
    slowestSamples: Array.isArray(slowest) ? (slowest as readonly SlowSample[]) : [],
  };
}

function isObject(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
