import { FRAME_HEADER_BYTES } from '../transport/frame.ts';
import { decodeBatch, encodeBatchBehind } from './columnar-codec.ts';
import type { EventBatch } from './event-batch.ts';
import { WireFormatError } from './wire-format-error.ts';

/**
 * Body of a `records` frame, little-endian: what was read from messages of one publisher, when all of it could be read and none was of the session.
 *
 * | bytes | what |
 * |---|---|
 * | 0–3 | publisher: its position in the header's list |
 * | 4–7 | messages that were read |
 * | 8–15 | what was added to the publisher's timestamps to have them on the clock of the run's origin, ns, signed |
 * | 16– | the columns of an `events` frame |
 *
 * The first record of a sample has its uuid in a note, with whatever else its records say in common; a later one has a note when it says
 * something else (`record-notes.ts`). A quarter of the bytes of the messages.
 */
const HEADER_BYTES = 16;

export interface ReadRecords {
  readonly publisher: number;
  readonly messages: number;
  readonly shiftNs: bigint;
  readonly batch: EventBatch;
}

/** The records as an unsealed frame, in `memory` when that is large enough. Copies each column once. */
export function encodeRecordsFrame(
  { publisher, messages, shiftNs, batch }: ReadRecords,
  memory?: Uint8Array,
): Uint8Array {
  const frame = encodeBatchBehind(FRAME_HEADER_BYTES + HEADER_BYTES, batch, memory);
  const header = new DataView(frame.buffer, FRAME_HEADER_BYTES, HEADER_BYTES);
  header.setUint32(0, publisher, true);
  header.setUint32(4, messages, true);
  header.setBigInt64(8, shiftNs, true);
  return frame;
}

/** The records in a body; the columns are views into it. Throws {@link WireFormatError} for a body that is none. */
export function decodeRecords(body: Uint8Array): ReadRecords {
  if (body.length < HEADER_BYTES)
    throw new WireFormatError('ValidationError', `records of ${body.length} bytes have no header`);
  const view = new DataView(body.buffer, body.byteOffset, HEADER_BYTES);
  return {
    publisher: view.getUint32(0, true),
    messages: view.getUint32(4, true),
    shiftNs: view.getBigInt64(8, true),
    batch: decodeBatch(body.subarray(HEADER_BYTES)),
  };
}
