import { errorText, InferometerError } from '../core/errors.ts';
import type { Frame } from '../transport/frame.ts';
import { isCorruption, RunLogCursor } from './cursor.ts';
import type { FrameSource } from './frame-source.ts';
import type { LogLosses } from './log-losses.ts';

export interface LogReaderOptions {
  /** Throws for a frame whose content is not what it must be; such a frame is left out. Default: none is. */
  readonly check?: (frame: Frame) => void;
  /** Frames that were written, where that is known: what is not found of them is lost. */
  readonly writtenFrames?: number | undefined;
  /** The run came to its end and its log was written to the end: where that is missing, something was lost. */
  readonly mustEnd?: boolean | undefined;
  /** Where to begin, at a frame that another reader found there; default: at the start. */
  readonly from?: FramePlace | undefined;
  /** Told of each place that is left out, with an error that says where it is and what is wrong there. */
  readonly onFault?: (error: InferometerError) => void;
}

/** A frame of a log: its first byte, and its number. */
export interface FramePlace {
  readonly offset: number;
  readonly seq: number;
}

/**
 * Reads a run log to its end, whatever became of it: steps over places that are corrupt and frames that are malformed, and counts what it
 * leaves out. Use it for one pass. Memory is bounded by the largest frame.
 */
export class LogReader implements FrameSource {
  readonly path: string;
  readonly #options: LogReaderOptions;
  readonly #losses = { frames: 0, lostFrames: 0, corruptBytes: 0, malformedFrames: 0, tornBytes: 0 };
  #nextSeq = 0;
  #offset = 0;

  constructor(path: string, options: LogReaderOptions = {}) {
    this.path = path;
    this.#options = options;
  }

  /** What was left out up to now; complete once {@link frames} has ended. */
  get losses(): LogLosses {
    return this.#losses;
  }

  /** Where the frame given last begins, bytes. */
  get offset(): number {
    return this.#offset;
  }

  /**
   * The frames in order. A frame is valid until the next is asked for. Throws `INFEROMETER_RUNLOG_VERSION`, and the errors of opening and
   * reading a file; nothing for what is damaged.
   */
  async *frames(): AsyncGenerator<Frame, void, undefined> {
    const cursor = await RunLogCursor.open(this.path);
    const { from } = this.#options;
    if (from !== undefined) {
      cursor.seek(from.offset, from.seq);
      this.#nextSeq = from.seq;
    }
    try {
      for (;;) {
        const frame = await this.#next(cursor);
        if (frame === undefined) break;
        this.#losses.lostFrames += frame.seq - this.#nextSeq;
        this.#nextSeq = frame.seq + 1;
        this.#offset = cursor.offset - frame.bytes.length;
        if (!this.#isFine(frame)) continue;
        this.#losses.frames += 1;
        yield frame;
      }
      // Whoever finds the run's end asks for no frame behind it, and does not come here.
      const { writtenFrames = 0, mustEnd = false } = this.#options;
      this.#losses.lostFrames += Math.max(mustEnd ? 1 : 0, writtenFrames - this.#nextSeq);
    } finally {
      await cursor.close();
    }
  }

  /** Takes back a frame that {@link frames} gave: its content turned out to be unusable. */
  leaveOut(frame: Frame, cause: unknown): void {
    this.#losses.frames -= 1;
    this.#malformed(frame, cause);
  }

  #isFine(frame: Frame): boolean {
    try {
      this.#options.check?.(frame);
      return true;
    } catch (error) {
      if (isNewer(error)) throw error;
      this.#malformed(frame, error);
      return false;
    }
  }

  #malformed(frame: Frame, cause: unknown): void {
    this.#losses.malformedFrames += 1;
    this.#options.onFault?.(malformedFrame(this.path, frame, this.#offset, cause));
  }

  /** The next whole frame, behind a corrupt place if need be. */
  async #next(cursor: RunLogCursor): Promise<Frame | undefined> {
    const from = cursor.offset;
    try {
      const frame = await cursor.next();
      if (frame !== undefined) return frame;
      await cursor.requireTornTail();
      this.#losses.tornBytes = cursor.size() - cursor.offset;
      return undefined;
    } catch (error) {
      if (!isCorruption(error)) throw error;
      const isFound = (await cursor.skipTo(this.#nextSeq)) !== undefined;
      this.#losses.corruptBytes += (isFound ? cursor.offset : cursor.size()) - from;
      this.#options.onFault?.(error);
      return isFound ? cursor.next() : undefined;
    }
  }
}

/**
 * The frames of a sound log. Throws `INFEROMETER_RUNLOG_CORRUPT`, naming the byte, where a broken frame has whole ones behind it; a torn tail
 * is left out.
 */
export async function* readFrames(path: string): AsyncGenerator<Frame, void, undefined> {
  const cursor = await RunLogCursor.open(path);
  try {
    for (;;) {
      const frame = await cursor.next();
      if (frame === undefined) break;
      yield frame;
    }
    await cursor.requireTornTail();
  } finally {
    await cursor.close();
  }
}

/** A log of a later version is not damaged. */
function isNewer(error: unknown): boolean {
  return error instanceof InferometerError && error.code === 'INFEROMETER_RUNLOG_FORMAT';
}

function malformedFrame(path: string, { seq }: Frame, offset: number, cause: unknown): InferometerError {
  return new InferometerError(
    'INFEROMETER_RUNLOG_MALFORMED',
    'result',
    `${path}: frame ${seq} at byte ${offset} is malformed: ${errorText(cause)}`,
    { cause },
  );
}
