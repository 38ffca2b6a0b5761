import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type Sample, SampleQueue } from './sample-queue.ts';

test('is first in, first out, as an array is', () => {
  const steps = fc.array(
    fc.oneof(fc.nat({ max: 200 }), fc.constantFrom('shift' as const, 'putBack' as const)),
    { maxLength: 40 },
  );
  fc.assert(
    fc.property(steps, (todo) => {
      const queue = new SampleQueue();
      const expected: Sample[] = [];
      let seq = 0;
      for (const step of todo) {
        if (step === 'shift') expect(queue.shift()).toEqual(expected.shift());
        else if (step === 'putBack') {
          const sample = queue.shift();
          if (sample !== undefined) queue.putBack(sample);
        } else {
          for (let count = 0; count < step; count++, seq++) {
            const sample = { seq, row: seq % 7, dueNs: seq % 3 === 0 ? NaN : seq * 1e9 };
            queue.push(sample.seq, sample.row, sample.dueNs);
            expected.push(sample);
          }
        }
        expect(queue.length).toBe(expected.length);
      }
      for (const sample of expected) expect(queue.shift()).toEqual(sample);
      expect(queue.shift()).toBeUndefined();
    }),
  );
});
