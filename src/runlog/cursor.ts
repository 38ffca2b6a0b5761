import { fstatSync } from 'node:fs';
import type { FileHandle } from 'node:fs/promises';
import { openRegularFile } from '../core/careful-read.ts';
import { InferometerError } from '../core/errors.ts';
import {
  type Frame,
  FRAME_HEADER_BYTES,
  FRAME_VERSION,
  type FrameFault,
  openFrame,
} from '../transport/frame.ts';
import { MAX_FRAME_BYTES } from './append.ts';
import { bodyLength, findFrame, frameAt, ScanBudget } from './tail-scan.ts';

const READ_BYTES = 2 ** 18;

type Fault = Exclude<FrameFault, 'version'> | 'length';

const FAULT_TEXTS: Readonly<Record<Fault, string>> = {
  short: 'frame reaches beyond the end',
  magic: 'no frame starts here',
  checksum: 'frame fails its checksum',
  length: `frame longer than ${MAX_FRAME_BYTES} bytes`,
};

/** Whether it says that a log is corrupt, which a reader may want to step over. */
export function isCorruption(error: unknown): error is InferometerError {
  return error instanceof InferometerError && error.code === 'INFEROMETER_RUNLOG_CORRUPT';
}

/**
 * A place in a run log from which frames are read in order, also while the log is written.
 *
 * One buffer serves all frames: it grows to the largest and no further, so a frame is valid until the next call of
 * {@link next}.
 */
export class RunLogCursor {
  readonly path: string;
  readonly #file: FileHandle;
  readonly #scanBudget = new ScanBudget();
  #buffer = Buffer.allocUnsafeSlow(READ_BYTES);
  /** Bytes `#start … #end` of the buffer are the log from `#offset` on. */
  #start = 0;
  #end = 0;
  #offset = 0;
  #nextSeq: number | undefined;

  private constructor(path: string, file: FileHandle) {
    this.path = path;
    this.#file = file;
  }

  static async open(path: string): Promise<RunLogCursor> {
    return new RunLogCursor(path, await openRegularFile(path));
  }

  /** Where the next frame starts, bytes. */
  get offset(): number {
    return this.#offset;
  }

  /**
   * The next frame, or `undefined` while there is no whole one: at the end, or before a torn tail. More may have been
   * written at the next call.
   *
   * Throws `INFEROMETER_RUNLOG_CORRUPT` for a broken frame with a whole one behind it, or one out of sequence, and
   * `INFEROMETER_RUNLOG_VERSION` for a frame of another version of the format.
   */
  async next(): Promise<Frame | undefined> {
    let frame = this.#inBuffer();
    while (frame === 'short' && (await this.#fill())) frame = this.#inBuffer();
    if (frame === 'short') return undefined;
    if (frame === 'version') throw this.#unknownVersion();
    if (typeof frame === 'string') {
      await this.requireTornTail(frame);
      return undefined;
    }
    if (this.#nextSeq !== undefined && frame.seq !== this.#nextSeq) {
      throw this.#corrupt(`frame ${frame.seq} where ${this.#nextSeq} was due`);
    }
    this.#nextSeq = frame.seq + 1;
    this.#start += frame.bytes.length;
    this.#offset += frame.bytes.length;
    return frame;
  }

  /** Goes on where frame `seq` starts. */
  seek(offset: number, seq: number): void {
    this.#nextSeq = seq;
    if (offset === this.#offset) return;
    const start = this.#start + (offset - this.#offset);
    const buffered = start >= 0 && start <= this.#end;
    this.#start = buffered ? start : 0;
    this.#end = buffered ? this.#end : 0;
    this.#offset = offset;
  }

  /**
   * Leaves a corrupt place behind: goes on at the next whole frame that is numbered `fromSeq` or later and tells its number. Stays
   * where it is and gives `undefined` while there is none.
   */
  async skipTo(fromSeq: number): Promise<number | undefined> {
    const found = await findFrame(this.#file, this.#offset, this.#scanBudget, fromSeq);
    if (found === undefined) return undefined;
    this.#start = this.#end = 0;
    this.#offset = found.offset;
    this.#nextSeq = found.seq;
    return found.seq;
  }

  /** Size of the log now, bytes. */
  size(): number {
    return fstatSync(this.#file.fd).size;
  }

  /**
   * Throws `INFEROMETER_RUNLOG_CORRUPT` when a whole frame stands behind the one that {@link next} could not read, or more than any frame
   * that was never finished.
   */
  async requireTornTail(fault: Fault = 'short'): Promise<void> {
    if ((await findFrame(this.#file, this.#offset + 1, this.#scanBudget)) === undefined) {
      const tailBytes = this.size() - this.#offset;
      if (tailBytes <= MAX_FRAME_BYTES) return;
      throw this.#corrupt(`${FAULT_TEXTS[fault]}, and ${tailBytes} bytes from there on are no torn frame`);
    }
    // A writer at work may have finished this one too before it wrote the one behind.
    if ((await frameAt(this.#file, this.#offset, this.#scanBudget)) === undefined) {
      throw this.#corrupt(`${FAULT_TEXTS[fault]}, and whole frames follow it`);
    }
    this.#start = this.#end = 0;
  }

  close(): Promise<void> {
    return this.#file.close();
  }

  #inBuffer(): Frame | Fault | 'version' {
    const frame = openFrame(this.#buffer.subarray(this.#start, this.#end));
    return frame === 'short' && this.#wantedBytes() > MAX_FRAME_BYTES ? 'length' : frame;
  }

  /** Size of the frame at `#start` as far as it is known. */
  #wantedBytes(): number {
    const known = this.#end - this.#start >= FRAME_HEADER_BYTES;
    return known ? FRAME_HEADER_BYTES + bodyLength(this.#buffer, this.#start) : FRAME_HEADER_BYTES;
  }

  /** Reads on behind what is buffered; false when the log has nothing more to offer. */
  async #fill(): Promise<boolean> {
    const wanted = this.#wantedBytes();
    const held = this.#end - this.#start;
    // A torn or corrupt length must not cost its worth in memory.
    if (wanted > READ_BYTES && this.#offset + wanted > this.size()) return false;
    if (this.#start + wanted > this.#buffer.length || this.#end === this.#buffer.length) {
      const target = wanted > this.#buffer.length ? Buffer.allocUnsafeSlow(wanted) : this.#buffer;
      this.#buffer.copy(target, 0, this.#start, this.#end);
      this.#buffer = target;
      this.#start = 0;
      this.#end = held;
    }
    const room = this.#buffer.length - this.#end;
    const { bytesRead } = await this.#file.read(this.#buffer, this.#end, room, this.#offset + held);
    this.#end += bytesRead;
    return bytesRead > 0;
  }

  #unknownVersion(): InferometerError {
    return new InferometerError(
      'INFEROMETER_RUNLOG_VERSION',
      'input',
      `${this.path}: this version of the program reads frames of version ${FRAME_VERSION} only; the frame at byte ${this.#offset} is from a newer one`,
    );
  }

  #corrupt(what: string): InferometerError {
    return new InferometerError(
      'INFEROMETER_RUNLOG_CORRUPT',
      'result',
      `${this.path} is corrupt at byte ${this.#offset}: ${what}`,
    );
  }
}
