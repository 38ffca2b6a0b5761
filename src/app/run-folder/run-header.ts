import { InferometerError } from '../../core/errors.ts';
import { RESPONSE_KINDS, type ResponseKind } from '../../core/response-kind.ts';
import type { RunId } from '../../core/ids.ts';
import { type GroupDimension, MAX_GROUP_VALUES, MAX_GROUPS } from '../../core/sample-groups.ts';
import type { Json } from '../../metrics/snapshot.ts';
import { FRAME_HEADER_BYTES, type Frame } from '../../transport/frame.ts';

/** The first frame of a run log: what a reader needs to make sense of the rest, as JSON. */
export interface RunHeader {
  readonly format: 1;
  readonly run_id: RunId;
  /** CLOCK_MONOTONIC at the run's origin, decimal. */
  readonly origin_ns: string;
  /** Wall clock at the origin, ISO 8601. */
  readonly started_at: string;
  readonly version: string;
  readonly streaming: boolean;
  /** Requests are turns of conversations. Missing in logs of single requests, and of versions before 0.2. */
  readonly conversations?: boolean;
  /** How the samples are divided: by endpoint, by model. Missing where all are alike. */
  readonly groups?: readonly GroupDimension[];
  /** What responses hold, where that is no text. */
  readonly response_kind?: ResponseKind;
  /** Path of the tokenizer.json, or null. */
  readonly tokenizer: string | null;
  /** On average, for a load whose rate changes as planned. */
  readonly requested_rate_per_second: number | null;
  /** The rate changes as planned. Missing in logs of versions before 0.2. */
  readonly rate_changes?: boolean;
  /** The stages of the load, or the file they came from, in words. Missing without stages. */
  readonly load?: string;
  /** Requests in flight at most; missing where nothing limits them. */
  readonly max_in_flight?: number;
  /** The load is a trace, sent at its own times; missing for any other. */
  readonly replay?: ReplayedTrace;
  /** The proxies that requests go through, without user and password. Missing without any. */
  readonly proxies?: readonly string[];
  /** The address of an endpoint is on this machine. Missing where none is. */
  readonly endpoint_here?: boolean;
  /** Samples the plan will issue, or null when a duration ends it. */
  readonly planned_samples: number | null;
  /** The largest limit of output tokens sent; null when a request has none. Missing in logs of versions before 0.2. */
  readonly output_limit?: number | null;
  /** The mean of these limits over the rows of the dataset; missing when a request had none. */
  readonly output_limit_mean?: number;
  /** Rows of the dataset that were left out as unusable. Missing likewise. */
  readonly skipped_rows?: number;
  /** Rows whose request asks for the prompt in front of a streamed response. Missing likewise. */
  readonly echo_rows?: number;
  /** How the metrics are made, where that is not the default. */
  readonly metrics?: MetricsSettings;
  /** The configuration, secrets redacted. */
  readonly config: { readonly [key: string]: Json };
  /** Who published the events, when we did not record them ourselves; absent for a run of our own. */
  readonly published_by?: PublishedBy;
}

/** A trace as a run replays it. */
export interface ReplayedTrace {
  /** Its path, as it was given. */
  readonly trace: string;
  readonly speed: number;
  /** Gaps were cut to this; null where they were not. */
  readonly idle_cap_ms: number | null;
  /** The part that is sent, on the clock of the trace; null where it begins or ends with the trace. */
  readonly from_ms: number | null;
  readonly to_ms: number | null;
  readonly arrivals: number;
  /** From the first arrival to the last, in time of the run. */
  readonly span_ns: number;
}

/** Whose events a run is made of: what an aggregator subscribed to, or a report directory of another load generator. */
export interface PublishedBy {
  /** Where an aggregator received them; none when they come from a report directory. */
  readonly addresses: readonly string[];
  /** Name of the program that sent the load; null when nothing tells. */
  readonly load_generator: string | null;
  /** What its record lacks. */
  readonly missing: readonly string[];
  /** Its own report takes QPS and TPS from the window of MLPerf LoadGen. */
  readonly legacy_qps: boolean;
}

/** As a snapshot carries it among what it tells of the run. */
export function publishedByJson({ addresses, load_generator, missing, legacy_qps }: PublishedBy): {
  readonly [key: string]: Json;
} {
  return { addresses: [...addresses], load_generator, missing: [...missing], legacy_qps };
}

