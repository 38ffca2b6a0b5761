import { topicBytes } from '../transport/frame.ts';
import type { EncodedMessage, MessageCodec } from '../transport/message.ts';
import { MsgpackReader, type WireNumber } from '../transport/msgpack-reader.ts';
import { MsgpackWriter } from '../transport/msgpack-writer.ts';
import {
  SESSION_STATES,
  type CounterSnapshot,
  type ExactInteger,
  type HistogramBucket,
  type Json,
  type MetricSnapshot,
  type MetricsSnapshot,
  type QuantileEstimate,
  type SeriesSnapshot,
  type SessionState,
  type ValueKind,
} from './snapshot.ts';
import { SNAPSHOT_WIRE_FAULTS, SnapshotWireError } from './snapshot-wire-error.ts';

/** Snapshots travel under this topic. */
export const SNAPSHOT_TOPIC = topicBytes('MET');

const SNAPSHOT_FIELDS = 5;
const COUNTER_FIELDS = 3;
/** With the early-stopping map, which is optional when reading. */
const SERIES_FIELDS = 10;

/**
 * Snapshots as MessagePack arrays, byte-compatible with MLCommons `endpoints`:
 *
 *     [counter, timestamp_ns, state, n_pending_tasks, metrics]
 *     ["counter", name, value]
 *     ["series", name, count, total, min, max, sum_sq, {percentiles}, [[[lo, hi], count], …], {early stopping} or nil]
 *
 * Our own fields trail as a map and only when there are any: `sum_sq_exact` (decimal text), `std_dev` and `quantiles` behind a
 * series, the extras behind the snapshot. Elements behind those known are skipped when reading. Encoding a snapshot of 20 counters
 * and 12 series costs about half a millisecond.
 */
export class SnapshotCodec implements MessageCodec<MetricsSnapshot> {
  encode(snapshot: MetricsSnapshot): EncodedMessage {
    const writer = new MsgpackWriter();
    const { extras } = snapshot;
    writer.arrayHeader(SNAPSHOT_FIELDS + (extras === undefined ? 0 : 1));
    writer.int(snapshot.counter);
    writer.int(snapshot.timestampNs);
    writer.text(snapshot.state);
    writer.int(snapshot.pendingTaskCount);
    writer.arrayHeader(snapshot.metrics.length);
    for (const metric of snapshot.metrics) writeMetric(writer, metric);
    if (extras !== undefined) writer.value(extras);
    return { topic: SNAPSHOT_TOPIC, payload: writer.finish() };
  }

  /** Throws {@link SnapshotWireError} for bytes that are no snapshot. */
  decode(payload: Uint8Array): MetricsSnapshot {
    const reader = new MsgpackReader(payload, SNAPSHOT_WIRE_FAULTS);
    const fields = reader.arrayHeader();
    if (fields < SNAPSHOT_FIELDS) throw tooFew('snapshot', fields);
    const snapshot = {
      counter: safeInteger(reader),
      timestampNs: integer(reader),
      state: readState(reader),
      pendingTaskCount: safeInteger(reader),
      metrics: Array.from({ length: reader.arrayHeader() }, () => readMetric(reader)),
    };
    const [extras] = trailing(reader, fields - SNAPSHOT_FIELDS);
    reader.end();
    return isMap(extras) ? { ...snapshot, extras } : snapshot;
  }

  /** Drops what is no snapshot; anything else that was thrown goes on. */
  onDecodeError(error: unknown): undefined {
    if (!(error instanceof SnapshotWireError)) throw error;
  }
}

function writeMetric(writer: MsgpackWriter, metric: MetricSnapshot): void {
  if (metric.type === 'series') {
    writeSeries(writer, metric);
    return;
  }
  writer.arrayHeader(COUNTER_FIELDS);
  writer.text(metric.type);
  writer.text(metric.name);
  writeNumber(writer, metric.value, metric.valueKind);
}

