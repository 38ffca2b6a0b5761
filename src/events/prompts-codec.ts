import { FRAME_HEADER_BYTES } from '../transport/frame.ts';
import { WireFormatError } from './wire-format-error.ts';

/** The content of consecutive dataset rows, each `PromptData` as MessagePack. */
export interface PromptRows {
  /** Dataset row of `prompts[0]`. */
  readonly firstRow: number;
  readonly prompts: readonly Uint8Array[];
}

const HEADER_BYTES = 8;
const BYTES_PER_ROW = 4;

/**
 * Rows as an unsealed `prompts` frame (room for the frame header, then the body) in an `ArrayBuffer` of its own. Body,
 * little-endian: first row, number of rows n, n ends (all uint32), the blobs without gaps. Ends are offsets into the blobs.
 */
export function encodePromptsFrame({ firstRow, prompts }: PromptRows): Uint8Array {
  let end = 0;
  const ends = prompts.map((prompt) => (end += prompt.length));
  return encodeGatheredPrompts(firstRow, Buffer.concat(prompts), ends);
}

/** The same of prompts that lie one behind the other: where each ends. */
export function encodeGatheredPrompts(
  firstRow: number,
  blobs: Uint8Array,
  ends: readonly number[],
): Uint8Array {
  const blobsAt = FRAME_HEADER_BYTES + HEADER_BYTES + BYTES_PER_ROW * ends.length;
  const frame = new Uint8Array(blobsAt + blobs.length);
  const header = new DataView(frame.buffer, FRAME_HEADER_BYTES);
  header.setUint32(0, firstRow, true);
  header.setUint32(4, ends.length, true);
  ends.forEach((end, i) => header.setUint32(HEADER_BYTES + BYTES_PER_ROW * i, end, true));
  frame.set(blobs, blobsAt);
  return frame;
}

/** The rows in the body of a `prompts` frame, as views. Throws {@link WireFormatError} when lengths don't add up. */
export function decodePrompts(body: Uint8Array): PromptRows {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const count = body.length < HEADER_BYTES ? Infinity : view.getUint32(4, true);
  const blobsAt = HEADER_BYTES + BYTES_PER_ROW * count;
  if (body.length < blobsAt) {
    throw new WireFormatError('ValidationError', `prompts of ${body.length} bytes end within their offsets`);
  }
  const blobs = body.subarray(blobsAt);
  const prompts: Uint8Array[] = [];
  let start = 0;
  for (let i = 0; i < count; i++) {
    const end = view.getUint32(HEADER_BYTES + BYTES_PER_ROW * i, true);
    if (end < start || end > blobs.length) {
      throw new WireFormatError('ValidationError', `prompt ${i} ends at ${end} of ${blobs.length} bytes`);
    }
    prompts.push(blobs.subarray(start, end));
    start = end;
  }
  if (start !== blobs.length) {
    throw new WireFormatError('ValidationError', `prompts end at ${start} of ${blobs.length} bytes`);
  }
  return { firstRow: view.getUint32(0, true), prompts };
}