/** Addresses that an aggregator subscribed to; none for other runs. */
export function publishersOf({ published_by: by }: Pick<RunHeader, 'published_by'>): readonly string[] {
  return by?.addresses ?? [];
}

/** Whether the events were received from publishers. */
export function isAggregated(header: Pick<RunHeader, 'published_by'>): boolean {
  return publishersOf(header).length > 0;
}

/** Whether it is a report directory of another load generator. */
export function isReportDirectory(header: Pick<RunHeader, 'published_by'>): boolean {
  return header.published_by !== undefined && !isAggregated(header);
}

/** What another launcher may ask of our aggregator. */
export interface MetricsSettings {
  readonly significant_figures?: number;
  readonly bucket_count?: number;
  readonly early_stopping?: boolean;
}

/** Ranges of {@link MetricsSettings}. */
export const METRICS_RANGES = {
  significantFigures: [1, 5],
  bucketCount: [1, 1000],
} as const satisfies Record<string, readonly [number, number]>;
/** Publishers of a run. */
export const MAX_PUBLISHERS = 256;

/** The header as an unsealed frame. */
export function encodeRunHeader(header: RunHeader): Uint8Array {
  return jsonFrame(header);
}

/** Any JSON as an unsealed frame: room for the frame's header, then the text. */
export function jsonFrame(value: unknown): Uint8Array {
  const body = Buffer.from(JSON.stringify(value), 'utf8');
  const bytes = new Uint8Array(FRAME_HEADER_BYTES + body.length);
  bytes.set(body, FRAME_HEADER_BYTES);
  return bytes;
}

/** Throws `INFEROMETER_RUNLOG_CONTENT` (input) for a body that is no JSON. */
export function jsonOfFrame(frame: Frame): unknown {
  try {
    return JSON.parse(Buffer.from(frame.body).toString('utf8'));
  } catch (error) {
    throw new InferometerError('INFEROMETER_RUNLOG_CONTENT', 'input', 'found a body that is no JSON', {
      cause: error,
    });
  }
}

/** Throws `INFEROMETER_RUNLOG_FORMAT` (input) for the header of another format, and `INFEROMETER_RUNLOG_CONTENT` (input) for none. */
export function decodeRunHeader(frame: Frame): RunHeader {
  const header = jsonOfFrame(frame);
  if (!isFields(header)) throw badHeader('it must be an object');
  if (header.format !== 1) {
    throw new InferometerError(
      'INFEROMETER_RUNLOG_FORMAT',
      'input',
      `run log: this version of the program reads format 1 only (got ${String(header.format)})`,
    );
  }
  for (const [field, { allowed, isFine }] of Object.entries(FIELDS)) {
    if (!isFine(header[field])) throw badHeader(`${field} must be ${allowed}`);
  }
  // Every field was looked at.
  return withPublishedBy(header as unknown as EarlierHeader);
}

/** A header as versions before 0.2 wrote it, or as it is now. */
interface EarlierHeader extends RunHeader {
  readonly publishers?: PublishedBy['addresses'];
  readonly foreign?: Omit<PublishedBy, 'addresses'>;
}

function withPublishedBy({ publishers, foreign, ...header }: EarlierHeader): RunHeader {
  if (publishers === undefined && foreign === undefined) return header;
  const unknown = { load_generator: null, missing: [], legacy_qps: false };
  return { ...header, published_by: { ...unknown, ...foreign, addresses: publishers ?? [] } };
}

interface FieldCheck {
  readonly allowed: string;
  readonly isFine: (value: unknown) => boolean;
}

const TEXT: FieldCheck = { allowed: 'text', isFine: (value) => typeof value === 'string' };
const NUMBER_OR_NULL: FieldCheck = {
  allowed: 'a number or null',
  isFine: (value) => value === null || Number.isFinite(value),
};
const NUMBER_IF_ANY: FieldCheck = {
  ...NUMBER_OR_NULL,
  isFine: (value) => value === undefined || NUMBER_OR_NULL.isFine(value),
};

