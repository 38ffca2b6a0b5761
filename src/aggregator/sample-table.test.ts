import { expect, test } from 'vitest';
import type { SampleSeq } from '../core/ids.ts';
import { RowFlag, SampleTable } from './sample-table.ts';

const seqOf = (seq: number) => seq as SampleSeq;

test('a new row has no stamps, also in a slot used before', () => {
  const table = new SampleTable();
  const slot = table.open(seqOf(1));
  table.issuedNs[slot] = 1;
  table.recvFirstNs[slot] = 2;
  table.lastRecvNs[slot] = 3;
  table.dueNs[slot] = 4;
  table.flags[slot] = RowFlag.errored;
  table.close(seqOf(1), slot);
  expect(table.slotOf(seqOf(1))).toBe(-1);
  expect(table.open(seqOf(2))).toBe(slot);
  expect(table.rows()).toMatchObject([
    { seq: 2, issuedNs: NaN, recvFirstNs: undefined, lastRecvNs: undefined, dueNs: undefined },
  ]);
  expect(table.flags[slot]).toBe(0);
});

test('slots are used again: the columns are as long as most samples in flight, not as all', () => {
  const table = new SampleTable();
  const capacity = table.issuedNs.length;
  for (let seq = 0; seq < 20 * capacity; seq++) {
    table.open(seqOf(seq));
    const oldest = seqOf(seq - capacity + 10);
    const slot = table.slotOf(oldest);
    if (slot >= 0) table.close(oldest, slot);
  }
  expect(table.issuedNs.length).toBe(capacity);
  expect(table.size).toBe(capacity - 10);
});

test('growing keeps what the rows hold', () => {
  const table = new SampleTable();
  const count = 3 * table.issuedNs.length;
  for (let seq = 0; seq < count; seq++) {
    const slot = table.open(seqOf(seq));
    table.issuedNs[slot] = seq;
    table.windows[slot] = seq % 7;
  }
  expect(table.rows().map(({ issuedNs, windowIndex }) => [issuedNs, windowIndex])).toEqual(
    Array.from({ length: count }, (_, seq) => [seq, seq % 7]),
  );
});
