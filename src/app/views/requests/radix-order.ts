import { setImmediate } from 'node:timers/promises';

/** Key of a value that there is not: it stands last in either direction. */
export const LAST_KEY = 0xffff_ffff;

const DIGIT_BITS = 11;
const DIGITS = 1 << DIGIT_BITS;
const PASSES = 3;
/** Others get their turn after so many rows. */
export const ROWS_A_TURN = 65_536;

/**
 * Puts positions into the order of their keys, whole numbers of 32 bits; those of equal keys stay in the order they have. Sorts by
 * digits: a time that grows with the rows alone, and can be cut into turns.
 */
export async function sortByKeys(
  positions: Uint32Array,
  keyOf: (position: number) => number,
): Promise<Uint32Array> {
  const { length } = positions;
  let from = positions;
  let fromKeys = new Uint32Array(length);
  let to: Uint32Array = new Uint32Array(length);
  let toKeys = new Uint32Array(length);
  for (let i = 0; i < length; i++) {
    fromKeys[i] = keyOf(from[i]!);
    if (i % ROWS_A_TURN === 0) await setImmediate();
  }
  for (let pass = 0; pass < PASSES; pass++) {
    const shift = pass * DIGIT_BITS;
    const starts = new Uint32Array(DIGITS + 1);
    for (let i = 0; i < length; i++) starts[((fromKeys[i]! >>> shift) & (DIGITS - 1)) + 1]! += 1;
    for (let digit = 0; digit < DIGITS; digit++) starts[digit + 1]! += starts[digit]!;
    for (let i = 0; i < length; i++) {
      const key = fromKeys[i]!;
      const at = starts[(key >>> shift) & (DIGITS - 1)]!++;
      to[at] = from[i]!;
      toKeys[at] = key;
      if (i % ROWS_A_TURN === 0) await setImmediate();
    }
    [from, to] = [to, from];
    [fromKeys, toKeys] = [toKeys, fromKeys];
  }
  return from;
}

const BITS = new DataView(new ArrayBuffer(4));

/** A number as a key: keys have the order of numbers, to 24 bits of them. NaN has {@link LAST_KEY}. */
export function floatKey(value: number): number {
  if (Number.isNaN(value)) return LAST_KEY;
  BITS.setFloat32(0, value);
  const bits = BITS.getUint32(0);
  return (bits >>> 31 === 1 ? ~bits : bits | 0x8000_0000) >>> 0;
}

/** The key for the other direction. */
export function descendingKey(key: number): number {
  return key === LAST_KEY ? LAST_KEY : LAST_KEY - 1 - key;
}
