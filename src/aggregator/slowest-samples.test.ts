import fc from 'fast-check';
import { expect, test } from 'vitest';
import type { SampleSeq } from '../core/ids.ts';
import { RowFlag, SampleTable } from './sample-table.ts';
import { SlowestSamples } from './slowest-samples.ts';

test('keeps the twenty slowest, slowest first, of equally slow ones the first to end', () => {
  const latencies = fc.oneof(
    fc.array(fc.nat(8), { minLength: 21, maxLength: 80 }),
    fc.array(fc.nat(1e6), { maxLength: 80 }),
  );
  fc.assert(
    fc.property(latencies, (latencies) => {
      const table = new SampleTable();
      const slowest = new SlowestSamples(table);
      latencies.forEach((latencyNs, i) => {
        const seq = i as SampleSeq;
        const slot = table.open(seq);
        table.issuedNs[slot] = 100 * i;
        slowest.onComplete(seq, slot, 100 * i + latencyNs);
        table.close(seq, slot);
      });
      const told = slowest.samples().map(({ seq, latency_ns }) => [seq, latency_ns]);
      const expected = latencies.map((latency, seq) => [seq, latency]).sort((a, b) => b[1]! - a[1]!);
      expect(told).toEqual(expected.slice(0, 20));
    }),
  );
});

test('tells what the row knew of a sample', () => {
  const table = new SampleTable();
  const slowest = new SlowestSamples(table);
  const end = (seq: number, change: (slot: number) => void) => {
    const slot = table.open(seq as SampleSeq);
    table.issuedNs[slot] = 1000;
    change(slot);
    slowest.onComplete(seq as SampleSeq, slot, 5000 - seq);
    table.close(seq as SampleSeq, slot);
  };
  end(1, (slot) => {
    table.dueNs[slot] = 900;
    table.recvFirstNs[slot] = 1500;
    table.chunks[slot] = 7;
  });
  end(2, (slot) => (table.flags[slot] = RowFlag.cancelled));
  expect(slowest.samples()).toEqual([
    { seq: 1, due_ns: 900, issued_ns: 1000, latency_ns: 3999, ttft_ns: 500, chunks: 7, errored: false },
    { seq: 2, due_ns: null, issued_ns: 1000, latency_ns: 3998, ttft_ns: null, chunks: 0, errored: true },
  ]);
});
