import { InferometerError } from '../core/errors.ts';
import type { RunId } from '../core/ids.ts';
import type { Json } from '../metrics/snapshot.ts';
import { FRAME_HEADER_BYTES, type Frame } from '../transport/frame.ts';

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
  /** Path of the tokenizer.json, or null. */
  readonly tokenizer: string | null;
  readonly requested_rate_per_second: number | null;
  /** Samples the plan will issue, or null when a duration ends it. */
  readonly planned_samples: number | null;
  /** The largest limit of output tokens sent; null when a request has none. Missing in logs of versions before 0.2. */
  readonly output_limit?: number | null;
  /** Rows of the dataset that were left out as unusable. Missing likewise. */
  readonly skipped_rows?: number;
  /** Rows whose request asks for the prompt in front of a streamed response. Missing likewise. */
  readonly echo_rows?: number;
  /** The configuration, secrets redacted. */
  readonly config: { readonly [key: string]: Json };
}

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

export function jsonOfFrame(frame: Frame): unknown {
  return JSON.parse(Buffer.from(frame.body).toString('utf8'));
}

export function decodeRunHeader(frame: Frame): RunHeader {
  const header = jsonOfFrame(frame) as RunHeader;
  if (header.format !== 1) {
    throw new InferometerError(
      'INFEROMETER_RUNLOG_FORMAT',
      'input',
      `run log: found format ${String(header.format)}, wanted 1; this version of the program cannot read it`,
    );
  }
  return header;
}
