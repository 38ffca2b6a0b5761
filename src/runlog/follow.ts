import { type Log, SILENT_LOG } from '../core/log.ts';
import type { Frame } from '../transport/frame.ts';
import type { MessageSubscriber } from '../transport/message.ts';
import { RunLogCursor } from './cursor.ts';
import { StreamWindow } from './stream-window.ts';

/** Receives each frame once, in order. A frame is valid until the call returns or its promise settles. */
export type FrameHandler = (frame: Frame) => void | Promise<void>;

export interface FollowerOptions {
  /** The run log; it may not be there yet. */
  readonly path: string;
  /** The stream of the same frames, connected and not started. Without one the file alone is followed. */
  readonly subscriber?: MessageSubscriber<Frame>;
  /** How often the log is looked at: the delay of a frame the stream lost, or of every frame without a stream. */
  readonly pollMs: number;
  /** What the stream may be ahead of the handler; the rest is read back from the log. Default 1024 frames, 32 MiB. */
  readonly windowFrames?: number;
  readonly windowBytes?: number;
  readonly log?: Log;
}

/**
 * Delivers every frame of a run exactly once and in order, whatever the stream loses: reads the log from its start, then
 * follows the stream, and goes back to the log for what the stream left out, corrupted or was too fast with.
 *
 * Sound because a frame is in the log before it is in the stream. Memory is bounded by the window and the largest frame.
 */
export class RunLogFollower {
  readonly #options: FollowerOptions;
  readonly #log: Log;
  readonly #window: StreamWindow;
  /** The next frame to deliver, and where it stands in the log. */
  #nextSeq = 0;
  #offset = 0;
  #heals = 0;
  #healedFrames = 0;
  #stopped = false;
  #wake: (() => void) | undefined;

  constructor(options: FollowerOptions) {
    this.#options = options;
    this.#log = options.log ?? SILENT_LOG;
    this.#window = new StreamWindow(options.windowFrames ?? 1024, options.windowBytes ?? 32 * 2 ** 20);
  }

  /** Frames delivered. */
  get delivered(): number {
    return this.#nextSeq;
  }

  /** How often the log had to fill in for the stream, after the first catching up. */
  get heals(): number {
    return this.#heals;
  }

  /** How many frames it filled in. */
  get healedFrames(): number {
    return this.#healedFrames;
  }

  /**
   * Delivers until {@link stop}. Rejects with what `handle` throws, or `INFEROMETER_RUNLOG_CORRUPT` when the log is broken
   * where it is needed. Starts the subscriber and leaves closing it to its owner. Call once.
   */
  async run(handle: FrameHandler): Promise<void> {
    this.#options.subscriber?.start((frames) => this.#receive(frames));
    const cursor = await this.#openLog();
    if (cursor === undefined) return;
    try {
      await this.#readLog(cursor, handle, Infinity);
      this.#log.debug(`caught up at frame ${this.#nextSeq} of ${cursor.path}`);
      while (!this.#stopped) await this.#follow(cursor, handle);
    } finally {
      await cursor.close();
    }
  }

  /** Delivers no further frame and lets {@link run} return. May be called by the handler. */
  stop(): void {
    this.#stopped = true;
    this.#wake?.();
  }

  /** Delivers what the stream has, heals the gap before it, or waits. */
  async #follow(cursor: RunLogCursor, handle: FrameHandler): Promise<void> {
    const frame = this.#window.peekFrom(this.#nextSeq);
    if (frame === undefined) await this.#idle(cursor, handle);
    else if (frame.seq === this.#nextSeq) await this.#deliver(frame, handle);
    else if (!(await this.#heal(cursor, handle, frame.seq))) await this.#missing(cursor, frame.seq);
  }

  /** Waits for the stream; after a time of silence delivers what has been in the log since before it. */
  async #idle(cursor: RunLogCursor, handle: FrameHandler): Promise<void> {
    const sizeBefore = cursor.size();
    const woken = await this.#wait();
    if (woken) return;
    if (this.#options.subscriber === undefined) await this.#readLog(cursor, handle, Infinity);
    else if (this.#offset < sizeBefore) await this.#heal(cursor, handle, Infinity);
    if (this.#offset < sizeBefore) await cursor.requireTornTail();
  }

  /** Delivers frames before `untilSeq` from the log and counts them; false when there was none. */
  async #heal(cursor: RunLogCursor, handle: FrameHandler, untilSeq: number): Promise<boolean> {
    const firstSeq = this.#nextSeq;
    await this.#readLog(cursor, handle, untilSeq);
    const healed = this.#nextSeq - firstSeq;
    if (healed === 0) return false;
    this.#heals++;
    this.#healedFrames += healed;
    this.#log.debug(`healed ${healed} frames from ${firstSeq} on out of ${cursor.path}`);
    return true;
  }

  /** A frame came by the stream whose predecessor is not to be had: the log is broken, or slow to show itself. */
  async #missing(cursor: RunLogCursor, streamSeq: number): Promise<void> {
    await cursor.requireTornTail();
    this.#log.warning(
      `frame ${this.#nextSeq} is neither in the stream (at ${streamSeq}) nor yet in ${cursor.path}`,
    );
    await this.#wait();
  }

  async #readLog(cursor: RunLogCursor, handle: FrameHandler, untilSeq: number): Promise<void> {
    cursor.seek(this.#offset);
    while (!this.#stopped && this.#nextSeq < untilSeq) {
      const frame = await cursor.next();
      if (frame === undefined) return;
      await this.#deliver(frame, handle);
    }
  }

  async #deliver(frame: Frame, handle: FrameHandler): Promise<void> {
    const handled = handle(frame);
    this.#nextSeq = frame.seq + 1;
    this.#offset += frame.bytes.length;
    if (handled !== undefined) await handled;
  }

  #receive(frames: readonly Frame[]): void {
    if (this.#stopped) return;
    this.#window.peekFrom(this.#nextSeq); // makes room: catching up may have passed what waits
    for (const frame of frames) if (frame.seq >= this.#nextSeq) this.#window.offer(frame);
    this.#wake?.();
  }

  /** Waits for `pollMs`, or less when the stream brings something or the follower is stopped; says whether it was less. */
  async #wait(): Promise<boolean> {
    if (this.#stopped) return true;
    return new Promise((resolve) => {
      const settle = (woken: boolean) => {
        clearTimeout(timer);
        this.#wake = undefined;
        resolve(woken);
      };
      const timer = setTimeout(() => settle(false), this.#options.pollMs);
      this.#wake = () => settle(true);
    });
  }

  async #openLog(): Promise<RunLogCursor | undefined> {
    while (!this.#stopped) {
      try {
        return await RunLogCursor.open(this.#options.path);
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== 'ENOENT') throw error;
        await this.#wait();
      }
    }
    return undefined;
  }
}
