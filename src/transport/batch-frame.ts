import { BATCH_TOPIC, TOPIC_BYTES } from './frame.ts';
import type { EncodedMessage } from './message.ts';

/** One message as a frame: topic, payload. Copies the payload once. */
export function packSingle(message: EncodedMessage): Uint8Array {
  const frame = Buffer.allocUnsafeSlow(TOPIC_BYTES + message.payload.length);
  frame.set(message.topic);
  frame.set(message.payload, TOPIC_BYTES);
  return frame;
}

/** Several payloads as a frame: the batch topic, then a MessagePack array of binaries. */
export function packBatch(payloads: readonly Uint8Array[]): Uint8Array {
  const payloadBytes = payloads.reduce(
    (sum, payload) => sum + binaryHeaderBytes(payload.length) + payload.length,
    0,
  );
  const frame = Buffer.allocUnsafeSlow(TOPIC_BYTES + arrayHeaderBytes(payloads.length) + payloadBytes);
  frame.set(BATCH_TOPIC);
  let at = writeArrayHeader(frame, TOPIC_BYTES, payloads.length);
  for (const payload of payloads) {
    at = writeBinaryHeader(frame, at, payload.length);
    frame.set(payload, at);
    at += payload.length;
  }
  return frame;
}

export function isBatchFrame(frame: Uint8Array): boolean {
  for (let i = 0; i < TOPIC_BYTES; i++) if (frame[i] !== BATCH_TOPIC[i]) return false;
  return true;
}

/** The payloads of a batch frame as views, or `undefined` when its array is not exactly one of binaries. */
export function unpackBatch(frame: Uint8Array): Uint8Array[] | undefined {
  const view = new DataView(frame.buffer, frame.byteOffset, frame.byteLength);
  const payloads: Uint8Array[] = [];
  try {
    const array = readArrayHeader(view, TOPIC_BYTES);
    if (array === undefined) return undefined;
    let at = array.end;
    for (let i = 0; i < array.length; i++) {
      const binary = readBinaryHeader(view, at);
      if (binary === undefined || binary.end + binary.length > frame.length) return undefined;
      at = binary.end + binary.length;
      payloads.push(frame.subarray(binary.end, at));
    }
    return at === frame.length ? payloads : undefined;
  } catch (error) {
    if (error instanceof RangeError) return undefined; // a length that reaches beyond the frame
    throw error;
  }
}

function arrayHeaderBytes(length: number): number {
  return length < 16 ? 1 : length <= 0xffff ? 3 : 5;
}

function binaryHeaderBytes(length: number): number {
  return length <= 0xff ? 2 : length <= 0xffff ? 3 : 5;
}

function writeArrayHeader(frame: Buffer, at: number, length: number): number {
  if (length < 16) return frame.writeUInt8(0x90 | length, at);
  if (length <= 0xffff) return frame.writeUInt16BE(length, frame.writeUInt8(0xdc, at));
  return frame.writeUInt32BE(length, frame.writeUInt8(0xdd, at));
}

function writeBinaryHeader(frame: Buffer, at: number, length: number): number {
  if (length <= 0xff) return frame.writeUInt8(length, frame.writeUInt8(0xc4, at));
  if (length <= 0xffff) return frame.writeUInt16BE(length, frame.writeUInt8(0xc5, at));
  return frame.writeUInt32BE(length, frame.writeUInt8(0xc6, at));
}

interface Header {
  readonly length: number;
  /** Where the header ends. */
  readonly end: number;
}

function readArrayHeader(view: DataView, at: number): Header | undefined {
  const marker = view.getUint8(at);
  if (marker >> 4 === 0x9) return { length: marker & 0xf, end: at + 1 };
  if (marker === 0xdc) return { length: view.getUint16(at + 1), end: at + 3 };
  if (marker === 0xdd) return { length: view.getUint32(at + 1), end: at + 5 };
  return undefined;
}

function readBinaryHeader(view: DataView, at: number): Header | undefined {
  const marker = view.getUint8(at);
  if (marker === 0xc4) return { length: view.getUint8(at + 1), end: at + 2 };
  if (marker === 0xc5) return { length: view.getUint16(at + 1), end: at + 3 };
  if (marker === 0xc6) return { length: view.getUint32(at + 1), end: at + 5 };
  return undefined;
}
