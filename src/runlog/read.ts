import type { InferometerError } from '../core/errors.ts';
import type { Frame } from '../transport/frame.ts';
import { isCorruption, RunLogCursor } from './cursor.ts';

export interface ReadOptions {
  /** Where to begin; a frame must start there. Default 0. */
  readonly fromByte?: number;
  /** Told at the end how many bytes behind the last whole frame are the rest of one that was never finished. */
  readonly onTornTail?: (tornBytes: number) => void;
  /**
   * Steps over a broken frame with whole ones behind it, and is told how many bytes are left out; by default it is thrown. How many frames
   * that were, their numbers tell.
   */
  readonly onCorrupt?: (error: InferometerError, skippedBytes: number) => void;
}

/**
 * The frames of a run log in order, up to the last whole one. A frame is valid until the next is asked for; memory is
 * bounded by the largest frame.
 *
 * Throws `INFEROMETER_RUNLOG_CORRUPT`, naming the byte, where a broken frame has whole ones behind it.
 */
export async function* readFrames(
  path: string,
  options: ReadOptions = {},
): AsyncGenerator<Frame, void, undefined> {
  const cursor = await RunLogCursor.open(path, options.fromByte);
  let nextSeq = 0;
  try {
    for (;;) {
      const frame = await nextFrame(cursor, nextSeq, options.onCorrupt);
      if (frame === undefined) break;
      nextSeq = frame.seq + 1;
      yield frame;
    }
    const tornBytes = cursor.size() - cursor.offset;
    if (tornBytes > 0) options.onTornTail?.(tornBytes);
  } finally {
    await cursor.close();
  }
}

/** The next frame, or the first whole one behind a corrupt place that somebody wants to be told of. */
async function nextFrame(
  cursor: RunLogCursor,
  nextSeq: number,
  onCorrupt: ReadOptions['onCorrupt'],
): Promise<Frame | undefined> {
  try {
    const frame = await cursor.next();
    if (frame === undefined) await cursor.requireTornTail();
    return frame;
  } catch (error) {
    if (onCorrupt === undefined || !isCorruption(error)) throw error;
    const corruptFrom = cursor.offset;
    const isSkipped = (await cursor.skipTo(nextSeq)) !== undefined;
    onCorrupt(error, (isSkipped ? cursor.offset : cursor.size()) - corruptFrom);
    return isSkipped ? cursor.next() : undefined;
  }
}
