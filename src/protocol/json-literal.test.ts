import { expect, test } from 'vitest';
import { endOfText, endsWithWholeUtf8, NO_LITERAL } from './json-literal.ts';

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const viewOf = (bytes: Uint8Array) => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);

/** All sequences of so many of the bytes. */
function* sequences(bytes: readonly number[], length: number): Generator<number[]> {
  if (length === 0) yield [];
  else for (const rest of sequences(bytes, length - 1)) for (const byte of bytes) yield [byte, ...rest];
}

test('a text ends where JSON ends it, whatever it is made of', () => {
  const special = [...'"\\un0ag/\n\x1f\x7f\xc3'].map((letter) => letter.charCodeAt(0));
  const differing: string[] = [];
  for (let length = 0; length <= 4; length++) {
    for (const inside of sequences(special, length)) {
      const bytes = Uint8Array.of(...inside, 0x22);
      if (endOfText(viewOf(bytes), 0, bytes.length) !== naiveEnd(bytes)) {
        differing.push(Buffer.from(bytes).toString('hex'));
      }
    }
  }
  expect(differing).toEqual([]);
});

/** The first quote that makes a JSON string of what precedes it. */
function naiveEnd(bytes: Uint8Array): number {
  for (let end = bytes.indexOf(0x22); end >= 0; end = bytes.indexOf(0x22, end + 1)) {
    try {
      JSON.parse(`"${decoder.decode(bytes.subarray(0, end))}"`);
      return end;
    } catch {
      // A quote that is escaped, or a text that is none.
    }
  }
  return NO_LITERAL;
}

test('a text that is whole in its UTF-8 reads the same alone as before others', () => {
  const edges = [0x41, 0x80, 0x8f, 0x90, 0x9f, 0xa0, 0xbf, 0xc0, 0xc2, 0xdf, 0xe0, 0xe1, 0xed, 0xef];
  const leads = [0xf0, 0xf1, 0xf4, 0xf5, 0xff];
  const followers = [...[...edges, ...leads].map((byte) => [byte]), [0x80, 0x80], [0x9f, 0xbf, 0x80]].map(
    (bytes) => Uint8Array.from(bytes),
  );
  const differing: string[] = [];
  const check = (bytes: Uint8Array) => {
    if (!endsWithWholeUtf8(viewOf(bytes), 0, bytes.length)) return;
    const text = decoder.decode(bytes);
    for (const follower of followers) {
      const together = Uint8Array.of(...bytes, ...follower);
      if (decoder.decode(together) !== text + decoder.decode(follower)) {
        differing.push(Buffer.from(together).toString('hex'));
      }
    }
  };
  for (const length of [1, 2, 3]) {
    for (const bytes of sequences([...edges, ...leads], length)) check(Uint8Array.from(bytes));
  }
  for (const lead of leads)
    for (const rest of sequences([0x80, 0x8f, 0xbf, 0xc2], 3)) check(Uint8Array.of(lead, ...rest));
  expect(differing).toEqual([]);
});

test.each(['a', 'é', '€', '😀'])('%s is whole, and no part of it', (character) => {
  const bytes = Buffer.from(character);
  expect(endsWithWholeUtf8(viewOf(bytes), 0, bytes.length)).toBe(true);
  for (let end = 1; end < bytes.length; end++) expect(endsWithWholeUtf8(viewOf(bytes), 0, end)).toBe(false);
});
