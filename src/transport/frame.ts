import { crc32 } from 'node:zlib';

/** Bytes of a topic on any socket of ours: its text, padded with NUL. */
export const TOPIC_BYTES = 40;

/** A topic text as the 40 bytes it is on the wire. Throws RangeError when it does not fit. */
export function topicBytes(topic: string): Uint8Array {
  const text = new TextEncoder().encode(topic);
  if (text.length > TOPIC_BYTES)
    throw new RangeError(`topic of ${text.length} bytes, at most ${TOPIC_BYTES}: ${topic}`);
  const bytes = new Uint8Array(TOPIC_BYTES);
  bytes.set(text);
  return bytes;
}

/** Payloads of several messages in one frame travel under this topic. */
export const BATCH_TOPIC = topicBytes('batch');
/** Frames of the run log travel under this topic. */
export const FRAME_TOPIC = topicBytes('frame');

/**
 * What a frame of the run holds: `runHeader`, `health`, `mark` and `account` JSON, `prompts` the requests' content by dataset row, `events`
 * the columns of an `EventBatch`, `windows` how late the reads of the `events` frame behind it may be (`events/lateness-windows.ts`),
 * `messages` what publishers of the record wire sent, as it was received (`events/received-messages.ts`), `reception` JSON of what did not
 * arrive, `records` what was read from them (`events/read-records.ts`), `serverMetrics` JSON of what a server told of itself, `power` JSON of what it drew, `agent` JSON
 * of what happened to one load generator of several.
 */
export const FrameKind = {
  runHeader: 1,
  prompts: 2,
  events: 3,
  health: 4,
  mark: 5,
  windows: 6,
  account: 7,
  messages: 8,
  reception: 9,
  serverMetrics: 10,
  power: 11,
  agent: 12,
  records: 13,
} as const;
export type FrameKind = (typeof FrameKind)[keyof typeof FrameKind];

/**
 * Frame layout, little-endian, the same in the run log and on the bus:
 *
 * | bytes | what |
 * |---|---|
 * | 0–3 | magic `INFR` |
 * | 4 | version, 1 |
 * | 5 | kind |
 * | 6–7 | zero |
 * | 8–15 | sequence number in the run, from 0, unsigned 64 bit |
 * | 16–19 | length of the body |
 * | 20–23 | CRC-32 of bytes 4–19 and the body |
 * | 24– | body |
 */
export const FRAME_HEADER_BYTES = 24;
const MAGIC = 0x52_46_4e_49;
/** The header and its checksum are the same in every version, so that a damaged frame is never taken for a newer one. */
export const FRAME_VERSION = 1;

export interface Frame {
  readonly kind: FrameKind;
  readonly seq: number;
  /** Header and body, as logged and sent. */
  readonly bytes: Uint8Array;
  readonly body: Uint8Array;
}

/**
 * Completes a frame whose body already stands at byte 24 of `bytes`: writes the header with the final sequence number.
 * One CRC over the body (about 1 GB/s), no copy.
 */
export function sealFrame(bytes: Uint8Array, kind: FrameKind, seq: number): Frame {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const body = bytes.subarray(FRAME_HEADER_BYTES);
  view.setUint32(0, MAGIC, true);
  view.setUint8(4, FRAME_VERSION);
  view.setUint8(5, kind);
  view.setUint16(6, 0, true);
  view.setBigUint64(8, BigInt(seq), true);
  view.setUint32(16, body.length, true);
  view.setUint32(20, checksum(bytes, body), true);
  return { kind, seq, bytes, body };
}

/** A new frame around a copy of `body`. */
export function frameOf(kind: FrameKind, seq: number, body: Uint8Array): Frame {
  const bytes = new Uint8Array(FRAME_HEADER_BYTES + body.length);
  bytes.set(body, FRAME_HEADER_BYTES);
  return sealFrame(bytes, kind, seq);
}

/** Why bytes are no whole frame: `short` may become one when more arrive, the others never will. */
export type FrameFault = 'short' | 'magic' | 'version' | 'checksum';

/** Reads the frame at the start of `bytes` (views, no copy), or says why there is none. */
export function openFrame(bytes: Uint8Array): Frame | FrameFault {
  if (bytes.length < FRAME_HEADER_BYTES) return 'short';
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0, true) !== MAGIC) return 'magic';
  const end = FRAME_HEADER_BYTES + view.getUint32(16, true);
  if (bytes.length < end) return 'short';
  const whole = bytes.subarray(0, end);
  const body = whole.subarray(FRAME_HEADER_BYTES);
  if (view.getUint32(20, true) !== checksum(whole, body)) return 'checksum';
  if (view.getUint8(4) !== FRAME_VERSION) return 'version';
  return { kind: view.getUint8(5) as FrameKind, seq: Number(view.getBigUint64(8, true)), bytes: whole, body };
}

function checksum(bytes: Uint8Array, body: Uint8Array): number {
  return crc32(body, crc32(bytes.subarray(4, 20)));
}
