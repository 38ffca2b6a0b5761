import { countedText } from '../core/quantity-text.ts';
import { type Log, SILENT_LOG } from '../core/log.ts';
import type { Frame } from '../transport/frame.ts';
import type { MessageSubscriber } from '../transport/message.ts';
import { isCorruption, RunLogCursor } from './cursor.ts';
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
 * Sound because a frame is in the log before it is in the stream. A frame is lost only when the log was damaged where the stream has a
 * gap; it is counted, and those behind it are delivered. Memory is bounded by the window and the largest frame.
 */
export class RunLogFollower {
  readonly #options: FollowerOptions;
  readonly #log: Log;
  readonly #window: StreamWindow;
  /** The next frame to deliver. */
  #nextSeq = 0;
  /** Where the log is read on, and the frame that stands there: a later one than the next when the log has a hole. */
  #offset = 0;
  #offsetSeq = 0;
  /** Frames of the run, once that is known. */
  #endSeq = Infinity;
  #lostFrames = 0;
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
    return this.#nextSeq - this.#lostFrames;
  }

  /** Where the frame that is being delivered begins in the log, bytes; only without a stream. */
  get offset(): number {
    return this.#offset;
  }

  /** Frames that neither the stream nor the log could give. */
  get lostFrames(): number {
    return this.#lostFrames;
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
   * Delivers until {@link stop}, or the last frame told by {@link endAt}. Rejects with what `handle` throws. Starts the subscriber and
   * leaves closing it to its owner. Call once.
   */
  async run(handle: FrameHandler): Promise<void> {
    this.#options.subscriber?.start((frames) => this.#receive(frames));
    const cursor = await this.#openLog();
    if (cursor === undefined) return;
    try {
      await this.#readLog(cursor, handle, Infinity);
      this.#log.debug(`caught up at frame ${this.#nextSeq} of ${cursor.path}`);
      while (!this.#stopped && this.#nextSeq < this.#endSeq) await this.#follow(cursor, handle);
    } finally {
      await cursor.close();
    }
  }

  /** Delivers no further frame and lets {@link run} return. May be called by the handler. */
  stop(): void {
    this.#stopped = true;
    this.#wake?.();
  }

  /** Tells how many frames the run has, now that all were written: what is not to be had by now never will be. */
  endAt(frames: number): void {
    this.#endSeq = frames;
    this.#wake?.();
  }

  /** Delivers what the stream has, heals the gap before it, or waits. */
  async #follow(cursor: RunLogCursor, handle: FrameHandler): Promise<void> {
    // Told while the log is read, that does not say that what was read was all.
    const isWhole = this.#endSeq < Infinity;
    const frame = this.#window.peekFrom(this.#nextSeq);
    if (frame === undefined) await this.#idle(cursor, handle, isWhole);
    else if (frame.seq === this.#nextSeq) await this.#deliver(frame, handle);
    else if (!(await this.#heal(cursor, handle, frame.seq))) await this.#missing(frame.seq, isWhole);
  }

  /** Waits for the stream; after a time of silence delivers what has been in the log since before it. */
  async #idle(cursor: RunLogCursor, handle: FrameHandler, isWhole: boolean): Promise<void> {
    const sizeBefore = cursor.size();
    const nextSeq = this.#nextSeq;
    const woken = await this.#wait();
    if (woken) return;
    if (this.#options.subscriber === undefined) await this.#readLog(cursor, handle, Infinity);
    else if (this.#offset < sizeBefore) await this.#heal(cursor, handle, Infinity);
    if (this.#window.peekFrom(this.#nextSeq) !== undefined) return;
    if (this.#hasHole()) this.#lose(this.#offsetSeq);
    else if (isWhole && this.#nextSeq === nextSeq) this.#lose(this.#endSeq);
    else if (this.#offset < sizeBefore) await this.#requireTornTail(cursor);
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

  /** A frame came by the stream whose predecessor is not to be had: it is lost, or the log slow to show it. */
  async #missing(streamSeq: number, isWhole: boolean): Promise<void> {
    if (this.#hasHole()) {
      this.#lose(Math.min(this.#offsetSeq, streamSeq));
      return;
    }
    const { path } = this.#options;
    this.#log.warning(`frame ${this.#nextSeq} is neither in the stream (at ${streamSeq}) nor yet in ${path}`);
    const woken = await this.#wait();
    if (!woken && isWhole) this.#lose(streamSeq);
  }

  /** The log goes on behind the next frame to deliver. */
  #hasHole(): boolean {
    return this.#offsetSeq > this.#nextSeq;
  }

  #lose(untilSeq: number): void {
    const lost = untilSeq - this.#nextSeq;
    const { path } = this.#options;
    this.#log.error(
      `${countedText(lost, 'frame')} from ${this.#nextSeq} on lost: neither in the stream nor in ${path}`,
    );
    this.#lostFrames += lost;
    this.#nextSeq = untilSeq;
  }

  /** Delivers from the log up to its end, `untilSeq`, or a hole. */
  async #readLog(cursor: RunLogCursor, handle: FrameHandler, untilSeq: number): Promise<void> {
    cursor.seek(this.#offset, this.#offsetSeq);
    while (!this.#stopped && this.#nextSeq < untilSeq && !this.#hasHole()) {
      const frame = await this.#readFrame(cursor);
      if (frame === undefined) return;
      await this.#deliver(frame, handle);
    }
  }

  /** The next frame of the log. A corrupt place is left behind. */
  async #readFrame(cursor: RunLogCursor): Promise<Frame | undefined> {
    try {
      return await cursor.next();
    } catch (error) {
      await this.#skip(cursor, error);
      return undefined;
    }
  }

  async #requireTornTail(cursor: RunLogCursor): Promise<void> {
    try {
      await cursor.requireTornTail();
    } catch (error) {
      await this.#skip(cursor, error);
    }
  }

  /** Goes on in the log behind a corrupt place, where a frame still wanted stands. */
  async #skip(cursor: RunLogCursor, error: unknown): Promise<void> {
    if (!isCorruption(error)) throw error;
    const seq = await cursor.skipTo(this.#nextSeq);
    if (seq === undefined) return;
    this.#offset = cursor.offset;
    this.#offsetSeq = seq;
    this.#log.error(`${error.message}; it goes on with frame ${seq}`);
  }

  async #deliver(frame: Frame, handle: FrameHandler): Promise<void> {
    const handled = handle(frame);
    this.#nextSeq = frame.seq + 1;
    if (frame.seq === this.#offsetSeq) {
      this.#offset += frame.bytes.length;
      this.#offsetSeq = this.#nextSeq;
    }
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
        if (this.#endSeq < Infinity) return undefined;
        await this.#wait();
      }
    }
    return undefined;
  }
}
