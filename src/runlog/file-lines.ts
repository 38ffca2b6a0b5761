import type { FileHandle } from 'node:fs/promises';

const READ_BYTES = 2 ** 18;
/** An answer is at most 64 MiB, and JSON may write each byte as six; nobody does. */
export const MAX_LINE_BYTES = 2 ** 27;
const LINE_FEED = 0x0a;

/** A line of a text file. */
export interface FileLine {
  /** From 1. */
  readonly number: number;
  /** Where it begins, bytes. */
  readonly offset: number;
  /** Without its end; undefined for one longer than {@link MAX_LINE_BYTES}, which is the last that is read. */
  readonly text: string | undefined;
  /** A line break ends it. */
  readonly isWhole: boolean;
}

/** The lines of an open file, in memory that is bounded by the longest line there may be. */
export class FileLines {
  readonly #file: FileHandle;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  async *read(): AsyncGenerator<FileLine, void, undefined> {
    let number = 1;
    let offset = 0;
    /** Of the line that has not ended. */
    let parts: Buffer[] = [];
    let bytes = 0;
    const lineOf = (isWhole: boolean): FileLine => {
      const text =
        bytes > MAX_LINE_BYTES ? undefined : Buffer.concat(parts).toString('utf8').replace(/\r$/, '');
      return { number, offset, text, isWhole };
    };
    const take = (part: Buffer) => {
      bytes += part.length;
      if (bytes > MAX_LINE_BYTES) parts = [];
      else parts.push(part);
    };
    for (;;) {
      const buffer = Buffer.allocUnsafe(READ_BYTES);
      const { bytesRead } = await this.#file.read(buffer, 0, READ_BYTES);
      if (bytesRead === 0) break;
      let start = 0;
      for (
        let end = buffer.indexOf(LINE_FEED);
        end >= 0 && end < bytesRead;
        end = buffer.indexOf(LINE_FEED, start)
      ) {
        take(buffer.subarray(start, end));
        yield lineOf(true);
        offset += bytes + 1;
        number += 1;
        [parts, bytes] = [[], 0];
        start = end + 1;
      }
      take(buffer.subarray(start, bytesRead));
      if (bytes > MAX_LINE_BYTES) break;
    }
    if (bytes > 0) yield lineOf(false);
  }
}
