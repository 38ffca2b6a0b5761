import type { JetStreamClient } from '@nats-io/jetstream';
import { headers, type MsgHdrs } from '@nats-io/transport-node';
import type { FramePart } from '../../cluster/frame-order.ts';

const SEQ_HEADER = 'Inferometer-Seq';
const PART_HEADER = 'Inferometer-Part';
/** Of a message, for its headers. */
const HEADER_ROOM_BYTES = 1024;
const MAX_PART_BYTES = 512 * 1024;
const ACK_TIMEOUT_MS = 5000;

/** The bytes of one message at most. */
export function partBytesOf(maxPayload: number): number {
  return Math.min(MAX_PART_BYTES, maxPayload - HEADER_ROOM_BYTES);
}

/** Cuts a frame to what fits into messages. Views, no copy. */
export function partsOf(seq: number, bytes: Uint8Array, partBytes: number): FramePart[] {
  const parts = Math.max(1, Math.ceil(bytes.length / partBytes));
  return Array.from({ length: parts }, (_, part) => {
    return { seq, part, parts, bytes: bytes.subarray(part * partBytes, (part + 1) * partBytes) };
  });
}

/** Resolves once the stream has it. The id lets NATS drop what comes a second time. */
export async function publishPart(
  js: JetStreamClient,
  subject: string,
  publisher: string,
  { seq, part, parts, bytes }: FramePart,
): Promise<void> {
  const marked = headers();
  marked.set(SEQ_HEADER, String(seq));
  if (parts > 1) marked.set(PART_HEADER, `${part}/${parts}`);
  const msgID = `${publisher}.${seq}.${part}`;
  await js.publish(subject, bytes, { headers: marked, msgID, timeout: ACK_TIMEOUT_MS, retries: 1 });
}

/** The number of the frame that a message is of, or has a part of; 0 where it has none. */
export function frameOf(found: MsgHdrs | undefined): number {
  return Number(found?.get(SEQ_HEADER) || 0);
}

/** Undefined for a message that is none of ours. */
export function partOf(found: MsgHdrs | undefined, bytes: Uint8Array): FramePart | undefined {
  const seq = Number(found?.get(SEQ_HEADER) || NaN);
  const [part = 0, parts = 1] = (found?.get(PART_HEADER) || '0/1').split('/').map(Number);
  const isWhole = [seq, part, parts].every(Number.isSafeInteger);
  return isWhole && seq >= 0 && part >= 0 && part < parts && parts < 65_536
    ? { seq, part, parts, bytes }
    : undefined;
}
