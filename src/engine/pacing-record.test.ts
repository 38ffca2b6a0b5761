import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PacingRecord } from './pacing-record.ts';

test('counts samples by lateness, each in the bucket that holds it', () => {
  const lateness = fc.double({ min: 0, max: 1e13, noNaN: true });
  fc.assert(
    fc.property(fc.array(lateness), (latenessNs) => {
      const record = new PacingRecord();
      for (const lateNs of latenessNs) record.sent(lateNs);
      const { sendDelayCounts } = record.take();
      const last = sendDelayCounts.length - 1;
      for (const [bucket, count] of sendDelayCounts.entries()) {
        const lowUs = bucket === 0 ? 0 : 2 ** (bucket - 1);
        const highUs = bucket === last ? Infinity : 2 ** bucket;
        const within = latenessNs.filter((ns) => ns / 1000 >= lowUs && ns / 1000 < highUs);
        expect(count).toBe(within.length);
      }
    }),
  );
});

test('takes no more of a turn for waiting than twice the shortest: the rest was work', () => {
  const record = new PacingRecord();
  for (const turnNs of [5000, 2000, 3000, 900_000]) record.spun(turnNs);
  expect(record.take().spinNs).toBe(5000 + 2000 + 3000 + 4000);
  expect(record.take()).toMatchObject({ spinNs: 0 });
  record.spun(10_000);
  expect(record.take().spinNs).toBe(4000);
});
