import fc from 'fast-check';
import { expect, test } from 'vitest';
import { NdjsonParser } from './ndjson.ts';
import { MAX_MESSAGE_BYTES } from './sse.ts';

/** What a parser tells of pieces of a stream. */
function told(pieces: readonly Uint8Array[]): { readonly lines: string[]; readonly loose: string[] } {
  const found = { lines: [] as string[], loose: [] as string[] };
  const text = (buffer: Uint8Array, start: number, end: number) =>
    Buffer.from(buffer).toString('utf8', start, end);
  const parser = new NdjsonParser({
    onMessage: (...place) =>
      found.lines.push(text(...(place.slice(0, 3) as [Uint8Array, number, number])).trim()),
    onFailure: () => expect.unreachable(),
    onLooseData: (...place) => found.loose.push(text(...place)),
  });
  for (const piece of pieces) parser.feed(piece, 0, piece.length);
  parser.finish();
  return found;
}

test('however a stream of lines is cut, its lines are the same', () => {
  const line = fc.oneof(
    fc.record({ a: fc.string({ unit: 'grapheme' }), b: fc.nat() }).map((value) => JSON.stringify(value)),
    fc.constant(''),
  );
  const ends = fc.constantFrom('\n', '\r\n');
  fc.assert(
    fc.property(fc.array(line), ends, fc.boolean(), fc.nat(9), (lines, end, isEnded, size) => {
      const bytes = Buffer.from(lines.join(end) + (isEnded ? end : ''));
      const cuts = Array.from({ length: Math.ceil(bytes.length / (size + 1)) }, (_, index) =>
        bytes.subarray(index * (size + 1), (index + 1) * (size + 1)),
      );
      const wanted = { lines: lines.filter((one) => one !== ''), loose: [] };
      expect(told(cuts)).toEqual(wanted);
      expect(told([bytes])).toEqual(wanted);
    }),
  );
});

test('a last line that is cut off is no line', () => {
  expect(told([Buffer.from('{"a":1}\n{"a":')])).toEqual({ lines: ['{"a":1}'], loose: ['{"a":'] });
});

test('a line without end is given up', () => {
  const parser = new NdjsonParser({
    onMessage: () => undefined,
    onFailure: () => undefined,
    onLooseData: () => undefined,
  });
  const piece = Buffer.alloc(2 ** 22, 0x61);
  expect(() => {
    for (let bytes = 0; bytes <= MAX_MESSAGE_BYTES; bytes += piece.length)
      parser.feed(piece, 0, piece.length);
  }).toThrow('longer than');
});
