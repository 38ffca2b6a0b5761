import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { errorText, InferometerError } from '../core/errors.ts';
import { type TextLine, textLines } from './text.ts';

/** A file of lines from this size on is read part by part, each time anew; a smaller one is held in memory. */
export const LARGE_FILE_BYTES = 2 ** 28;
/** Bytes of a part, or more where a line needs it. */
const PART_BYTES = 2 ** 23;
const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;

/**
 * The lines of a file of any size, as `textLines` has them, in memory for one part of the file at a time. What is kept of a line keeps its part.
 *
 * Throws `INFEROMETER_DATASET_UNREADABLE` (input) for a file that can't be read. `partBytes`: for tests.
 */
export function* largeFileLines(path: string, partBytes = PART_BYTES): Generator<TextLine> {
  const file = attempt(path, () => openSync(path, 'r'));
  try {
    const { size } = attempt(path, () => fstatSync(file));
    let position = 0;
    let lineNumber = 1;
    let wanted = partBytes;
    while (position < size) {
      const bytes = Buffer.allocUnsafeSlow(Math.min(wanted, size - position));
      const length = attempt(path, () => readFully(file, bytes, position));
      const isLast = position + length >= size || length < bytes.length;
      const end = isLast ? length : endOfLines(bytes);
      if (end === 0 && !isLast) {
        // One line fills the part.
        wanted *= 2;
        continue;
      }
      wanted = partBytes;
      const part = bytes.subarray(0, end);
      yield* textLines(part, path, lineNumber);
      lineNumber += lineBreaks(part);
      if (end === 0) return;
      position += end;
    }
  } finally {
    closeSync(file);
  }
}

function readFully(file: number, bytes: Buffer, position: number): number {
  let length = 0;
  while (length < bytes.length) {
    const count = readSync(file, bytes, length, bytes.length - length, position + length);
    if (count === 0) break;
    length += count;
  }
  return length;
}

/** Behind the last line that surely ends in a part: a CR at its end may have its LF in the next one. */
function endOfLines(bytes: Uint8Array): number {
  const feed = bytes.lastIndexOf(LINE_FEED);
  const carriage = bytes.subarray(0, -1).lastIndexOf(CARRIAGE_RETURN);
  const last = Math.max(feed, carriage);
  return last === carriage && bytes[last + 1] === LINE_FEED ? last + 2 : last + 1;
}

/** LF, CRLF and CR. */
function lineBreaks(bytes: Uint8Array): number {
  let count = 0;
  for (let at = bytes.indexOf(LINE_FEED); at >= 0; at = bytes.indexOf(LINE_FEED, at + 1)) count += 1;
  for (let at = bytes.indexOf(CARRIAGE_RETURN); at >= 0; at = bytes.indexOf(CARRIAGE_RETURN, at + 1)) {
    if (bytes[at + 1] !== LINE_FEED) count += 1;
  }
  return count;
}

function attempt<T>(path: string, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    const message = `${path}: cannot be read: ${errorText(cause)}`;
    throw new InferometerError('INFEROMETER_DATASET_UNREADABLE', 'input', message, { cause });
  }
}