function writeSeries(writer: MsgpackWriter, series: SeriesSnapshot): void {
  const extras = extrasOf(series);
  // The extremes of nothing are whole zeros whatever the kind, as in the reference.
  const extremeKind = series.count === 0 ? 'int' : series.valueKind;
  writer.arrayHeader(SERIES_FIELDS + (extras === undefined ? 0 : 1));
  writer.text(series.type);
  writer.text(series.name);
  writer.int(series.count);
  writeNumber(writer, series.total, series.valueKind);
  writeNumber(writer, series.min, extremeKind);
  writeNumber(writer, series.max, extremeKind);
  writer.double(series.sumSq);
  writeByPercentile(writer, series.percentiles);
  writer.arrayHeader(series.histogram.length);
  for (const [[low, high], count] of series.histogram) {
    writer.arrayHeader(2);
    writer.arrayHeader(2);
    writer.double(low);
    writer.double(high);
    writer.int(count);
  }
  if (series.earlyStoppingPercentiles === null) writer.nil();
  else writeByPercentile(writer, series.earlyStoppingPercentiles);
  if (extras !== undefined) writeSeriesExtras(writer, extras);
}

type SeriesExtras = Pick<SeriesSnapshot, 'sumSqExact' | 'stdDev' | 'quantiles'>;

function extrasOf({ sumSqExact, stdDev, quantiles }: SeriesSnapshot): SeriesExtras | undefined {
  if (sumSqExact === undefined && stdDev === undefined && quantiles === undefined) return undefined;
  return {
    ...(sumSqExact === undefined ? {} : { sumSqExact }),
    ...(stdDev === undefined ? {} : { stdDev }),
    ...(quantiles === undefined ? {} : { quantiles }),
  };
}

function writeSeriesExtras(writer: MsgpackWriter, extras: SeriesExtras): void {
  writer.mapHeader(Object.keys(extras).length);
  if (extras.sumSqExact !== undefined) {
    writer.text('sum_sq_exact');
    writer.text(String(extras.sumSqExact));
  }
  if (extras.stdDev !== undefined) {
    writer.text('std_dev');
    writeNullable(writer, extras.stdDev);
  }
  if (extras.quantiles !== undefined) {
    writer.text('quantiles');
    writeQuantiles(writer, extras.quantiles);
  }
}

/** By percentile [value], or [value, low, high] with an interval. */
function writeQuantiles(writer: MsgpackWriter, quantiles: Readonly<Record<string, QuantileEstimate>>): void {
  const entries = Object.entries(quantiles);
  writer.mapHeader(entries.length);
  for (const [key, { value, low, high }] of entries) {
    writer.text(key);
    const hasInterval = low !== undefined && high !== undefined;
    writer.arrayHeader(hasInterval ? 3 : 1);
    writer.double(value);
    if (!hasInterval) continue;
    writeNullable(writer, low);
    writeNullable(writer, high);
  }
}

function writeByPercentile(writer: MsgpackWriter, values: Readonly<Record<string, number | null>>): void {
  const entries = Object.entries(values);
  writer.mapHeader(entries.length);
  for (const [key, value] of entries) {
    writer.text(key);
    writeNullable(writer, value);
  }
}

function writeNullable(writer: MsgpackWriter, value: number | null): void {
  if (value === null) writer.nil();
  else writer.double(value);
}

/** An integer past 64 bits becomes a double. */
function writeNumber(writer: MsgpackWriter, value: ExactInteger, kind: ValueKind): void {
  if (kind === 'int' && value >= MIN_INT64 && value <= MAX_UINT64) writer.int(value);
  else writer.double(Number(value));
}

const MAX_UINT64 = 2n ** 64n - 1n;
const MIN_INT64 = -(2n ** 63n);

function readMetric(reader: MsgpackReader): MetricSnapshot {
  const fields = reader.arrayHeader();
  const type = fields === 0 ? 'nothing' : reader.text();
  if (type === 'counter') return readCounter(reader, fields);
  if (type === 'series') return readSeries(reader, fields);
  throw new SnapshotWireError(`the type of a metric must be counter or series (got ${type})`);
}

function readCounter(reader: MsgpackReader, fields: number): CounterSnapshot {
  if (fields < COUNTER_FIELDS) throw tooFew('counter', fields);
  const name = reader.text();
  const number = reader.number();
  trailing(reader, fields - COUNTER_FIELDS);
  return { type: 'counter', name, valueKind: kindOf(number), value: number.value };
}

