import type { Draws } from './draws.ts';

const MAX_BYTES = 2048;
const MOST_CHANGES = 4;
const INTERESTING = [0, 1, 9, 10, 13, 32, 34, 44, 48, 58, 91, 92, 93, 123, 125, 127, 128, 192, 237, 255];

type Change = (bytes: Buffer, random: Draws, words: readonly Buffer[], others: readonly Buffer[]) => Buffer;

const CHANGES: readonly Change[] = [
  (bytes, random) => withByte(bytes, random, random.below(256)),
  (bytes, random) => withByte(bytes, random, INTERESTING[random.below(INTERESTING.length)]!),
  (bytes, random) =>
    withByte(bytes, random, (bytes[random.below(bytes.length + 1)] ?? 0) ^ (1 << random.below(8))),
  (bytes, random, words) => inserted(bytes, random, words[random.below(words.length)]!),
  (bytes, random, words) => replaced(bytes, random, words[random.below(words.length)]!),
  (bytes, random) => {
    const [from, to] = range(bytes, random);
    return Buffer.concat([bytes.subarray(0, from), bytes.subarray(to)]);
  },
  (bytes, random) => {
    const [from, to] = range(bytes, random);
    return inserted(bytes, random, bytes.subarray(from, to));
  },
  (bytes, random, _words, others) => {
    const other = others[random.below(others.length)]!;
    return Buffer.concat([
      bytes.subarray(0, random.below(bytes.length + 1)),
      other.subarray(random.below(other.length + 1)),
    ]);
  },
];

/** A changed copy of an input: bytes, words of its format, pieces of itself and of others. */
export function mutated(
  input: Buffer,
  random: Draws,
  words: readonly Buffer[],
  others: readonly Buffer[],
): Buffer {
  let bytes = input;
  for (let change = random.below(MOST_CHANGES) + 1; change > 0; change--) {
    bytes = CHANGES[random.below(CHANGES.length)]!(bytes, random, words, others);
  }
  return bytes.subarray(0, MAX_BYTES);
}

function withByte(bytes: Buffer, random: Draws, byte: number): Buffer {
  const copy = Buffer.from(bytes);
  if (copy.length > 0) copy[random.below(copy.length)] = byte;
  return copy;
}

function inserted(bytes: Buffer, random: Draws, piece: Buffer): Buffer {
  const at = random.below(bytes.length + 1);
  return Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at)]);
}

function replaced(bytes: Buffer, random: Draws, piece: Buffer): Buffer {
  const at = random.below(bytes.length + 1);
  return Buffer.concat([bytes.subarray(0, at), piece, bytes.subarray(at + piece.length)]);
}

function range(bytes: Buffer, random: Draws): readonly [number, number] {
  const from = random.below(bytes.length + 1);
  return [from, Math.min(bytes.length, from + random.below(32) + 1)];
}
