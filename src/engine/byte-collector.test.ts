import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ByteCollector } from './byte-collector.ts';

test('puts bodies together from pieces of reads, in a buffer that each read overwrites', () => {
  const pieces = fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 4 });
  const reads = fc.array(pieces, { minLength: 1, maxLength: 5 });
  const limits = fc.option(fc.nat({ max: 200 }), { nil: undefined });
  fc.assert(
    fc.property(fc.array(reads, { maxLength: 4 }), limits, (bodies, limit) => {
      const collector = new ByteCollector(limit);
      const buffer = new Uint8Array(4 * 41);
      for (const body of bodies) {
        collector.reset();
        for (const [index, read] of body.entries()) {
          if (index > 0) collector.settle();
          buffer.fill(255);
          for (const [nth, piece] of read.entries()) {
            buffer.set(piece, nth * 41);
            collector.add(buffer, nth * 41, nth * 41 + piece.length);
          }
        }
        const whole = body.flat().flatMap((piece) => [...piece]);
        expect([...collector.bytes()]).toEqual(whole.slice(0, limit));
      }
    }),
  );
});

test('a body in one piece is not copied', () => {
  const collector = new ByteCollector();
  const read = Uint8Array.of(9, 1, 2, 3, 9);
  collector.reset();
  collector.add(read, 1, 4);
  expect([...collector.bytes()]).toEqual([1, 2, 3]);
  expect(collector.bytes().buffer).toBe(read.buffer);
});

test('more pieces than the buffer had room for', () => {
  const collector = new ByteCollector();
  const piece = new Uint8Array(3000).fill(7);
  collector.reset();
  for (let count = 0; count < 700; count++) {
    collector.add(piece, 0, piece.length);
    collector.settle();
  }
  expect(collector.bytes().length).toBe(700 * 3000);
  expect(collector.bytes().every((byte) => byte === 7)).toBe(true);
  collector.reset();
  expect(collector.bytes().length).toBe(0);
});
