import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { SampleSeq } from '../core/ids.ts';
import { SeqIndex } from './seq-index.ts';

test('does what a map does, for any order of adding, removing and finding', () => {
  // Few numbers, so that they meet again; some far apart, so that they wrap around the table.
  const seq = fc.oneof(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0xffff_ff00, max: 0xffff_fffe }));
  const operation = fc.record({ remove: fc.boolean(), seq });
  fc.assert(
    fc.property(fc.array(operation, { maxLength: 300 }), (operations) => {
      const index = new SeqIndex();
      const model = new Map<number, number>();
      for (const [i, { remove, seq }] of operations.entries()) {
        if (remove) {
          index.remove(seq as SampleSeq);
          model.delete(seq);
        } else if (!model.has(seq)) {
          index.add(seq as SampleSeq, i);
          model.set(seq, i);
        }
        expect(index.find(seq as SampleSeq)).toBe(model.get(seq) ?? -1);
      }
      expect(index.size).toBe(model.size);
      expect(new Map(index.entries())).toEqual(model);
    }),
  );
});

test('grows past its first size and still finds everything, at any stride', () => {
  for (const stride of [1, 2, 1024, 65_536]) {
    const index = new SeqIndex();
    for (let i = 0; i < 5000; i++) index.add((i * stride) as SampleSeq, i);
    for (let i = 0; i < 5000; i += 2) index.remove((i * stride) as SampleSeq);
    expect(index.size).toBe(2500);
    for (let i = 0; i < 5000; i++) expect(index.find((i * stride) as SampleSeq)).toBe(i % 2 === 0 ? -1 : i);
  }
});
