import type { FileHandle } from 'node:fs/promises';
import { FRAME_HEADER_BYTES, openFrame } from '../transport/frame.ts';
import { MAX_FRAME_BYTES } from './append.ts';

const SCAN_BYTES = 2 ** 20;
const MAGIC = Buffer.from('INFR');

/** Length of the body as told by the frame header at `at`. */
export function bodyLength(bytes: Buffer, at: number): number {
  return bytes.readUInt32LE(at + 16);
}

/**
 * Whether a whole frame stands anywhere behind `offset`. That is what tells a corrupt frame from the torn tail of a writer
 * that died: behind a torn tail there is nothing. Reads the rest of the file once.
 */
export async function hasWholeFrameBehind(file: FileHandle, offset: number): Promise<boolean> {
  const window = Buffer.allocUnsafeSlow(SCAN_BYTES);
  let at = offset + 1;
  for (;;) {
    const { bytesRead } = await file.read(window, 0, SCAN_BYTES, at);
    if (bytesRead < FRAME_HEADER_BYTES) return false;
    const bytes = window.subarray(0, bytesRead);
    for (let hit = bytes.indexOf(MAGIC); hit >= 0; hit = bytes.indexOf(MAGIC, hit + 1)) {
      if (await hasWholeFrameAt(file, at + hit)) return true;
    }
    at += bytesRead - MAGIC.length + 1;
  }
}

/** Whether a whole frame stands at `offset`. */
export async function hasWholeFrameAt(file: FileHandle, offset: number): Promise<boolean> {
  const header = Buffer.alloc(FRAME_HEADER_BYTES);
  await file.read(header, 0, FRAME_HEADER_BYTES, offset);
  const frameBytes = FRAME_HEADER_BYTES + bodyLength(header, 0);
  const { size } = await file.stat();
  if (frameBytes > MAX_FRAME_BYTES || offset + frameBytes > size) return false;
  const bytes = Buffer.allocUnsafeSlow(frameBytes);
  const { bytesRead } = await file.read(bytes, 0, frameBytes, offset);
  return typeof openFrame(bytes.subarray(0, bytesRead)) !== 'string';
}
