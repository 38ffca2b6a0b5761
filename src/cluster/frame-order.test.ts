import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FrameOrder, type FramePart } from './frame-order.ts';

function partsOf(frames: readonly (readonly number[])[], first: number): FramePart[] {
  return frames.flatMap((bytes, at) =>
    bytes.map((byte, part) => ({
      seq: first + at,
      part,
      parts: bytes.length,
      bytes: Uint8Array.of(byte),
    })),
  );
}

test('frames come out whole, once and in order, in whatever order and however often their parts arrive', () => {
  const frames = fc.array(fc.array(fc.nat(255), { minLength: 1, maxLength: 4 }), { maxLength: 8 });
  fc.assert(
    fc.property(
      frames,
      fc.nat(5),
      fc.array(fc.nat(), { minLength: 80, maxLength: 80 }),
      (sent, first, numbers) => {
        let drawn = 0;
        const random = () => numbers[drawn++ % numbers.length]!;
        const parts = partsOf(sent, first);
        const arrivals = [...parts, ...parts.filter(() => random() % 3 === 0)]
          .map((part) => ({ part, at: random() }))
          .sort((a, b) => a.at - b.at);
        const order = new FrameOrder(first);
        const out = arrivals.flatMap(({ part }) => [...order.take(part)].map((bytes) => [...bytes]));
        expect(out).toEqual(sent);
        expect(order.next).toBe(first + sent.length);
        expect(order.held).toBe(0);
        expect(order.repeated).toBe(arrivals.length - parts.length);
      },
    ),
  );
});

test('what is behind a gap is held', () => {
  const order = new FrameOrder(0);
  const [first, second] = partsOf([[1], [2]], 0) as [FramePart, FramePart];
  expect([...order.take(second)]).toEqual([]);
  expect(order.held).toBe(1);
  expect([...order.take(first)]).toEqual([Uint8Array.of(1), Uint8Array.of(2)]);
});
