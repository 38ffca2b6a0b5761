import { datasetError, isRowValues, type RowValues, shown } from '../../dataset/row.ts';
import type { Fields } from '../fields.ts';

/** One span, whatever form its file has. */
export interface Span {
  readonly fields: Fields;
  readonly traceId: string;
  readonly id: string;
  readonly parentId: string | undefined;
  readonly name: string;
  /** Since 1970. */
  readonly startNs: bigint;
  readonly endNs: bigint;
  readonly hasFailed: boolean;
  readonly attributes: RowValues;
}

const STATUS_ERROR: readonly unknown[] = [2, 'STATUS_CODE_ERROR', 'ERROR'];

/** The spans of one row: OTLP's TracesData, a file or a line with a list of spans, or a span itself. */
export function* spansOf(row: Fields): Generator<Span> {
  if (row.has('resourceSpans')) {
    for (const resource of row.objects('resourceSpans')) {
      for (const scope of resource.objects('scopeSpans')) {
        for (const span of scope.objects('spans')) yield otlpSpan(span);
      }
    }
  } else if (row.has('span_id')) yield flatSpan(row, undefined);
  else {
    row.list('spans');
    for (const span of row.objects('spans')) yield flatSpan(span, row.textOr('trace_id', undefined));
  }
}

/** Times and large numbers are decimal texts, attributes a list of keys with typed values. */
function otlpSpan(fields: Fields): Span {
  return {
    fields,
    traceId: fields.text('traceId'),
    id: fields.text('spanId'),
    parentId: fields.values.parentSpanId === '' ? undefined : fields.textOr('parentSpanId', undefined),
    name: fields.textOr('name', ''),
    startNs: nanoseconds(fields, 'startTimeUnixNano'),
    endNs: nanoseconds(fields, 'endTimeUnixNano'),
    hasFailed: STATUS_ERROR.includes(fields.objectOr('status', undefined)?.code),
    attributes: Object.fromEntries(
      [...fields.objects('attributes')].map((one) => [one.text('key'), plainValue(one.values.value)]),
    ),
  };
}

/** Times are ISO texts, attributes an object. */
function flatSpan(fields: Fields, traceId: string | undefined): Span {
  return {
    fields,
    // The file's own id names the session when there is one.
    traceId: traceId ?? fields.text('trace_id'),
    id: fields.text('span_id'),
    parentId: fields.textOr('parent_span_id', undefined),
    name: fields.textOr('name', ''),
    startNs: isoTime(fields, 'start_time'),
    endNs: isoTime(fields, 'end_time'),
    hasFailed: STATUS_ERROR.includes(fields.objectOr('status', undefined)?.code),
    attributes: fields.objectOr('attributes', {}),
  };
}

function nanoseconds(fields: Fields, name: string): bigint {
  const value = fields.values[name];
  if ((typeof value === 'string' || typeof value === 'number') && /^\d{1,20}$/.test(String(value)))
    return BigInt(value);
  throw fields.fault(name, 'nanoseconds since 1970, as a number or as text');
}

const NS_PER_MS = 1_000_000n;
const ISO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.(\d{1,9}))?(?:Z|[+-]\d\d:?\d\d)?$/;
const MS_DIGITS = 3;
const NS_DIGITS = 9;

function isoTime(fields: Fields, name: string): bigint {
  const text = fields.text(name);
  const match = ISO_TIME.exec(text);
  // A time without a zone is UTC, as tracers write it.
  const ms = match === null ? NaN : Date.parse(/(?:Z|[+-]\d\d:?\d\d)$/.test(text) ? text : `${text}Z`);
  if (!Number.isFinite(ms)) {
    throw datasetError(
      `${fields.place()}: ${name}`,
      `must be a time such as 2026-02-03T09:00:00.000Z (got ${shown(text)})`,
    );
  }
  const below = (match?.[1] ?? '').padEnd(NS_DIGITS, '0').slice(MS_DIGITS);
  return BigInt(Math.floor(ms)) * NS_PER_MS + BigInt(below);
}

/** OTLP's AnyValue as the value it stands for. */
function plainValue(value: unknown): unknown {
  if (!isRowValues(value)) return value;
  if ('stringValue' in value) return value.stringValue;
  if ('boolValue' in value) return value.boolValue;
  if ('intValue' in value) return Number(value.intValue);
  if ('doubleValue' in value) return Number(value.doubleValue);
  if ('arrayValue' in value) {
    const items = isRowValues(value.arrayValue) ? value.arrayValue.values : [];
    return Array.isArray(items) ? items.map(plainValue) : [];
  }
  if ('kvlistValue' in value) {
    const pairs = isRowValues(value.kvlistValue) ? value.kvlistValue.values : [];
    const list = Array.isArray(pairs) ? pairs.filter(isRowValues) : [];
    return Object.fromEntries(list.map((pair) => [String(pair.key), plainValue(pair.value)]));
  }
  return undefined;
}
