import { InferometerError, errorText } from '../core/errors.ts';
import {
  SESSION_STATES,
  type ExactInteger,
  type HistogramBucket,
  type Json,
  type MetricSnapshot,
  type MetricsSnapshot,
  type QuantileEstimate,
  type SeriesSnapshot,
  type SessionState,
} from './snapshot.ts';

/** A number in the JSON form: `null` stands for one that is not finite. */
type JsonNumber = ExactInteger | null;
type JsonByPercentile = Readonly<Record<string, number | null>>;

export interface CounterJson {
  readonly type: 'counter';
  readonly name: string;
  readonly value: JsonNumber;
}

export interface SeriesJson {
  readonly type: 'series';
  readonly name: string;
  readonly count: number;
  readonly total: JsonNumber;
  readonly min: JsonNumber;
  readonly max: JsonNumber;
  readonly sum_sq: number | null;
  readonly percentiles: JsonByPercentile;
  readonly early_stopping_percentiles?: JsonByPercentile;
  readonly histogram: readonly (readonly [readonly [number | null, number | null], number])[];
  /** Ours: decimal text. */
  readonly sum_sq_exact?: string;
  /** Ours. */
  readonly std_dev?: number | null;
  /** Ours: percentiles by our definition; without an interval in a live snapshot. */
  readonly quantiles?: Readonly<Record<string, QuantileJson>>;
}

export interface QuantileJson {
  readonly value: number | null;
  readonly ci_low?: number | null;
  readonly ci_high?: number | null;
}

/** A snapshot as it is in files: the reference's keys in its order, ours behind. */
export interface SnapshotJson {
  readonly counter: number;
  readonly timestamp_ns: ExactInteger;
  readonly state: SessionState;
  readonly n_pending_tasks: number;
  readonly metrics: readonly (CounterJson | SeriesJson)[];
  /** Ours. */
  readonly extras?: { readonly [key: string]: Json };
}

/** The JSON form, integers past 2^53 as bigints. */
export function toJson(snapshot: MetricsSnapshot): SnapshotJson {
  const { counter, timestampNs, state, pendingTaskCount, metrics, extras } = snapshot;
  return {
    counter,
    timestamp_ns: timestampNs,
    state,
    n_pending_tasks: pendingTaskCount,
    metrics: metrics.map((metric) =>
      metric.type === 'series' ? seriesToJson(metric) : counterToJson(metric),
    ),
    ...(extras === undefined ? {} : { extras }),
  };
}

/** A list of more than eight numbers, over as many lines; no string can look like it, as there are no line breaks in strings. */
const LONG_LIST = /\[\n *(?:[-+.\deE]+|null)(?:,\n *(?:[-+.\deE]+|null)){8,}\n *\]/g;

/** The file form: indented by 2 but for long lists of numbers, integers in full, whatever is not finite as null. */
export function snapshotJsonText(snapshot: MetricsSnapshot): string {
  const text = JSON.stringify(
    toJson(snapshot),
    (_key, value: unknown) => (typeof value === 'bigint' ? rawJson(String(value)) : value),
    2,
  );
  return `${text.replace(LONG_LIST, (list) => list.replace(/\n */g, ''))}\n`;
}

/**
 * The snapshot behind a JSON form, ours or foreign, which may lack parts.
 *
 * A missing state reads as `interrupted`, missing numbers as 0, `null` numbers as NaN; metrics without a name or of an
 * unknown type are left out. A bigint sum of squares is taken as exact. Throws `INFEROMETER_METRICS_SNAPSHOT` only when
 * `json` is no object.
 */
export function fromJson(json: unknown): MetricsSnapshot {
  if (!isMap(json)) throw notASnapshot(`it must be an object (got ${kindOfJson(json)})`);
  const {
    counter,
    timestamp_ns: timestampNs,
    state,
    n_pending_tasks: pendingTaskCount,
    metrics,
    extras,
  } = json;
  return {
    counter: numberOf(counter, 0),
    timestampNs: integerOf(timestampNs),
    state: SESSION_STATES.find((known) => known === state) ?? 'interrupted',
    pendingTaskCount: numberOf(pendingTaskCount, 0),
    metrics: Array.isArray(metrics) ? metrics.flatMap((metric) => metricFromJson(metric) ?? []) : [],
    ...(isMap(extras) ? { extras: plain(extras) as { readonly [key: string]: Json } } : {}),
  };
}

