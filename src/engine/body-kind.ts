/** How the body of a response is read. */
export type BodyKind = 'unknown' | 'error' | 'whole' | 'stream';

const SPACE = 0x20;
const BYTE_ORDER_MARK = [0xef, 0xbb, 0xbf] as const;

/** Where the body itself begins behind blanks and a byte order mark; `end` when it has not come yet. */
export function skipPreamble(buffer: Uint8Array, start: number, end: number): number {
  let position = start;
  while (position < end && isPreamble(buffer[position]!)) position += 1;
  return position;
}

function isPreamble(byte: number): boolean {
  return byte <= SPACE || BYTE_ORDER_MARK.some((mark) => mark === byte);
}
