import { countText } from '../core/quantity-text.ts';
import { datasetError } from './row.ts';

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const UTF_8 = new TextDecoder('utf-8', { fatal: true });
/** Bytes of a row at most: what one frame of the run log has room for. */
export const MAX_ROW_BYTES = 2 ** 26;
/** Bytes of a text that is read as a whole: below the longest string there can be. */
const MAX_TEXT_BYTES = 2 ** 29 - 2 ** 10;

/** A line that is not blank, without its line break. */
export interface TextLine {
  /** From 1. */
  readonly number: number;
  readonly place: () => string;
  /** Throws `INFEROMETER_DATASET_INVALID` for bytes that are not UTF-8, and for a line above {@link MAX_ROW_BYTES}. */
  readonly text: () => string;
}

/** UTF-8 bytes as text, without a byte order mark. Throws `INFEROMETER_DATASET_INVALID` for bytes that are not UTF-8. */
export function decodeUtf8(bytes: Uint8Array, place: string): string {
  if (bytes.length > MAX_TEXT_BYTES) {
    throw datasetError(
      place,
      `holds ${mebibytes(bytes.length)} MiB, and is read as a whole, which takes at most ${mebibytes(MAX_TEXT_BYTES)} MiB; convert it to JSON lines (jq -c '.[]' file.json > file.jsonl), which are read row by row`,
    );
  }
  try {
    return UTF_8.decode(bytes);
  } catch (cause) {
    throw datasetError(place, 'is not UTF-8 text; save it as UTF-8', { cause });
  }
}

/** Refuses a row above {@link MAX_ROW_BYTES}. */
export function checkRowSize(byteCount: number, place: string): void {
  if (byteCount <= MAX_ROW_BYTES) return;
  const limit = countText(MAX_ROW_BYTES);
  throw datasetError(
    place,
    `the row has ${countText(byteCount)} bytes; the limit for one request is ${limit}`,
  );
}

function mebibytes(bytes: number): number {
  return Math.round(bytes / 2 ** 20);
}

/**
 * The lines of a file that hold more than white space. LF, CRLF and CR end a line, a byte order mark is dropped. Decodes a
 * line at a time, so a file may be longer than the longest string. `firstNumber`: of the first line, in a part of a file.
 */
export function* textLines(bytes: Uint8Array, path: string, firstNumber = 1): Generator<TextLine> {
  let nextReturn = bytes.indexOf(CARRIAGE_RETURN);
  let nextFeed = bytes.indexOf(LINE_FEED);
  let start = 0;
  for (let number = firstNumber; start < bytes.length; number++) {
    if (nextReturn !== -1 && nextReturn < start) nextReturn = bytes.indexOf(CARRIAGE_RETURN, start);
    if (nextFeed !== -1 && nextFeed < start) nextFeed = bytes.indexOf(LINE_FEED, start);
    const end = Math.min(
      nextReturn === -1 ? bytes.length : nextReturn,
      nextFeed === -1 ? bytes.length : nextFeed,
    );
    const line = bytes.subarray(start, end);
    if (!isBlank(line)) {
      const place = () => `${path}:${number}`;
      yield {
        number,
        place,
        text: () => {
          checkRowSize(line.length, place());
          return decodeUtf8(line, place());
        },
      };
    }
    start = end + (bytes[end] === CARRIAGE_RETURN && bytes[end + 1] === LINE_FEED ? 2 : 1);
  }
}

/** White space only, other than the letters of UTF-8: looked at without decoding a long line. */
function isBlank(line: Uint8Array): boolean {
  const BLANK_AT_MOST = 4096;
  const PRINTABLE_FROM = 0x21;
  const PRINTABLE_TO = 0x7e;
  const first = line[0]!;
  if (line.length > BLANK_AT_MOST || (first >= PRINTABLE_FROM && first <= PRINTABLE_TO)) return false;
  return new TextDecoder().decode(line).trim() === '';
}