/** Reads what {@link snapshotJsonText} or the reference wrote. Throws `INFEROMETER_METRICS_SNAPSHOT` when it is no JSON object. */
export function parseSnapshotJson(text: string): MetricsSnapshot {
  let json: unknown;
  try {
    json = JSON.parse(text, reviveBigIntegers as (key: string, value: unknown) => unknown);
  } catch (error) {
    throw notASnapshot(errorText(error), error);
  }
  return fromJson(json);
}

function counterToJson(counter: MetricSnapshot & { readonly type: 'counter' }): CounterJson {
  return { type: counter.type, name: counter.name, value: finite(counter.value) };
}

function seriesToJson(series: SeriesSnapshot): SeriesJson {
  const { type, name, count, earlyStoppingPercentiles, sumSqExact, stdDev, quantiles } = series;
  return {
    type,
    name,
    count,
    total: finite(series.total),
    min: finite(series.min),
    max: finite(series.max),
    sum_sq: finite(series.sumSq),
    percentiles: finiteByPercentile(series.percentiles),
    ...(earlyStoppingPercentiles === null
      ? {}
      : { early_stopping_percentiles: finiteByPercentile(earlyStoppingPercentiles) }),
    histogram: series.histogram.map(([[low, high], n]) => [[finite(low), finite(high)], n]),
    ...(sumSqExact === undefined ? {} : { sum_sq_exact: String(sumSqExact) }),
    ...(stdDev === undefined ? {} : { std_dev: stdDev === null ? null : finite(stdDev) }),
    ...(quantiles === undefined ? {} : { quantiles: quantilesToJson(quantiles) }),
  };
}

/** Percentiles by our definition as they are in files. */
export function quantilesToJson(
  quantiles: Readonly<Record<string, QuantileEstimate>>,
): Readonly<Record<string, QuantileJson>> {
  return Object.fromEntries(
    Object.entries(quantiles).map(([key, { value, low, high }]) => [
      key,
      {
        value: finite(value),
        ...(low === undefined ? {} : { ci_low: low }),
        ...(high === undefined ? {} : { ci_high: high }),
      },
    ]),
  );
}

function finite<N extends ExactInteger>(value: N): N | null {
  return typeof value === 'number' && !Number.isFinite(value) ? null : value;
}

function finiteByPercentile(values: JsonByPercentile): JsonByPercentile {
  return Object.fromEntries(
    Object.entries(values).map(([key, value]) => [key, value === null ? null : finite(value)]),
  );
}

type JsonMap = Readonly<Record<string, unknown>>;

function metricFromJson(json: unknown): MetricSnapshot | undefined {
  if (!isMap(json) || typeof json.name !== 'string') return undefined;
  if (json.type === 'series') return seriesFromJson(json.name, json);
  if (json.type !== 'counter') return undefined;
  const value = integerOf(json.value);
  return { type: 'counter', name: json.name, valueKind: isWhole(value) ? 'int' : 'float', value };
}

function seriesFromJson(name: string, json: JsonMap): SeriesSnapshot {
  const [total, min, max] = [integerOf(json.total), integerOf(json.min), integerOf(json.max)];
  const stdDev = json.std_dev === null || typeof json.std_dev === 'number' ? json.std_dev : undefined;
  const sumSqExact = exactSumSq(json, stdDev === undefined);
  const isInt = sumSqExact !== undefined || (stdDev === undefined && [total, min, max].every(isWhole));
  return {
    type: 'series',
    name,
    count: numberOf(json.count, 0),
    ...(isInt
      ? { valueKind: 'int', total, min, max }
      : { valueKind: 'float', total: Number(total), min: Number(min), max: Number(max) }),
    sumSq: numberOf(json.sum_sq, 0),
    percentiles: isMap(json.percentiles) ? byPercentile(json.percentiles) : {},
    histogram: Array.isArray(json.histogram) ? json.histogram.filter(isBucket).map(bucketFromJson) : [],
    earlyStoppingPercentiles: isMap(json.early_stopping_percentiles)
      ? byPercentile(json.early_stopping_percentiles)
      : null,
    ...(sumSqExact === undefined ? {} : { sumSqExact }),
    ...(stdDev === undefined ? {} : { stdDev }),
    ...(isMap(json.quantiles) ? { quantiles: quantilesFromJson(json.quantiles) } : {}),
  };
}

