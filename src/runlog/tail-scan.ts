import type { FileHandle } from 'node:fs/promises';
import { type Frame, FRAME_HEADER_BYTES, openFrame } from '../transport/frame.ts';
import { MAX_FRAME_BYTES } from './append.ts';

const SCAN_BYTES = 2 ** 20;
/** No run has as many frames: it would take a thousand years. A frame that claims to is not believed. */
const MOST_FRAMES = 2 ** 40;

/**
 * How much a reader may spend on looking for whole frames behind corrupt places, bytes read: a few seconds' worth. A log that was made to take
 * forever has none left in the end, and what is behind is counted as corrupt.
 */
export class ScanBudget {
  bytes = 2 ** 32;
}
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
 * corrupt log from the torn tail of a writer that died: behind a torn tail there is nothing. Reads the file up to there once, and no further than
 * twice the longest frame or what is left of the budget.
 */
export async function findFrame(
  file: FileHandle,
  offset: number,
  budget: ScanBudget,
  fromSeq = 0,
): Promise<FramePlace | undefined> {
  const window = Buffer.allocUnsafeSlow(SCAN_BYTES);
  let at = offset;
  while (at - offset < 2 * MAX_FRAME_BYTES && budget.bytes > 0) {
    const { bytesRead } = await file.read(window, 0, SCAN_BYTES, at);
    budget.bytes -= bytesRead;
    if (bytesRead < FRAME_HEADER_BYTES) return undefined;
    const bytes = window.subarray(0, bytesRead);
    for (let hit = bytes.indexOf(MAGIC); hit >= 0; hit = bytes.indexOf(MAGIC, hit + 1)) {
      const frame = await frameAt(file, at + hit, budget);
      if (frame !== undefined && frame.seq >= fromSeq && frame.seq < MOST_FRAMES)
        return { offset: at + hit, seq: frame.seq };
    }
    at += bytesRead - MAGIC.length + 1;
  }
  return undefined;
}

/** The whole frame that stands at `offset`, if there is one and the budget allows to read it. */
export async function frameAt(
  file: FileHandle,
  offset: number,
  budget: ScanBudget,
): Promise<Frame | undefined> {
  const header = Buffer.alloc(FRAME_HEADER_BYTES);
  await file.read(header, 0, FRAME_HEADER_BYTES, offset);
  const frameBytes = FRAME_HEADER_BYTES + bodyLength(header, 0);
  const { size } = await file.stat();
  if (frameBytes > MAX_FRAME_BYTES || offset + frameBytes > size) return undefined;
  budget.bytes -= frameBytes;
  if (budget.bytes < 0) return undefined;
  const bytes = Buffer.allocUnsafeSlow(frameBytes);
  const { bytesRead } = await file.read(bytes, 0, frameBytes, offset);
  const frame = openFrame(bytes.subarray(0, bytesRead));
  return typeof frame === 'string' ? undefined : frame;
}
