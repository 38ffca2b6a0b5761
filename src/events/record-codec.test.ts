import { isDeepStrictEqual } from 'node:util';
import { decode, encode } from '@msgpack/msgpack';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EVENT_TOPICS, EventKind, FINISH_REASONS } from '../core/event-types.ts';
import { NO_SAMPLE, type RunId, type SampleSeq, sampleUuid } from '../core/ids.ts';
import type { Nanoseconds } from '../core/time.ts';
import { bindMemoryPublisher, connectMemorySubscriber, MemoryBus } from '../transport/memory.ts';
import { packBatch, unpackBatch } from '../transport/batch-frame.ts';
import { buildEventBatch, EventBatchBuilder } from './batch-builder.ts';
import type { EventRecord } from './event-batch.ts';
import { decodePayload, PayloadEncoder } from './payload.ts';
import { EventRecordCodec, publishRecords } from './record-codec.ts';
import { RecordTemplate } from './record-template.ts';
import { SampleNumbers } from './sample-numbers.ts';
import { WireFormatError } from './wire-format-error.ts';

const RUN_ID = 'ffeeddccbbaa0099' as RunId;
const payloads = new PayloadEncoder();
const ns = (value: number) => value as Nanoseconds;
const seq = (value: number) => value as SampleSeq;

const payload = fc.oneof(
  fc.string().map((output) => payloads.textModelOutput({ output, reasoning: null, toolCalls: null })),
  fc.string().map((errorType) => payloads.errorData({ errorType, errorMessage: '' })),
  fc.constant(encode(['PromptData', 'short'])),
);

/** A map as any writer of that bus may send it: keys in any order, defaults given or not, unknown ones between. */
const wireRecord = fc
  .record(
    {
      event_type: fc.constantFrom(...EVENT_TOPICS),
      timestamp_ns: fc.bigInt({ min: 0n, max: 2n ** 53n - 1n }),
      sample_uuid: fc.string({ maxLength: 3 }),
      conversation_id: fc.string({ unit: 'grapheme' }),
      turn: fc.option(fc.integer()),
      finish_reason: fc.oneof(fc.constantFrom(...FINISH_REASONS), fc.string()),
      worker_id: fc.integer(),
    },
    { requiredKeys: ['event_type', 'timestamp_ns'] },
  )
  .chain((fields) =>
    fc.shuffledSubarray([...Object.entries(fields)], { minLength: Object.keys(fields).length }),
  )
  .map((entries) => encode(Object.fromEntries(entries), { useBigInt64: true }));

/** Whether the template takes the bytes as a record. */
function reads(template: RecordTemplate, bytes: Uint8Array, batch: EventBatchBuilder): boolean {
  // With bytes around them that are none of theirs.
  const around = Buffer.concat([Uint8Array.of(1), bytes, Uint8Array.of(2)]);
  const view = new DataView(around.buffer, around.byteOffset, around.byteLength);
  return template.read(view, 1, 1 + bytes.length, batch);
}

/** Without the entries that are `undefined`. */
function defined<T extends object>(fields: T): Partial<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Partial<T>;
}

