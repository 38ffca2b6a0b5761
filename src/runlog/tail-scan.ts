import type { FileHandle } from 'node:fs/promises';
import { type Frame, FRAME_HEADER_BYTES, openFrame } from '../transport/frame.ts';
import { MAX_FRAME_BYTES } from './append.ts';

const SCAN_BYTES = 2 ** 20;
const MAGIC = Buffer.from('INFR');

/** Length of the body as told by the frame header at `at`. */
export function bodyLength(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at + 16);
}

/** A whole frame of a log and where it stands. */
export interface FramePlace {
  readonly offset: number;
  readonly seq: number;
}

/**
 * The first whole frame at `offset` or behind it that is numbered `fromSeq` or later. Whether there is one behind a broken frame tells a
 * corrupt log from the torn tail of a writer that died: behind a torn tail there is nothing. Reads the file up to there once.
 */
export async function findFrame(
  file: FileHandle,
  offset: number,
  fromSeq = 0,
): Promise<FramePlace | undefined> {
  const window = Buffer.allocUnsafeSlow(SCAN_BYTES);
  let at = offset;
  for (;;) {
    const { bytesRead } = await file.read(window, 0, SCAN_BYTES, at);
    if (bytesRead < FRAME_HEADER_BYTES) return undefined;
    const bytes = window.subarray(0, bytesRead);
    for (let hit = bytes.indexOf(MAGIC); hit >= 0; hit = bytes.indexOf(MAGIC, hit + 1)) {
      const frame = await frameAt(file, at + hit);
      if (frame !== undefined && frame.seq >= fromSeq) return { offset: at + hit, seq: frame.seq };
    }
    at += bytesRead - MAGIC.length + 1;
  }
}

/** The whole frame that stands at `offset`, if there is one. */
export async function frameAt(file: FileHandle, offset: number): Promise<Frame | undefined> {
  const header = Buffer.alloc(FRAME_HEADER_BYTES);
  await file.read(header, 0, FRAME_HEADER_BYTES, offset);
  const frameBytes = FRAME_HEADER_BYTES + bodyLength(header, 0);
  const { size } = await file.stat();
  if (frameBytes > MAX_FRAME_BYTES || offset + frameBytes > size) return undefined;
  const bytes = Buffer.allocUnsafeSlow(frameBytes);
  const { bytesRead } = await file.read(bytes, 0, frameBytes, offset);
  const frame = openFrame(bytes.subarray(0, bytesRead));
  return typeof frame === 'string' ? undefined : frame;
}
