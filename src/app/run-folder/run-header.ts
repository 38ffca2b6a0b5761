import { InferometerError } from '../../core/errors.ts';
import type { RunId } from '../../core/ids.ts';
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
  /** Path of the tokenizer.json, or null. */
  readonly tokenizer: string | null;
  /** On average, for a load whose rate changes as planned. */
  readonly requested_rate_per_second: number | null;
  /** The rate changes as planned. Missing in logs of versions before 0.2. */
  readonly rate_changes?: boolean;
  /** The stages of the load, or the file they came from, in words. Missing without stages. */
  readonly load?: string;
  /** Samples the plan will issue, or null when a duration ends it. */
  readonly planned_samples: number | null;
  /** The largest limit of output tokens sent; null when a request has none. Missing in logs of versions before 0.2. */
  readonly output_limit?: number | null;
  /** Rows of the dataset that were left out as unusable. Missing likewise. */
  readonly skipped_rows?: number;
  /** Rows whose request asks for the prompt in front of a streamed response. Missing likewise. */
  readonly echo_rows?: number;
  /** Addresses of the publishers whose events were aggregated, at least one; missing for a run of our own. */
  readonly publishers?: readonly string[];
  /** How the metrics are made, where that is not the default. */
  readonly metrics?: MetricsSettings;
  /** The configuration, secrets redacted. */
  readonly config: { readonly [key: string]: Json };
  /** Of a run that another load generator recorded; absent for ours. */
  readonly foreign?: ForeignRun;
}

/** What is known of a run that is not ours. */
export interface ForeignRun {
  readonly load_generator: string;
  /** What its record lacks. */
  readonly missing: readonly string[];
  /** Its own report takes QPS and TPS from the window of MLPerf LoadGen. */
  readonly legacy_qps: boolean;
}

/** As a snapshot carries it among what it tells of the run. */
export function foreignJson({ load_generator, missing, legacy_qps }: ForeignRun): {
  readonly [key: string]: Json;
} {
  return { load_generator, missing: [...missing], legacy_qps };
}

/** Whose load it was: another program's, of which nothing is known but what it published, or our own. */
export function isAggregated({ publishers }: Pick<RunHeader, 'publishers'>): boolean {
  return publishers !== undefined;
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
  if (!isFields(header)) throw badHeader('an object');
  if (header.format !== 1) {
    throw new InferometerError(
      'INFEROMETER_RUNLOG_FORMAT',
      'input',
      `run log: found format ${String(header.format)}, wanted 1; this version of the program cannot read it`,
    );
  }
  for (const [field, { wanted, isFine }] of Object.entries(FIELDS)) {
    if (!isFine(header[field])) throw badHeader(`${field}: ${wanted}`);
  }
  // Every field was looked at.
  return header as unknown as RunHeader;
}

interface FieldCheck {
  readonly wanted: string;
  readonly isFine: (value: unknown) => boolean;
}

const TEXT: FieldCheck = { wanted: 'text', isFine: (value) => typeof value === 'string' };
const NUMBER_OR_NULL: FieldCheck = {
  wanted: 'a number or null',
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
    wanted: 'a whole number as text',
    isFine: (value) => typeof value === 'string' && /^-?\d{1,20}$/.test(value),
  },
  started_at: TEXT,
  version: TEXT,
  streaming: { wanted: 'true or false', isFine: (value) => typeof value === 'boolean' },
  conversations: {
    wanted: 'true or false, if any',
    isFine: (value) => value === undefined || typeof value === 'boolean',
  },
  tokenizer: { wanted: 'text or null', isFine: (value) => value === null || typeof value === 'string' },
  requested_rate_per_second: NUMBER_OR_NULL,
  planned_samples: NUMBER_OR_NULL,
  output_limit: NUMBER_IF_ANY,
  skipped_rows: NUMBER_IF_ANY,
  publishers: {
    wanted: `a list of 1 to ${MAX_PUBLISHERS} texts`,
    isFine: (value) =>
      value === undefined ||
      (Array.isArray(value) &&
        value.length > 0 &&
        value.length <= MAX_PUBLISHERS &&
        value.every((address) => typeof address === 'string')),
  },
  metrics: {
    wanted: 'settings of the metrics in their ranges',
    isFine: (value) => value === undefined || (isFields(value) && areMetricsSettings(value)),
  },
  config: { wanted: 'an object', isFine: isFields },
  foreign: {
    wanted: 'load_generator, missing and legacy_qps, if any',
    isFine: (value) => value === undefined || isForeignRun(value),
  },
};

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

function isForeignRun(value: unknown): boolean {
  if (!isFields(value)) return false;
  const { load_generator: generator, missing, legacy_qps: legacy } = value;
  return (
    typeof generator === 'string' &&
    typeof legacy === 'boolean' &&
    Array.isArray(missing) &&
    missing.every((part) => typeof part === 'string')
  );
}

function badHeader(wanted: string): InferometerError {
  return new InferometerError(
    'INFEROMETER_RUNLOG_CONTENT',
    'input',
    `found a run header that is none, wanted ${wanted}`,
  );
}