describe('EventRecordCodec', () => {
  it('reads any record and writes the same again', () => {
    fc.assert(
      fc.property(fc.array(wireRecord, { maxLength: 10 }), (stream) => {
        const reading = new EventRecordCodec();
        const records = stream.map((bytes) => reading.decode(bytes));
        const writing = new EventRecordCodec({ originNs: reading.originNs ?? 0n });
        const rereading = new EventRecordCodec({ originNs: reading.originNs ?? 0n });
        for (const record of records) {
          const { payload: bytes, topic } = writing.encode(record);
          expect(Buffer.from(topic).toString()).toBe(EVENT_TOPICS[record.kind].padEnd(40, '\0'));
          const again = rereading.decode(bytes);
          expect(again).toEqual(record);
          expect(writing.encode(again).payload).toEqual(bytes);
        }
      }),
    );
  });

  it('keeps the bytes of a payload, also a short one', () => {
    fc.assert(
      fc.property(payload, (data) => {
        const codec = new EventRecordCodec({ runId: RUN_ID, originNs: 0n });
        const record: EventRecord = {
          kind: EventKind.sampleComplete,
          timestampNs: ns(1),
          sampleSeq: seq(4),
          payload: data,
        };
        expect(Buffer.from(codec.decode(codec.encode(record).payload).payload!)).toEqual(Buffer.from(data));
      }),
    );
  });

  it('numbers foreign samples as they come and forgets them when they complete', () => {
    const codec = new EventRecordCodec();
    const seqOf = (event_type: string, sample_uuid: string) =>
      codec.decode(encode({ event_type, timestamp_ns: 5, sample_uuid })).sampleSeq;
    expect(seqOf('sample.issued', 'a')).toBe(0);
    expect(seqOf('sample.issued', 'b')).toBe(1);
    expect(seqOf('sample.recv_first', 'a')).toBe(0);
    expect(seqOf('session.started', '')).toBe(NO_SAMPLE);
    expect(seqOf('sample.complete', 'a')).toBe(0);
    expect(seqOf('sample.issued', 'a')).toBe(2);
    expect(seqOf('sample.complete', 'b')).toBe(1);
  });

  it('knows the samples of its own run, and keeps others apart', () => {
    const codec = new EventRecordCodec({ runId: RUN_ID, originNs: 10n });
    const decode = (sample_uuid: string) =>
      codec.decode(encode({ event_type: 'sample.issued', timestamp_ns: 15, sample_uuid }));
    expect(decode(sampleUuid(RUN_ID, seq(77)))).toEqual({
      kind: EventKind.sampleIssued,
      timestampNs: 5,
      sampleSeq: 77,
    });
    expect(decode('other')).toMatchObject({ sampleSeq: 2 ** 31, note: { sampleUuid: 'other' } });
  });

  it('carries extras under a key of its own, due times absolute, and only when asked to', () => {
    const originNs = 2n ** 53n + 7n;
    const records: readonly EventRecord[] = [
      { kind: EventKind.sampleIssued, timestampNs: ns(9), sampleSeq: seq(1), extras: [5, 2] },
      { kind: EventKind.sampleIssued, timestampNs: ns(9), sampleSeq: seq(2), extras: [NaN, 3] },
      { kind: EventKind.sampleRecvFirst, timestampNs: ns(10), sampleSeq: seq(1), extras: [-3, 0, 1] },
      { kind: EventKind.sampleRecvNonFirst, timestampNs: ns(10), sampleSeq: seq(1) },
      {
        kind: EventKind.sampleComplete,
        timestampNs: ns(11),
        sampleSeq: seq(1),
        extras: [7, 8, NaN, NaN, NaN, 1, 4],
      },
    ];
    const ours = new EventRecordCodec({ runId: RUN_ID, originNs, writesExtras: true });
    const payloadsOfOurs = records.map((record) => ours.encode(record).payload);
    expect(decode(payloadsOfOurs[0]!, { useBigInt64: true })).toMatchObject({
      inferometer_extras: [originNs + 5n, 2],
    });
    const reading = new EventRecordCodec({ runId: RUN_ID, originNs });
    expect(payloadsOfOurs.map((bytes) => reading.decode(bytes))).toEqual(records);

    const theirs = new EventRecordCodec({ runId: RUN_ID, originNs });
    for (const record of records) {
      expect(decode(theirs.encode(record).payload, { useBigInt64: true })).not.toHaveProperty(
        'inferometer_extras',
      );
    }
  });

  it.each([
    ['no list', 7],
    ['too many', Array.from({ length: 17 }, () => 1)],
    ['no whole number', [1.5]],
    ['a text', ['1']],
    ['beyond 2^53', [0, 2n ** 60n]],
  ])('refuses extras that are %s', (_what, inferometer_extras) => {
    const codec = new EventRecordCodec({ originNs: 0n });
    const bytes = encode(
      { event_type: 'sample.complete', timestamp_ns: 1, inferometer_extras },
      { useBigInt64: true },
    );
    expect(() => codec.decode(bytes)).toThrow(WireFormatError);
  });

  it('gives an issued record the prompt of its row', () => {
    const prompt = encode(['PromptData', 'the row']);
    const codec = new EventRecordCodec({
      runId: RUN_ID,
      originNs: 2n ** 53n + 1n,
      promptOf: (row) => (row === 3 ? prompt : undefined),
    });
    const issued = (row: number): EventRecord => ({
      kind: EventKind.sampleIssued,
      timestampNs: ns(1),
      sampleSeq: seq(0),
      extras: [0, row],
    });
    const wire = codec.encode(issued(3)).payload;
    expect(Buffer.from(wire)).toEqual(
      Buffer.from(
        encode(
          {
            event_type: 'sample.issued',
            timestamp_ns: 2n ** 53n + 2n,
            sample_uuid: sampleUuid(RUN_ID, seq(0)),
            conversation_id: '',
            turn: null,
            data: ['PromptData', 'the row'],
          },
          { useBigInt64: true },
        ),
      ),
    );
    expect(codec.decode(codec.encode(issued(4)).payload).payload).toBeUndefined();
  });

  it('needs to know the run of a sample without a uuid', () => {
    const record: EventRecord = { kind: EventKind.sampleIssued, timestampNs: ns(1), sampleSeq: seq(0) };
    expect(() => new EventRecordCodec().encode(record)).toThrow(/sample 0 has no uuid/);
  });

  it('takes the present for a record without a time', () => {
    const codec = new EventRecordCodec({ originNs: 100n, nowNs: () => 142n });
    expect(codec.decode(encode({ event_type: 'session.ended' })).timestampNs).toBe(42);
  });

  it('refuses times that are no exact number of ns from the origin', () => {
    const codec = new EventRecordCodec({ originNs: 0n });
    const decode = (timestamp_ns: bigint) =>
      codec.decode(encode({ event_type: 'session.ended', timestamp_ns }, { useBigInt64: true }));
    expect(decode(2n ** 53n - 1n).timestampNs).toBe(2 ** 53 - 1);
    expect(() => decode(2n ** 53n)).toThrow(WireFormatError);
  });

  it.each([
    { timestamp_ns: 5.5 },
    { timestamp_ns: 2 ** 40 },
    { timestamp_ns: null },
    { sample_uuid: null },
    { conversation_id: null },
    { finish_reason: null },
    { worker_id: null },
  ])('refuses what the reference does not write: %o', (wrong) => {
    const bytes = encode({ event_type: 'sample.complete', timestamp_ns: 5, ...wrong }, { useBigInt64: true });
    expect(() => new EventRecordCodec().decode(bytes)).toThrow(WireFormatError);
  });

  it('puts an error record in place of what it cannot read, whatever the bytes', () => {
    const whole = new EventRecordCodec({ runId: RUN_ID, originNs: 0n }).encode({
      kind: EventKind.sampleComplete,
      timestampNs: ns(70_000),
      sampleSeq: seq(1),
      finishReason: 'stop',
      payload: payloads.textModelOutput({ output: ['a', 'b'], reasoning: null, toolCalls: null }),
      note: { turn: 3, workerId: 2, conversationId: 'c' },
    }).payload;
    fc.assert(
      fc.property(
        fc.nat({ max: whole.length - 1 }),
        fc.integer({ min: 0, max: 255 }),
        fc.nat({ max: whole.length }),
        (at, mask, length) => {
          const codec = new EventRecordCodec({ originNs: 0n, nowNs: () => 9n });
          const bytes = whole.slice(0, mask === 0 ? length : undefined);
          bytes[at]! ^= mask;
          try {
            codec.decode(bytes);
          } catch (error) {
            const record = codec.onDecodeError(error);
            expect(record).toMatchObject({
              kind: EventKind.errorGeneric,
              timestampNs: 9,
              sampleSeq: NO_SAMPLE,
            });
            expect(decodePayload(record.payload!)).toEqual({
              type: 'ErrorData',
              data: { errorType: (error as Error).name, errorMessage: (error as Error).message },
            });
          }
        },
      ),
      { numRuns: 3000 },
    );
    expect(() => new EventRecordCodec().onDecodeError(new TypeError('bug'))).toThrow('bug');
  });

  describe('reading a batch', () => {
    const uuids = ['a', '', RUN_ID, 'é'.repeat(32), 'f'.repeat(32), 'F'.repeat(32)].concat(
      [0, 1, 0xff_ffff, NO_SAMPLE - 1].map((number) => sampleUuid(RUN_ID, seq(number))),
      [sampleUuid(RUN_ID, NO_SAMPLE), sampleUuid('00000000000000aa' as RunId, seq(1)).replace('a', 'A')],
      [`${RUN_ID}0000000000000abC`, `${RUN_ID}000000010000000a`],
    );
    const ORIGIN = 2n ** 40n + 12_345n;

    const extra = fc.oneof(
      fc.constantFrom(NaN, 0, 127, 128, 255, 256, 65_535, 65_536, 2 ** 32 - 1, 2 ** 32, 2 ** 50),
      fc.constantFrom(-1, -32, -33, -128, -129, -32_768, -32_769, -(2 ** 31), -(2 ** 31) - 1),
      fc.integer(),
    );
    const extras = fc.array(extra, { maxLength: 16 });
    const oddExtra = fc.oneof(
      fc.constantFrom<unknown>(null, 1.5, 'x', true, [], {}, 2n ** 53n, 2n ** 64n - 1n, -(2n ** 63n)),
      fc.bigInt({ min: -(2n ** 63n), max: 2n ** 64n - 1n }),
      fc.nat(),
    );

    /** As the reference writes it, and as we do; of a few samples, so that their records follow one another. */
    const usual = fc
      .record({
        kind: fc.constantFrom(EventKind.sampleIssued, EventKind.sampleComplete, EventKind.sampleRecvNonFirst),
        timestampNs: fc.oneof(fc.nat().map(ns), fc.constant(ns(-5)), fc.constant(ns(2 ** 50))),
        sampleUuid: fc.constantFrom(...uuids),
        payload: fc.option(payload, { nil: undefined }),
        finishReason: fc.option(fc.constantFrom(...FINISH_REASONS, 'other'), { nil: undefined }),
        workerId: fc.option(fc.constantFrom(0, 1, 127, 128, 70_000), { nil: undefined }),
        conversationId: fc.option(fc.constantFrom('c'), { nil: undefined, freq: 10 }),
        extras: fc.option(extras, { nil: undefined }),
      })
      .map(({ kind, timestampNs, sampleUuid: uuid, workerId, conversationId, payload: data, ...more }) => {
        const note = { sampleUuid: uuid, ...defined({ workerId, conversationId }) };
        const record = { kind, timestampNs, note, ...defined({ payload: data, ...more }) };
        return new EventRecordCodec({ originNs: ORIGIN, writesExtras: true }).encode(record).payload;
      });
    /** Our key with what our writer would not write there. */
    const oddExtras = fc
      .tuple(fc.constantFrom('sample.issued', 'sample.complete'), fc.array(oddExtra, { maxLength: 17 }))
      .map(([event_type, inferometer_extras]) => {
        const sample = { sample_uuid: uuids[4]!, conversation_id: '', turn: null, data: null };
        const record = { event_type, timestamp_ns: ORIGIN + 9n, ...sample, inferometer_extras };
        return encode(record, { useBigInt64: true });
      });

    const damaged = fc.tuple(usual, fc.nat(), fc.nat(0xff)).map(([bytes, at, byte]) => {
      const copy = bytes.slice();
      copy[at % copy.length] = byte;
      return copy;
    });
    const cut = fc.tuple(usual, fc.nat()).map(([bytes, at]) => bytes.slice(0, at % bytes.length));
    const longer = usual.map((bytes) => Uint8Array.of(...bytes, 0xc0));
    /** Legal, and written by another program: keys in another order, wider numbers. */
    const foreign = fc
      .tuple(fc.constantFrom(...EVENT_TOPICS), fc.constantFrom(...uuids), fc.boolean())
      .map(([event_type, sample_uuid, isTurned]) => {
        const fields = { event_type, timestamp_ns: ORIGIN + 9n, sample_uuid, turn: null, data: null };
        const entries = Object.entries(fields);
        const ordered = isTurned ? entries.reverse() : entries;
        return encode(Object.fromEntries(ordered), { useBigInt64: true });
      });
    const stream = fc.array(
      fc.oneof(usual, usual, usual, damaged, cut, longer, foreign, oddExtras, wireRecord),
      {
        maxLength: 40,
      },
    );
    const options = fc.constantFrom(
      { originNs: ORIGIN },
      { originNs: ORIGIN, runId: RUN_ID },
      { originNs: 2n ** 63n },
      {},
    );

    it('is the same as reading its records one by one', () => {
      fc.assert(
        fc.property(stream, options, fc.boolean(), (payloadsOfStream, codecOptions, inOneBuffer) => {
          const byOne = new EventRecordCodec({ ...codecOptions, nowNs: () => ORIGIN });
          const records = payloadsOfStream.map((bytes) => {
            try {
              return byOne.decode(bytes);
            } catch (error) {
              return byOne.onDecodeError(error);
            }
          });
          const sent = inOneBuffer ? unpackBatch(packBatch(payloadsOfStream))! : payloadsOfStream;
          const batching = new EventRecordCodec({ ...codecOptions, nowNs: () => ORIGIN });
          const half = sent.length >> 1;
          const halves = [batching.decodeBatch(sent.slice(0, half)), batching.decodeBatch(sent.slice(half))];
          expect(halves).toEqual(
            [records.slice(0, half), records.slice(half)].map((part) => buildEventBatch(part)),
          );
          expect(batching.originNs).toBe(byOne.originNs);
        }),
        { numRuns: 1000 },
      );
    });

    it('takes no damaged byte for another record', () => {
      const options = { runId: RUN_ID, originNs: ORIGIN, nowNs: () => ORIGIN, writesExtras: true };
      const writing = new EventRecordCodec(options);
      const record = { kind: EventKind.sampleComplete, timestampNs: ns(7), sampleSeq: seq(5) };
      const data = payloads.textModelOutput({ output: 'x', reasoning: null, toolCalls: null });
      const forms = {
        least: record,
        finished: { ...record, payload: data, finishReason: 'stop' },
        ofWorker: { ...record, note: { workerId: 3 } },
        ofOurs: { ...record, extras: [3, 200, NaN, 70_000, 2 ** 40, 1, -7] },
        issuedByUs: { ...record, kind: EventKind.sampleIssued, extras: [5, 2] },
        ofConversation: { ...record, note: { conversationId: 'c', turn: 0xc8 } },
        whole: {
          ...record,
          payload: data,
          finishReason: 'stop',
          note: { sampleUuid: uuids[4]!, workerId: 3, conversationId: 'c', turn: 0 },
          extras: [1, 300],
        },
      };
      const differing: string[] = [];
      for (const [form, usualRecord] of Object.entries(forms)) {
        const bytes = writing.encode(usualRecord).payload.slice();
        const template = new RecordTemplate(ORIGIN, new SampleNumbers(RUN_ID));
        const batch = new EventBatchBuilder(1);
        // Both see the same records in the same order, so that they number the same unknown samples alike.
        const [reading, batchReading] = [new EventRecordCodec(options), new EventRecordCodec(options)];
        for (let at = 0; at < bytes.length; at++) {
          const right = bytes[at]!;
          for (let byte = 0; byte <= 0xff; byte++) {
            bytes[at] = byte;
            batch.restart();
            // What the template leaves to the general reader can't differ.
            if (!reads(template, bytes, batch)) continue;
            let general: EventRecord;
            try {
              general = reading.decode(bytes);
            } catch (error) {
              general = reading.onDecodeError(error);
            }
            const usual = batchReading.decodeBatch([bytes]);
            if (isDeepStrictEqual(usual, buildEventBatch([general]))) continue;
            differing.push(`${form}: byte ${at} as ${byte} for ${right}`);
          }
          bytes[at] = right;
        }
      }
      expect(differing).toEqual([]);
    });

    it('takes no record that is cut, or has a byte more or less, whatever stands behind it', () => {
      const writing = new EventRecordCodec({ runId: RUN_ID, originNs: ORIGIN, writesExtras: true });
      const data = payloads.textModelOutput({ output: 'x', reasoning: null, toolCalls: null });
      const record = { kind: EventKind.sampleComplete, timestampNs: ns(7), sampleSeq: seq(5), payload: data };
      const rest = { finishReason: 'stop', note: { workerId: 3 }, extras: [300, NaN] };
      const bytes = writing.encode({ ...record, ...rest }).payload;
      const template = new RecordTemplate(ORIGIN, new SampleNumbers(RUN_ID));
      const batch = new EventBatchBuilder(1);
      const around = new Uint8Array(bytes.length + 2);
      around.set(bytes, 1);
      for (let end = 1; end <= bytes.length; end++) {
        expect(reads(template, around.subarray(1, end), batch)).toBe(false);
      }
      expect(reads(template, around.subarray(1), batch)).toBe(false);
      expect(reads(template, around.subarray(0, -1), batch)).toBe(false);
      for (let at = 0; at < bytes.length; at++) {
        const shorter = Buffer.concat([bytes.subarray(0, at), bytes.subarray(at + 1)]);
        expect(reads(template, shorter, batch)).toBe(false);
      }
      expect(reads(template, around.subarray(1, -1), batch)).toBe(true);
    });

    it('takes the usual records without the general reader', () => {
      const samples = new SampleNumbers(RUN_ID);
      const template = new RecordTemplate(ORIGIN, samples);
      const writing = new EventRecordCodec({ runId: RUN_ID, originNs: ORIGIN, writesExtras: true });
      const batch = new EventBatchBuilder(0);
      const record = { kind: EventKind.sampleRecvNonFirst, timestampNs: ns(7), sampleSeq: seq(5) };
      const data = payloads.textModelOutput({ output: 'x', reasoning: null, toolCalls: null });
      const complete = { ...record, kind: EventKind.sampleComplete, payload: data, finishReason: 'stop' };
      const foreignNote = {
        sampleUuid: '0123456789abcdef0123456789abcdef',
        ...{ workerId: 3, conversationId: 'c12', turn: 130 },
      };
      const issued = { ...record, kind: EventKind.sampleIssued, extras: [-40, 7] };
      const ours = { ...complete, extras: [100, 2000, NaN, NaN, 0, 1, 4] };
      for (const usualRecord of [record, complete, { ...complete, note: foreignNote }, issued, ours]) {
        expect(reads(template, writing.encode(usualRecord).payload, batch)).toBe(true);
      }
      const other = encode({ event_type: 'sample.complete', timestamp_ns: 2 ** 41 });
      expect(reads(template, other, batch)).toBe(false);
      expect(batch.finish(-1)).toMatchObject({ count: 5, sampleSeqs: Uint32Array.of(5, 5, 2 ** 31, 5, 5) });
    });
  });

  it('publishes a whole batch in batch frames, read back as a batch', async () => {
    const bus = new MemoryBus();
    const options = { runId: RUN_ID, originNs: 1_000n };
    const publisher = await bindMemoryPublisher(bus, new EventRecordCodec(options), 'events', {
      flushThreshold: 2,
    });
    const subscriber = await connectMemorySubscriber(bus, new EventRecordCodec(options), 'events');
    const received = new Promise<readonly EventRecord[]>((resolve) => subscriber.start(resolve));
    const batch = buildEventBatch(
      [0, 1, 2].map((i) => ({
        kind: EventKind.sampleComplete,
        timestampNs: ns(i),
        sampleSeq: seq(i),
        finishReason: 'length',
        payload: payloads.textModelOutput({ output: `${i}`, reasoning: null, toolCalls: null }),
      })),
      4,
    );
    publishRecords(publisher, batch);
    await publisher.close();
    const again = buildEventBatch(await received);
    expect({ ...again, notes: undefined }).toEqual({ ...batch, workerId: -1 });
    expect([...again.notes!.values()]).toEqual([{ workerId: 4 }, { workerId: 4 }, { workerId: 4 }]);
    await subscriber.close();
  });
});