/** What readers rely on. */
const FIELDS: Readonly<Record<string, FieldCheck>> = {
  run_id: TEXT,
  origin_ns: {
    allowed: 'a whole number as text',
    isFine: (value) => typeof value === 'string' && /^-?\d{1,20}$/.test(value),
  },
  started_at: TEXT,
  version: TEXT,
  streaming: { allowed: 'true or false', isFine: (value) => typeof value === 'boolean' },
  conversations: {
    allowed: 'true or false, if any',
    isFine: (value) => value === undefined || typeof value === 'boolean',
  },
  endpoint_here: {
    allowed: 'true or false, if any',
    isFine: (value) => value === undefined || typeof value === 'boolean',
  },
  groups: {
    allowed: `a list of dimensions, each with a name of its own and 2 to ${MAX_GROUP_VALUES} values, of up to ${MAX_GROUPS} groups, if any`,
    isFine: (value) => value === undefined || areDimensions(value),
  },
  response_kind: {
    allowed: `one of ${RESPONSE_KINDS.join(', ')}, if any`,
    isFine: (value) => value === undefined || RESPONSE_KINDS.some((kind) => kind === value),
  },
  tokenizer: { allowed: 'text or null', isFine: (value) => value === null || typeof value === 'string' },
  requested_rate_per_second: NUMBER_OR_NULL,
  planned_samples: NUMBER_OR_NULL,
  output_limit: NUMBER_IF_ANY,
  output_limit_mean: NUMBER_IF_ANY,
  skipped_rows: NUMBER_IF_ANY,
  max_in_flight: NUMBER_IF_ANY,
  published_by: {
    allowed: `an object of addresses (up to ${MAX_PUBLISHERS}), load_generator, missing and legacy_qps`,
    isFine: (value) => value === undefined || isPublishedBy(value),
  },
  // What logs of versions before 0.2 have instead.
  foreign: {
    allowed: 'an object of load_generator, missing and legacy_qps',
    isFine: (value) => value === undefined || (isFields(value) && isPublishedBy({ addresses: [], ...value })),
  },
  publishers: {
    allowed: `a list of 1 to ${MAX_PUBLISHERS} texts`,
    isFine: (value) => value === undefined || (areAddresses(value) && value.length > 0),
  },
  metrics: {
    allowed: 'settings of the metrics in their ranges',
    isFine: (value) => value === undefined || (isFields(value) && areMetricsSettings(value)),
  },
  config: { allowed: 'an object', isFine: isFields },
  replay: {
    allowed: 'a trace with its speed, arrivals and span_ns, if any',
    isFine: (value) => value === undefined || isReplayedTrace(value),
  },
};

function areDimensions(value: unknown): boolean {
  return (
    Array.isArray(value) &&
    new Set(value.map((one: unknown) => isFields(one) && one.name)).size === value.length &&
    value.every((one: unknown) => {
      if (!isFields(one) || typeof one.name !== 'string' || !areTexts(one.values)) return false;
      return one.values.length >= 2 && one.values.length <= MAX_GROUP_VALUES;
    }) &&
    (value as readonly GroupDimension[]).reduce((groups, { values }) => groups * values.length, 1) <=
      MAX_GROUPS
  );
}

function areMetricsSettings(found: Readonly<Record<string, unknown>>): boolean {
  const { significant_figures: figures, bucket_count: buckets, early_stopping: early } = found;
  return (
    isWholeIfAny(figures, METRICS_RANGES.significantFigures) &&
    isWholeIfAny(buckets, METRICS_RANGES.bucketCount) &&
    (early === undefined || typeof early === 'boolean')
  );
}

function isWholeIfAny(value: unknown, [least, most]: readonly [number, number]): boolean {
  return value === undefined || (Number.isInteger(value) && Number(value) >= least && Number(value) <= most);
}

function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isReplayedTrace(value: unknown): boolean {
  if (!isFields(value) || typeof value.trace !== 'string') return false;
  const areNumbers = ['speed', 'arrivals', 'span_ns'].every((name) => Number.isFinite(value[name]));
  return (
    areNumbers && ['idle_cap_ms', 'from_ms', 'to_ms'].every((name) => NUMBER_OR_NULL.isFine(value[name]))
  );
}

function isPublishedBy(value: unknown): boolean {
  if (!isFields(value)) return false;
  const { addresses, load_generator: generator, missing, legacy_qps: legacy } = value;
  return (
    areAddresses(addresses) &&
    (generator === null || typeof generator === 'string') &&
    typeof legacy === 'boolean' &&
    areTexts(missing)
  );
}

function areAddresses(value: unknown): value is readonly string[] {
  return areTexts(value) && value.length <= MAX_PUBLISHERS;
}

function areTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((part) => typeof part === 'string');
}

function badHeader(why: string): InferometerError {
  return new InferometerError('INFEROMETER_RUNLOG_CONTENT', 'input', `the run header is not valid: ${why}`);
}
