import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { EventKind } from '../core/event-types.ts';
import type { SampleSeq } from '../core/ids.ts';
import type { Nanoseconds } from '../core/time.ts';
import { buildEventBatch } from '../events/batch-builder.ts';
import { decodeBatch } from '../events/columnar-codec.ts';
import { COMPLETE_EXTRA, type EventBatch, type EventRecord } from '../events/event-batch.ts';
import { FRAME_HEADER_BYTES } from '../transport/frame.ts';
import { BatchWriter, MAX_BATCH_AGE_MS, MAX_BATCH_PAYLOAD_BYTES, MAX_BATCH_RECORDS } from './batch-writer.ts';

const batches: EventBatch[] = [];
const writer = () =>
  new BatchWriter(3, (frame) => {
    expect(frame.byteLength).toBe(frame.buffer.byteLength);
    batches.push(decodeBatch(frame.subarray(FRAME_HEADER_BYTES)));
  });

function write(into: BatchWriter, record: EventRecord): void {
  into.open(record.kind, record.sampleSeq!, record.timestampNs);
  into.payload.raw(record.payload ?? new Uint8Array(0));
  for (const extra of record.extras ?? []) into.extra(extra);
  if (record.finishReason !== undefined) into.finishReason(record.finishReason);
  into.close();
}

function recordOf(seq: number, payloadBytes = 0): EventRecord {
  return {
    kind: EventKind.sampleComplete,
    sampleSeq: seq as SampleSeq,
    timestampNs: (seq * 10) as Nanoseconds,
    payload: new Uint8Array(payloadBytes).fill(seq),
    extras: [seq, NaN],
  };
}

beforeEach(() => {
  batches.length = 0;
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});

afterEach(() => void vi.useRealTimers());

test('a batch is what was written, whatever the writer held before', () => {
  const record = fc.record(
    {
      kind: fc.constantFrom(...Object.values(EventKind)),
      sampleSeq: fc.nat({ max: 2 ** 32 - 2 }).map((seq) => seq as SampleSeq),
      timestampNs: fc.nat({ max: 2 ** 50 }).map((ns) => ns as Nanoseconds),
      finishReason: fc.constantFrom('stop', 'length', 'tool_calls', 'eos', ''),
      payload: fc.uint8Array({ maxLength: 30 }),
      extras: fc.array(fc.double(), { maxLength: 2 }),
    },
    { requiredKeys: ['kind', 'sampleSeq', 'timestampNs'] },
  );
  const into = writer();
  fc.assert(
    fc.property(fc.array(record, { minLength: 1, maxLength: 50 }), (records) => {
      batches.length = 0;
      for (const one of records) write(into, one);
      into.flush();
      expect(batches).toEqual([buildEventBatch(records, 3)]);
    }),
  );
});

describe('hands over', () => {
  test('by number of records', () => {
    const into = writer();
    for (let seq = 0; seq < 2 * MAX_BATCH_RECORDS + 1; seq++) write(into, recordOf(seq));
    expect(batches.map(({ count }) => count)).toEqual([MAX_BATCH_RECORDS, MAX_BATCH_RECORDS]);
    into.flush();
    expect(batches[2]).toEqual(buildEventBatch([recordOf(2 * MAX_BATCH_RECORDS)], 3));
  });

  test('by size of payload', () => {
    const into = writer();
    const third = Math.ceil(MAX_BATCH_PAYLOAD_BYTES / 3);
    const sizes = [third, third, third, third, 5 * MAX_BATCH_PAYLOAD_BYTES, 1];
    const records = sizes.map((size, seq) => recordOf(seq, size));
    for (const record of records) write(into, record);
    into.flush();
    const split = [records.slice(0, 3), records.slice(3, 5), [records[5]!]];
    expect(batches).toEqual(split.map((part) => buildEventBatch(part, 3)));
  });

  test('by time, and nothing when there is nothing', () => {
    const into = writer();
    into.flush();
    write(into, recordOf(0));
    write(into, recordOf(1));
    expect(batches).toEqual([]);
    vi.advanceTimersByTime(MAX_BATCH_AGE_MS);
    expect(batches.map(({ count }) => count)).toEqual([2]);
    vi.advanceTimersByTime(10 * MAX_BATCH_AGE_MS);
    expect(batches).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
  });
});

test('a record with every extra there is fits behind a batch that is nearly full', () => {
  const into = writer();
  const most = Object.keys(COMPLETE_EXTRA).length;
  const four = [1, 2, 3, 4];
  for (let seq = 0; seq < MAX_BATCH_RECORDS / 2; seq++) write(into, { ...recordOf(seq), extras: four });
  expect(batches).toHaveLength(0);
  const last = Array.from({ length: most }, (_, position) => position + 100);
  write(into, { ...recordOf(9), extras: last });
  const [batch] = batches;
  expect(Array.from(batch!.extras.subarray(-most))).toEqual(last);
});
