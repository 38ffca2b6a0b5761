import { FRAME_HEADER_BYTES } from '../transport/frame.ts';
import { WireFormatError } from './wire-format-error.ts';

/**
 * Body of a `windows` frame, little-endian: the reads of a worker in the `events` frames that follow it which may be late.
 *
 * | bytes | what |
 * |---|---|
 * | 0–3 | worker id |
 * | 4–7 | zero |
 * | 24 n | n windows: first read, last read, and since when what they read may have been there; ns since the origin, float64 |
 *
 * Windows are in the order of time. A read at t of a window may be t − origin late, any other no more than the health of its second tells.
 */
const HEADER_BYTES = 8;
/** Numbers of a window. */
export const WINDOW_NUMBERS = 3;

/** The windows of one worker, {@link WINDOW_NUMBERS} numbers each: first read, last read, origin. */
export interface LatenessWindows {
  readonly workerId: number;
  readonly windows: Float64Array;
}

/** As an unsealed frame. */
export function encodeWindowsFrame({ workerId, windows }: LatenessWindows): Uint8Array {
  const frame = new Uint8Array(FRAME_HEADER_BYTES + HEADER_BYTES + windows.byteLength);
  new DataView(frame.buffer).setInt32(FRAME_HEADER_BYTES, workerId, true);
  new Float64Array(frame.buffer, FRAME_HEADER_BYTES + HEADER_BYTES).set(windows);
  return frame;
}

/** Throws {@link WireFormatError} for a body that is none. */
export function decodeWindows(body: Uint8Array): LatenessWindows {
  const bytes = body.length - HEADER_BYTES;
  if (bytes < 0 || bytes % (WINDOW_NUMBERS * Float64Array.BYTES_PER_ELEMENT) !== 0) {
    throw new WireFormatError(
      'ValidationError',
      `lateness windows have an impossible length: ${body.length} bytes`,
    );
  }
  // A copy: the body need not lie at a multiple of 8.
  const copy = new Uint8Array(body);
  return {
    workerId: new DataView(copy.buffer).getInt32(0, true),
    windows: new Float64Array(copy.buffer, HEADER_BYTES),
  };
}
