/** Forward only; the last two are terminal. */
export const SESSION_STATES = ['initialize', 'live', 'draining', 'complete', 'interrupted'] as const;
export type SessionState = (typeof SESSION_STATES)[number];

export function isTerminal(state: SessionState): boolean {
  return state === 'complete' || state === 'interrupted';
}

/** Any JSON value. */
export type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

/** A type that is JSON throughout, or never where it is not. */
type JsonOf<T> = T extends null | boolean | number | string
  ? T
  : T extends (...given: never) => unknown
    ? never
    : T extends object
      ? { readonly [K in keyof T]: JsonOf<T[K]> }
      : never;

/** A value as {@link Json}. An interface is none by itself, as another declaration could add to it: what it has now is checked instead. */
export function asJson<T>(value: T & JsonOf<T>): Json {
  return value;
}

/** An integer that may pass 2^53: a number while exact, else a bigint. */
export type ExactInteger = number | bigint;

/** What the values of a metric are; on the wire the type of its numbers. */
export type ValueKind = 'int' | 'float';

export interface CounterSnapshot {
  readonly type: 'counter';
  readonly name: string;
  readonly valueKind: ValueKind;
  readonly value: ExactInteger;
}

/** `[lo, hi]` of a bucket and how many values fell in it. */
export type HistogramBucket = readonly [readonly [number, number], number];

/** A percentile by our own definition, with the interval it lies in with 95 % confidence. */
export interface QuantileEstimate {
  readonly value: number;
  /** Null where the sample is too small for that end; absent in a live snapshot, which has no intervals. */
  readonly low?: number | null;
  readonly high?: number | null;
}

export interface SeriesSnapshot {
  readonly type: 'series';
  readonly name: string;
  readonly valueKind: ValueKind;
  readonly count: number;
  readonly total: ExactInteger;
  readonly min: ExactInteger;
  readonly max: ExactInteger;
  /** Sum of squares as a double: rounded. */
  readonly sumSq: number;
  /** By the reference's definition: observed values. */
  readonly percentiles: Readonly<Record<string, number | null>>;
  readonly histogram: readonly HistogramBucket[];
  readonly earlyStoppingPercentiles: Readonly<Record<string, number | null>> | null;
  /** Ours, trailing: the exact sum of squares of an integer series. */
  readonly sumSqExact?: bigint;
  /** Ours, trailing: the standard deviation of the values as a sample; null for none, 0 for one. */
  readonly stdDev?: number | null;
  /** Ours, trailing: the same percentiles by our definition; absent when there are no values. */
  readonly quantiles?: Readonly<Record<string, QuantileEstimate>>;
}

export type MetricSnapshot = CounterSnapshot | SeriesSnapshot;

/** All metrics of a run at one moment. Counters come first, each kind in order of registration. */
export interface MetricsSnapshot {
  /** How many snapshots this registry had built, this one included. */
  readonly counter: number;
  /** The producer's CLOCK_MONOTONIC. */
  readonly timestampNs: ExactInteger;
  readonly state: SessionState;
  /** Token counts enqueued and not yet recorded. */
  readonly pendingTaskCount: number;
  readonly metrics: readonly MetricSnapshot[];
  /** Ours, trailing: facts that are no metric (run id, errors by type, token sources, heals, …). */
  readonly extras?: { readonly [key: string]: Json };
}
