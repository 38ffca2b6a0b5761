import { bytesOf } from '../protocol/ascii.ts';

/** How the body of a response is read. */
export type BodyKind = 'unknown' | 'error' | 'whole' | 'stream';

const SPACE = 0x20;
const OPEN_BRACE = 0x7b;
const OPEN_BRACKET = 0x5b;
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf] as const;
/** How lines of an event stream begin; `error` is no field of the standard. */
const FIELDS = ['data:', 'event:', 'id:', 'retry:', 'error:', ':'].map(bytesOf);

/** Where the body itself begins behind blanks and a byte order mark; `end` when it has not come yet. */
export function skipPreamble(buffer: Uint8Array, start: number, end: number): number {
  let position = start;
  while (position < end && isPreamble(buffer[position]!)) position += 1;
  return position;
}

/**
 * How to read a body whose first byte is `buffer[start]`. Servers send event streams under any content type, and whole bodies under that
 * of a stream, so its beginning decides.
 */
export function bodyKindOf(buffer: Uint8Array, start: number, end: number, saysStream: boolean): BodyKind {
  const first = buffer[start];
  if (first === OPEN_BRACE || first === OPEN_BRACKET) return 'whole';
  return saysStream || FIELDS.some((field) => beginsAs(buffer, start, end, field)) ? 'stream' : 'whole';
}

function isPreamble(byte: number): boolean {
  return byte <= SPACE || BYTE_ORDER_MARK.some((mark) => mark === byte);
}

/** Of a beginning shorter than the field, that is as far as it goes. */
function beginsAs(buffer: Uint8Array, start: number, end: number, field: Uint8Array): boolean {
  return field.every((byte, index) => start + index >= end || buffer[start + index] === byte);
}
