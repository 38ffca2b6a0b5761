import { bytesOf } from './ascii.ts';
import { parseJson } from './json.ts';
import { openingQuote } from './json-field.ts';

const QUOTE = 0x22;
const EQUALS = 0x3d;
/** Shorter ones stay where they are. */
const LONG_BYTES = 256;

/** JSON whose long base64 texts were cut out. */
export interface ShortenedJson {
  readonly value: unknown;
  /** Bytes that the texts stand for, the short ones included. */
  readonly bytes: number;
}

/**
 * The JSON value in `buffer[start..end)` and how many bytes the base64 in its fields of that name stands for. Long texts are measured where they lie and
 * not parsed: an image of megabytes costs a search for its end. Throws `ResponseFormatError` when it is no JSON.
 */
export function withoutBase64(buffer: Uint8Array, start: number, end: number, field: string): ShortenedJson {
  const key = bytesOf(`"${field}"`);
  const bytes = Buffer.from(buffer.buffer, buffer.byteOffset + start, end - start);
  const kept: Buffer[] = [];
  let total = 0;
  let from = 0;
  for (let at = bytes.indexOf(key); at >= 0; at = bytes.indexOf(key, at)) {
    at += key.length;
    const open = openingQuote(bytes, at);
    if (open < 0) continue;
    const close = bytes.indexOf(QUOTE, open + 1);
    if (close < 0) break;
    total += decodedBytes(bytes, open + 1, close);
    if (close - open > LONG_BYTES) {
      kept.push(bytes.subarray(from, open + 1));
      from = close;
    }
    at = close + 1;
  }
  if (from === 0) return { value: parseJson(buffer, start, end), bytes: total };
  const short = Buffer.concat([...kept, bytes.subarray(from)]);
  return { value: parseJson(short, 0, short.length), bytes: total };
}

/** Bytes that base64 stands for, padded or not. Line breaks, which nobody sends, would count as characters. */
function decodedBytes(bytes: Uint8Array, start: number, end: number): number {
  let last = end;
  while (last > start && bytes[last - 1] === EQUALS) last -= 1;
  return Math.floor(((last - start) * 3) / 4);
}
