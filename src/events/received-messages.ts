import { FRAME_HEADER_BYTES } from '../transport/frame.ts';
import { WireFormatError } from './wire-format-error.ts';

/**
 * Body of a `messages` frame, little-endian: messages of one publisher as they were received, topic and payload.
 *
 * | bytes | what |
 * |---|---|
 * | 0–3 | publisher: its position in the header's list |
 * | 4–7 | messages n |
 * | 8–15 | what is added to the publisher's timestamps to have them on the clock of the run's origin, ns, signed |
 * | 4 n | where each message ends, uint32, from the start of the first |
 * | … | the messages, without gaps |
 */
const HEADER_BYTES = 16;
const BYTES_PER_END = 4;
const LEAST_MEMORY = 2 ** 20;

export interface ReceivedMessages {
  readonly publisher: number;
  readonly shiftNs: bigint;
  /** The whole body; messages are parts of it. */
  readonly bytes: Uint8Array;
  readonly view: DataView;
  readonly count: number;
}

/**
 * The messages as an unsealed frame, in `memory` when that is large enough: who makes many keeps what the last one was made in. Copies each
 * message once.
 */
export function encodeMessagesFrame(
  publisher: number,
  shiftNs: bigint,
  messages: readonly Uint8Array[],
  memory?: Buffer,
): Buffer {
  const messageBytes = messages.reduce((sum, { length }) => sum + length, 0);
  const startsAt = FRAME_HEADER_BYTES + HEADER_BYTES + BYTES_PER_END * messages.length;
  const frameBytes = startsAt + messageBytes;
  const frame =
    memory !== undefined && memory.buffer.byteLength >= frameBytes
      ? Buffer.from(memory.buffer, 0, frameBytes)
      : Buffer.allocUnsafeSlow(Math.max(frameBytes, LEAST_MEMORY)).subarray(0, frameBytes);
  let at = frame.writeUInt32LE(publisher, FRAME_HEADER_BYTES);
  at = frame.writeUInt32LE(messages.length, at);
  at = frame.writeBigInt64LE(shiftNs, at);
  let end = 0;
  for (const message of messages) {
    frame.set(message, startsAt + end);
    end += message.length;
    at = frame.writeUInt32LE(end, at);
  }
  return frame;
}

/** The messages in a body, as views. Throws {@link WireFormatError} when the lengths are not what they must be. */
export function decodeMessages(body: Uint8Array): ReceivedMessages {
  if (body.length < HEADER_BYTES) throw malformed(`messages of ${body.length} bytes have no header`);
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const count = view.getUint32(4, true);
  const received = {
    ...{ publisher: view.getUint32(0, true), shiftNs: view.getBigInt64(8, true) },
    ...{ bytes: body, view, count },
  };
  if (HEADER_BYTES + count * BYTES_PER_END > body.length)
    throw malformed(`${count} messages in ${body.length} bytes`);
  let previous = startOf(count);
  for (let i = 0; i < count; i++) {
    const end = endOfMessage(received, i);
    if (end < previous) throw malformed(`message ${i} ends at ${end}, before it starts at ${previous}`);
    previous = end;
  }
  if (previous !== body.length) throw malformed(`messages must end at ${body.length} (got ${previous})`);
  return received;
}

/** Where message `index` begins in the bytes. */
export function startOfMessage(received: ReceivedMessages, index: number): number {
  return index === 0 ? startOf(received.count) : endOfMessage(received, index - 1);
}

/** Where it ends. */
export function endOfMessage({ view, count }: ReceivedMessages, index: number): number {
  return startOf(count) + view.getUint32(HEADER_BYTES + BYTES_PER_END * index, true);
}

function startOf(count: number): number {
  return HEADER_BYTES + BYTES_PER_END * count;
}

function malformed(message: string): WireFormatError {
  return new WireFormatError('ValidationError', message);
}
