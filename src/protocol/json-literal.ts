import { hexDigit, NOT_HEX } from './ascii.ts';
import { skipPlainText } from '../core/byte-words.ts';

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const LOWER_U = 0x75;
const ZERO = 0x30;
const NINE = 0x39;
const FIRST_PRINTABLE = 0x20;
const FIRST_NON_ASCII = 0x80;
/** First byte that begins a UTF-8 sequence of more than one. */
const FIRST_LEAD = 0xc0;
const THREE_BYTE_LEAD = 0xe0;
const FOUR_BYTE_LEAD = 0xf0;
/** So many digits are always exact in a number. */
const MAX_DIGITS = 15;
const UTF8 = new TextDecoder('utf-8', { ignoreBOM: true });

/** There is no such literal. */
export const NO_LITERAL = -1;

/**
 * Where the closing quote stands of the JSON string whose inside begins at `start`; {@link NO_LITERAL} when there is no valid
 * one before `end`.
 * @hot
 */
export function endOfText(bytes: DataView, start: number, end: number): number {
  let position = skipPlainText(bytes, start, end);
  while (position < end) {
    const byte = bytes.getUint8(position);
    if (byte === QUOTE) return position;
    if (byte < FIRST_PRINTABLE) return NO_LITERAL;
    if (byte === BACKSLASH) {
      const escapeEnd = endOfEscape(bytes, position + 1, end);
      if (escapeEnd === NO_LITERAL) return NO_LITERAL;
      position = skipPlainText(bytes, escapeEnd, end);
    } else position += 1;
  }
  return NO_LITERAL;
}

/**
 * Where the whole number that begins at `start` ends; {@link NO_LITERAL} for one that is negative, has more than 15 digits or
 * a fraction.
 * @hot
 */
export function endOfCount(bytes: DataView, start: number, end: number): number {
  let position = start;
  while (position < end && bytes.getUint8(position) >= ZERO && bytes.getUint8(position) <= NINE)
    position += 1;
  const digits = position - start;
  if (digits === 0 || digits > MAX_DIGITS || position === end) return NO_LITERAL;
  if (digits > 1 && bytes.getUint8(start) === ZERO) return NO_LITERAL;
  return isNumberPart(bytes.getUint8(position)) ? NO_LITERAL : position;
}

/**
 * Whether the bytes, at least one, don't end within a UTF-8 sequence, so that they read the same alone as before others. What is
 * wrong elsewhere reads the same in any case.
 * @hot
 */
export function endsWithWholeUtf8(bytes: DataView, start: number, end: number): boolean {
  if (bytes.getUint8(end - 1) < FIRST_NON_ASCII) return true;
  let lead = end - 1;
  while (lead > start && bytes.getUint8(lead) >= FIRST_NON_ASCII && bytes.getUint8(lead) < FIRST_LEAD)
    lead -= 1;
  const byte = bytes.getUint8(lead);
  if (byte < FIRST_LEAD) return false;
  const wanted = byte < THREE_BYTE_LEAD ? 2 : byte < FOUR_BYTE_LEAD ? 3 : 4;
  return end - lead === wanted;
}

/** The text of the valid JSON string whose inside is `bytes[start..end)`. */
export function textOfLiteral(bytes: Uint8Array, start: number, end: number): string {
  const text = UTF8.decode(bytes.subarray(start, end));
  return text.includes('\\') ? (JSON.parse(`"${text}"`) as string) : text;
}

/** Where the escape ends whose backslash precedes `start`. */
function endOfEscape(bytes: DataView, start: number, end: number): number {
  if (start >= end) return NO_LITERAL;
  const escape = bytes.getUint8(start);
  if (escape !== LOWER_U) return isSimpleEscape(escape) ? start + 1 : NO_LITERAL;
  const last = start + 4;
  if (last >= end) return NO_LITERAL;
  for (let position = start + 1; position <= last; position++) {
    if (hexDigit(bytes.getUint8(position)) === NOT_HEX) return NO_LITERAL;
  }
  return last + 1;
}

/** One of `"`, `\`, `/`, `b`, `f`, `n`, `r`, `t`. */
function isSimpleEscape(byte: number): boolean {
  switch (byte) {
    case QUOTE:
    case BACKSLASH:
    case 0x2f:
    case 0x62:
    case 0x66:
    case 0x6e:
    case 0x72:
    case 0x74:
      return true;
    default:
      return false;
  }
}

/** `.`, `e` or `E`: the number goes on. */
function isNumberPart(byte: number): boolean {
  return byte === 0x2e || byte === 0x65 || byte === 0x45;
}
