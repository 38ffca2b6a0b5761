import fc from 'fast-check';
import { expect, test } from 'vitest';
import { forEachPacked, packCounts } from './packed-counts.ts';

const count = fc.oneof(
  { weight: 3, arbitrary: fc.constant(0) },
  fc.nat(200),
  fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
);

test('every count comes back, whatever its size and the gaps between', () => {
  fc.assert(
    fc.property(fc.array(count, { maxLength: 400 }), (counts) => {
      const back = counts.map(() => 0);
      forEachPacked(packCounts(Float64Array.from(counts), counts.length - 1), (index, n) => {
        back[index] = n;
      });
      expect(back).toEqual(counts);
    }),
  );
});

test('a few bytes a count, whatever the gaps', () => {
  const counts = new Float64Array(4000);
  for (let index = 100; index < counts.length; index += 40) counts[index] = 100;
  expect(packCounts(counts, counts.length - 1).length).toBe(2 * 98 + 0);
});