function readSeries(reader: MsgpackReader, fields: number): SeriesSnapshot {
  if (fields < SERIES_FIELDS - 1) throw tooFew('series', fields);
  const name = reader.text();
  const count = safeInteger(reader);
  const total = reader.number();
  const series = {
    type: 'series',
    name,
    count,
    total: total.value,
    min: reader.number().value,
    max: reader.number().value,
    sumSq: Number(reader.number().value),
    percentiles: readByPercentile(reader),
    histogram: Array.from({ length: reader.arrayHeader() }, () => readBucket(reader)),
    earlyStoppingPercentiles: fields < SERIES_FIELDS || reader.nil() ? null : readByPercentile(reader),
  } as const;
  const [extras] = trailing(reader, fields - SERIES_FIELDS);
  const known = isMap(extras) ? seriesExtras(extras) : {};
  // A total past 64 bits travels as a double; the exact sum of squares tells that its series is of integers.
  return { ...series, ...known, valueKind: known.sumSqExact === undefined ? kindOf(total) : 'int' };
}

function seriesExtras(extras: JsonMap): SeriesExtras {
  const { sum_sq_exact: sumSqExact, std_dev: stdDev, quantiles } = extras;
  return {
    ...(typeof sumSqExact === 'string' && /^\d+$/.test(sumSqExact) ? { sumSqExact: BigInt(sumSqExact) } : {}),
    ...(typeof stdDev === 'number' || stdDev === null ? { stdDev } : {}),
    ...(isMap(quantiles) ? { quantiles: quantilesOf(quantiles) } : {}),
  };
}

/** What is no [value] or [value, low, high] is left out. */
function quantilesOf(quantiles: JsonMap): Readonly<Record<string, QuantileEstimate>> {
  return Object.fromEntries(
    Object.entries(quantiles).flatMap(([key, parts]) => {
      const [value, low, high] = Array.isArray(parts) ? (parts as readonly Json[]) : [];
      if (typeof value !== 'number') return [];
      return [[key, isEnd(low) && isEnd(high) ? { value, low, high } : { value }]];
    }),
  );
}

function isEnd(value: Json | undefined): value is number | null {
  return value === null || typeof value === 'number';
}

function readBucket(reader: MsgpackReader): HistogramBucket {
  assertPair(reader);
  assertPair(reader);
  const low = Number(reader.number().value);
  const high = Number(reader.number().value);
  return [[low, high], safeInteger(reader)];
}

function assertPair(reader: MsgpackReader): void {
  const length = reader.arrayHeader();
  if (length !== 2) throw new SnapshotWireError(`a bucket must have 2 elements (got ${length})`);
}

function readByPercentile(reader: MsgpackReader): Record<string, number | null> {
  const entries: [string, number | null][] = [];
  for (let left = reader.mapHeader(); left > 0; left--) {
    entries.push([reader.text(), reader.nil() ? null : Number(reader.number().value)]);
  }
  return Object.fromEntries(entries);
}

function readState(reader: MsgpackReader): SessionState {
  const text = reader.text();
  const state = SESSION_STATES.find((known) => known === text);
  if (state === undefined)
    throw new SnapshotWireError(`the state must be one of ${SESSION_STATES.join(' ')} (got ${text})`);
  return state;
}

function integer(reader: MsgpackReader): ExactInteger {
  const number = reader.number();
  if (number.isDouble) throw new SnapshotWireError(`a number must be an integer (got ${number.value})`);
  return number.value;
}

function safeInteger(reader: MsgpackReader): number {
  const value = integer(reader);
  if (typeof value === 'bigint') throw new SnapshotWireError(`a count must be below 2^53 (got ${value})`);
  return value;
}

/** Reads the elements that trail those known; none when `count` is not above 0. */
function trailing(reader: MsgpackReader, count: number): readonly Json[] {
  return Array.from({ length: Math.max(0, count) }, () => reader.value() as Json);
}

type JsonMap = { readonly [key: string]: Json };

function isMap(value: Json | undefined): value is JsonMap {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function kindOf(number: WireNumber): ValueKind {
  return number.isDouble ? 'float' : 'int';
}

function tooFew(what: string, fields: number): SnapshotWireError {
  return new SnapshotWireError(`${what} of ${fields} elements`);
}
