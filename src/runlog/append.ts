import { closeSync, constants, fdatasync, ftruncateSync, openSync, writeSync } from 'node:fs';
import { promisify } from 'node:util';
import { errorText, InferometerError } from '../core/errors.ts';
import { type Frame, FRAME_HEADER_BYTES, type FrameKind, sealFrame } from '../transport/frame.ts';

/** Largest frame a run log holds, bytes: what a reader must be ready to buffer. */
export const MAX_FRAME_BYTES = 2 ** 28;

const SYNC_INTERVAL_MS = 1000;

/** Where a log goes on. */
export interface LogEnd {
  readonly nextSeq: number;
  readonly bytes: number;
}

const syncData = promisify(fdatasync);

/**
 * Writes the run log: frames one after another, numbered from 0, nothing between them.
 *
 * A frame is in the page cache when {@link append} returns, so any process of the machine can read it and a crash of ours
 * does not lose it; once a second it is made to survive a crash of the machine too.
 */
export class RunLogWriter {
  readonly path: string;
  readonly #file: number;
  readonly #timer: NodeJS.Timeout;
  #nextSeq = 0;
  #bytes = 0;
  #syncedBytes = 0;
  #syncing: Promise<void> | undefined;
  #syncError: unknown;
  #closed = false;

  private constructor(
    path: string,
    file: number,
    syncIntervalMs: number,
    end: LogEnd = { nextSeq: 0, bytes: 0 },
  ) {
    this.path = path;
    this.#file = file;
    this.#nextSeq = end.nextSeq;
    this.#bytes = end.bytes;
    this.#timer = setInterval(() => this.#syncInBackground(), syncIntervalMs).unref();
  }

  /** Creates the log at `path`; throws `INFEROMETER_RUNLOG_OPEN` when a file is there or can't be made. */
  static open(path: string, syncIntervalMs = SYNC_INTERVAL_MS): RunLogWriter {
    try {
      return new RunLogWriter(path, openSync(path, 'wx'), syncIntervalMs);
    } catch (error) {
      throw new InferometerError(
        'INFEROMETER_RUNLOG_OPEN',
        'setup',
        `cannot create the run log: ${errorText(error)}`,
        { cause: error },
      );
    }
  }

  /**
   * Goes on with a log behind its last whole frame; what is behind that, of a frame that was never finished, is cut off. Nobody else may write to
   * it. Throws `INFEROMETER_RUNLOG_OPEN` when it can't be opened.
   */
  static resume(path: string, end: LogEnd, syncIntervalMs = SYNC_INTERVAL_MS): RunLogWriter {
    try {
      const file = openSync(path, constants.O_RDWR | constants.O_NOFOLLOW);
      ftruncateSync(file, end.bytes);
      return new RunLogWriter(path, file, syncIntervalMs, end);
    } catch (error) {
      throw new InferometerError(
        'INFEROMETER_RUNLOG_OPEN',
        'setup',
        `cannot write on in the run log: ${errorText(error)}`,
        { cause: error },
      );
    }
  }

  /** Number of the next frame. */
  get nextSeq(): number {
    return this.#nextSeq;
  }

  /** Bytes written so far. */
  get bytes(): number {
    return this.#bytes;
  }

  /**
   * Numbers and seals the frame whose body stands at byte 24 of `bytes`, and writes it. Blocks for one copy into the page
   * cache, about 20 µs for 64 KiB. Returns the frame, to publish.
   *
   * Throws `INFEROMETER_RUNLOG_WRITE` when the disk refuses; the log then ends with the frame before.
   */
  append(kind: FrameKind, bytes: Uint8Array): Frame {
    this.#requireWritable(bytes);
    const frame = sealFrame(bytes, kind, this.#nextSeq);
    try {
      let written = 0;
      while (written < bytes.length) {
        written += writeSync(this.#file, bytes, written, bytes.length - written, this.#bytes + written);
      }
    } catch (error) {
      ftruncateSync(this.#file, this.#bytes);
      throw this.#writeFailed(error);
    }
    this.#nextSeq++;
    this.#bytes += bytes.length;
    return frame;
  }

  /** Syncs and closes. Idempotent; throws `INFEROMETER_RUNLOG_WRITE` when a sync failed. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    clearInterval(this.#timer);
    try {
      await this.#syncing;
      await this.#sync();
    } finally {
      closeSync(this.#file);
    }
    if (this.#syncError !== undefined) throw this.#writeFailed(this.#syncError);
  }

  #syncInBackground(): void {
    if (this.#syncing !== undefined || this.#syncedBytes === this.#bytes) return;
    this.#syncing = this.#sync().finally(() => (this.#syncing = undefined));
  }

  /** Never rejects: the next append or close tells. */
  async #sync(): Promise<void> {
    const bytes = this.#bytes;
    try {
      await syncData(this.#file);
      this.#syncedBytes = bytes;
    } catch (error) {
      this.#syncError = error;
    }
  }

  #requireWritable(bytes: Uint8Array): void {
    if (this.#syncError !== undefined) throw this.#writeFailed(this.#syncError);
    if (this.#closed) {
      throw new InferometerError(
        'INFEROMETER_RUNLOG_CLOSED',
        'internal',
        `run log ${this.path} is closed and cannot be appended to`,
      );
    }
    if (bytes.length < FRAME_HEADER_BYTES || bytes.length > MAX_FRAME_BYTES) {
      throw new InferometerError(
        'INFEROMETER_RUNLOG_FRAME_SIZE',
        'internal',
        `a frame must have ${FRAME_HEADER_BYTES} to ${MAX_FRAME_BYTES} bytes (got ${bytes.length})`,
      );
    }
  }

  #writeFailed(error: unknown): InferometerError {
    return new InferometerError(
      'INFEROMETER_RUNLOG_WRITE',
      'execution',
      `cannot write the run log ${this.path}: ${errorText(error)}`,
      { cause: error },
    );
  }
}
