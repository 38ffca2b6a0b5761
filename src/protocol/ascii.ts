const SPACE = 32;
const TAB = 9;
const COMMA = 44;
const ZERO = 48;
const NINE = 57;
const UPPER_A = 65;
const UPPER_Z = 90;
const LOWER_A = 97;
const LOWER_F = 102;

/** {@link decimal} of what is no whole number of at most 2^53 - 1. */
export const NOT_DECIMAL = -1;
export const NOT_HEX = -1;

export function decimal(bytes: Uint8Array, start: number, end: number): number {
  if (start === end) return NOT_DECIMAL;
  let value = 0;
  for (let position = start; position < end; position++) {
    const byte = bytes[position]!;
    if (byte < ZERO || byte > NINE) return NOT_DECIMAL;
    value = 10 * value + byte - ZERO;
    if (value > Number.MAX_SAFE_INTEGER) return NOT_DECIMAL;
  }
  return value;
}

export function hexDigit(byte: number): number {
  if (byte >= ZERO && byte <= NINE) return byte - ZERO;
  const letter = lowerCase(byte);
  return letter >= LOWER_A && letter <= LOWER_F ? letter - LOWER_A + 10 : NOT_HEX;
}

export function isBlank(byte: number): boolean {
  return byte === SPACE || byte === TAB;
}

/** An ASCII capital as its small letter; any other byte as it is. */
function lowerCase(byte: number): number {
  return byte >= UPPER_A && byte <= UPPER_Z ? byte + 32 : byte;
}

/** Whether `wanted` (lower case) begins at `start`, in either case. */
export function startsWith(bytes: Uint8Array, start: number, wanted: Uint8Array): boolean {
  for (let index = 0; index < wanted.length; index++) {
    if (lowerCase(bytes[start + index]!) !== wanted[index]) return false;
  }
  return true;
}

export function equals(bytes: Uint8Array, start: number, end: number, wanted: Uint8Array): boolean {
  return end - start === wanted.length && startsWith(bytes, start, wanted);
}

/** Whether the comma-separated list holds `wanted`. */
export function listHolds(bytes: Uint8Array, start: number, end: number, wanted: Uint8Array): boolean {
  let itemStart = start;
  while (itemStart < end) {
    let itemEnd = itemStart;
    while (itemEnd < end && bytes[itemEnd] !== COMMA) itemEnd += 1;
    let from = itemStart;
    let to = itemEnd;
    while (from < to && isBlank(bytes[from]!)) from += 1;
    while (to > from && isBlank(bytes[to - 1]!)) to -= 1;
    if (equals(bytes, from, to, wanted)) return true;
    itemStart = itemEnd + 1;
  }
  return false;
}

export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