function quantilesFromJson(json: JsonMap): Record<string, QuantileEstimate> {
  return Object.fromEntries(
    Object.entries(json).flatMap(([key, estimate]) => {
      if (!isMap(estimate) || typeof estimate.value !== 'number') return [];
      const { value, ci_low: low, ci_high: high } = estimate;
      return [[key, { value, ...(isEnd(low) ? { low } : {}), ...(isEnd(high) ? { high } : {}) }]];
    }),
  );
}

function isEnd(json: unknown): json is number | null {
  return json === null || typeof json === 'number';
}

/** The exact sum of squares, from our own key or, in a foreign snapshot, from a sum that was written as an integer. */
function exactSumSq(json: JsonMap, isForeign: boolean): bigint | undefined {
  if (typeof json.sum_sq_exact === 'string' && /^\d+$/.test(json.sum_sq_exact))
    return BigInt(json.sum_sq_exact);
  return isForeign && typeof json.sum_sq === 'bigint' ? json.sum_sq : undefined;
}

function isBucket(json: unknown): json is readonly [readonly unknown[], unknown] {
  return Array.isArray(json) && Array.isArray(json[0]);
}

function bucketFromJson([[low, high], count]: readonly [readonly unknown[], unknown]): HistogramBucket {
  return [[numberOf(low, NaN), numberOf(high, NaN)], numberOf(count, 0)];
}

function byPercentile(json: JsonMap): Record<string, number | null> {
  return Object.fromEntries(
    Object.entries(json).map(([key, value]) => [key, value === null ? null : numberOf(value, NaN)]),
  );
}

function integerOf(json: unknown): ExactInteger {
  return typeof json === 'bigint' ? json : numberOf(json, 0);
}

/** A number; NaN for null, and `missing` for what is neither. */
function numberOf(json: unknown, missing: number): number {
  if (json === null) return NaN;
  return typeof json === 'number' || typeof json === 'bigint' ? Number(json) : missing;
}

function isWhole(value: ExactInteger): boolean {
  return typeof value === 'bigint' || Number.isInteger(value);
}

function isMap(json: unknown): json is JsonMap {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}

function kindOfJson(json: unknown): string {
  if (json === null) return 'null';
  return Array.isArray(json) ? 'an array' : `a ${typeof json}`;
}

/** The same value with numbers for bigints: outside the metrics nothing is counted that far. */
function plain(json: unknown): unknown {
  if (typeof json === 'bigint') return Number(json);
  if (Array.isArray(json)) return json.map(plain);
  return isMap(json)
    ? Object.fromEntries(Object.entries(json).map(([key, value]) => [key, plain(value)]))
    : json;
}

function reviveBigIntegers(_key: string, value: unknown, context: { readonly source?: string }): unknown {
  const { source } = context;
  if (typeof value !== 'number' || Number.isSafeInteger(value) || source === undefined) return value;
  return /^-?\d+$/.test(source) ? BigInt(source) : value;
}

/** Text that `JSON.stringify` copies as it is; in V8 since Node 21 and not yet in the types of the language. */
function rawJson(text: string): unknown {
  return (JSON as unknown as { rawJSON(text: string): unknown }).rawJSON(text);
}

function notASnapshot(reason: string, cause?: unknown): InferometerError {
  return new InferometerError('INFEROMETER_METRICS_SNAPSHOT', 'result', `snapshot: ${reason}`, { cause });
}
