import { readSync, writeSync } from 'node:fs';

/** Writes all bytes at a position of an open file, however many calls that takes. */
export function writeAllAt(file: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length;) {
    done += writeSync(file, bytes, done, bytes.length - done, position + done);
  }
}

/** Fills `bytes` from a position of an open file. Throws `RangeError` when the file ends before that. */
export function readAllAt(file: number, bytes: Uint8Array, position: number): void {
  for (let done = 0; done < bytes.length;) {
    const read = readSync(file, bytes, done, bytes.length - done, position + done);
    if (read === 0)
      throw new RangeError(
        `the file ends at byte ${position + done}; ${bytes.length - done} more were expected`,
      );
    done += read;
  }
}
