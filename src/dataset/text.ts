import { datasetError } from './row.ts';

export const LINE_FEED = 0x0a;
const UTF_8 = new TextDecoder('utf-8', { fatal: true });

/** A line that is not blank, without its line break. */
export interface TextLine {
  /** From 1. */
  readonly number: number;
  readonly text: string;
}

/**
 * UTF-8 bytes as text, without a byte order mark. Throws `INFEROMETER_DATASET_INVALID` for bytes that are no UTF-8.
 */
export function decodeUtf8(bytes: Uint8Array, place: string): string {
  try {
    return UTF_8.decode(bytes);
  } catch (cause) {
    throw datasetError(place, 'bytes that are no UTF-8', 'UTF-8 text', { cause });
  }
}

/**
 * The lines of a file that hold more than white space. LF and CRLF both end a line, a byte order mark is dropped. Decodes a
 * line at a time, so a file may be longer than the longest string.
 */
export function* textLines(bytes: Uint8Array, path: string): Generator<TextLine> {
  let start = 0;
  for (let number = 1; start < bytes.length; number++) {
    const feed = bytes.indexOf(LINE_FEED, start);
    const end = feed === -1 ? bytes.length : feed;
    const line = decodeUtf8(bytes.subarray(start, end), `${path}:${number}`);
    const text = line.endsWith('\r') ? line.slice(0, -1) : line;
    if (text.trim() !== '') yield { number, text };
    start = end + 1;
  }
}
