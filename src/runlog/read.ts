import { InferometerError } from '../core/errors.ts';
import type { Frame } from '../transport/frame.ts';
import { RunLogCursor } from './cursor.ts';

export interface ReadOptions {
  /** Where to begin; a frame must start there. Default 0. */
  readonly fromByte?: number;
  /** Told at the end how many bytes behind the last whole frame are the rest of one that was never finished. */
  readonly onTornTail?: (tornBytes: number) => void;
  /** Takes a broken frame with whole ones behind it as the end, and is told how many bytes are left unread; by default it is thrown. */
  readonly onCorrupt?: (error: InferometerError, unreadBytes: number) => void;
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
  try {
    for (let frame = await cursor.next(); frame !== undefined; frame = await cursor.next()) yield frame;
    const tornBytes = cursor.size() - cursor.offset;
    if (tornBytes === 0) return;
    await cursor.requireTornTail();
    options.onTornTail?.(tornBytes);
  } catch (error) {
    const isCorrupt = error instanceof InferometerError && error.code === 'INFEROMETER_RUNLOG_CORRUPT';
    if (!isCorrupt || options.onCorrupt === undefined) throw error;
    options.onCorrupt(error, cursor.size() - cursor.offset);
  } finally {
    await cursor.close();
  }
}
