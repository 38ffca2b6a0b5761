import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CHANNELS, EVENT_TOPICS, EventKind, FINISH_OTHER, FINISH_REASONS } from '../core/event-types.ts';
import { NO_SAMPLE, type SampleSeq } from '../core/ids.ts';
import type { Nanoseconds } from '../core/time.ts';
import { FRAME_HEADER_BYTES, FrameKind, openFrame, sealFrame } from '../transport/frame.ts';
import { buildEventBatch, finishReasonOf } from './batch-builder.ts';
import { BATCH_HEADER_BYTES, decodeBatch, encodeBatchFrame } from './columnar-codec.ts';
import { type EventBatch, type EventRecord, extraOf, payloadOf } from './event-batch.ts';
import { recordAt } from './record-fields.ts';
import { WireFormatError } from './wire-format-error.ts';

const noteArbitrary = fc.record(
  {
    conversationId: fc.string(),
    turn: fc.integer(),
    workerId: fc.integer(),
    sampleUuid: fc.string({ unit: 'grapheme' }),
  },
  { requiredKeys: [] },
);

const recordArbitrary: fc.Arbitrary<EventRecord> = fc.record(
  {
    kind: fc.constantFrom(...EVENT_TOPICS.keys()) as fc.Arbitrary<EventKind>,
    timestampNs: fc.maxSafeInteger() as fc.Arbitrary<Nanoseconds>,
    sampleSeq: fc.nat({ max: NO_SAMPLE }) as fc.Arbitrary<SampleSeq>,
    finishReason: fc.oneof(fc.constantFrom(...FINISH_REASONS), fc.string({ unit: 'grapheme' })),
    payload: fc.uint8Array({ minLength: 1 }),
    extras: fc.array(fc.double(), { minLength: 1, maxLength: 3 }),
    note: noteArbitrary.filter((note) => Object.keys(note).length > 0),
  },
  { requiredKeys: ['kind', 'timestampNs', 'sampleSeq'] },
);

const batchArbitrary = fc
  .tuple(fc.array(recordArbitrary), fc.integer({ min: -1, max: 1000 }))
  .map(([records, workerId]) => buildEventBatch(records, workerId));

/** A batch as plain data, so that views and copies compare equal. */
function plain(batch: EventBatch): unknown {
  return {
    ...batch,
    kinds: [...batch.kinds],
    finishReasons: [...batch.finishReasons],
    sampleSeqs: [...batch.sampleSeqs],
    payloadEnds: [...batch.payloadEnds],
    extraEnds: [...batch.extraEnds],
    timestampsNs: [...batch.timestampsNs],
    extras: [...batch.extras],
    payload: [...batch.payload],
    notes: batch.notes && [...batch.notes],
  };
}

function bodyOf(batch: EventBatch): Uint8Array {
  return encodeBatchFrame(batch).subarray(FRAME_HEADER_BYTES);
}

describe('buildEventBatch', () => {
  it('holds each record, to be read by cursor', () => {
    fc.assert(
      fc.property(fc.array(recordArbitrary), (records) => {
        const batch = buildEventBatch(records);
        for (const [i, record] of records.entries()) {
          expect(batch.kinds[i]).toBe(record.kind);
          expect(batch.timestampsNs[i]).toBe(record.timestampNs);
          expect(batch.sampleSeqs[i]).toBe(record.sampleSeq);
          expect(payloadOf(batch, i)).toEqual(record.payload);
          expect(finishReasonOf(batch, i)).toBe(record.finishReason);
          for (let at = 0; at < 4; at++) expect(extraOf(batch, i, at)).toBe(record.extras?.[at] ?? NaN);
        }
        expect(batch.count).toBe(records.length);
      }),
    );
  });

  it('codes known finish reasons and keeps the text of others', () => {
    const reasons = [undefined, 'stop', 'function_call', 'Stop', ''];
    const batch = buildEventBatch(
      reasons.map((finishReason) => ({
        kind: EventKind.sampleComplete,
        timestampNs: 0 as Nanoseconds,
        ...(finishReason !== undefined && { finishReason }),
      })),
    );
    expect([...batch.finishReasons]).toEqual([0, 1, 5, FINISH_OTHER, FINISH_OTHER]);
    expect([...batch.sampleSeqs]).toEqual(reasons.map(() => NO_SAMPLE));
    expect(batch.notes).toEqual(
      new Map([
        [3, { finishReason: 'Stop' }],
        [4, { finishReason: '' }],
      ]),
    );
  });

  it('is undone by recordAt', () => {
    fc.assert(
      fc.property(batchArbitrary, (batch) => {
        const again = buildEventBatch(
          Array.from({ length: batch.count }, (_, i) => recordAt({ ...batch, workerId: -1 }, i)),
          batch.workerId,
        );
        expect(plain(again)).toEqual(plain(batch));
      }),
    );
  });
});

describe('columnar codec', () => {
  it('gives back every batch, from any alignment', () => {
    fc.assert(
      fc.property(batchArbitrary, fc.nat({ max: 16 }), (batch, shift) => {
        const body = bodyOf(batch);
        const shifted = new Uint8Array(shift + body.length);
        shifted.set(body, shift);
        expect(plain(decodeBatch(shifted.subarray(shift)))).toEqual(plain(batch));
      }),
    );
  });

  it('passes through a sealed frame without a copy of its columns', () => {
    const batch = buildEventBatch([
      {
        kind: EventKind.sampleRecvFirst,
        timestampNs: 5 as Nanoseconds,
        sampleSeq: 7 as SampleSeq,
        extras: [CHANNELS.indexOf('tool')],
      },
    ]);
    const unsealed = encodeBatchFrame(batch);
    expect(unsealed.byteOffset).toBe(0);
    expect(unsealed.buffer.byteLength).toBe(unsealed.length);
    const frame = openFrame(sealFrame(unsealed, FrameKind.events, 3).bytes);
    if (typeof frame === 'string') throw new Error(frame);
    const decoded = decodeBatch(frame.body);
    expect(decoded.timestampsNs.buffer).toBe(unsealed.buffer);
    expect(plain(decoded)).toEqual(plain(batch));
  });

  it('refuses a body of any other length', () => {
    const body = bodyOf(
      buildEventBatch([
        {
          kind: EventKind.sampleComplete,
          timestampNs: 1 as Nanoseconds,
          finishReason: 'odd',
          extras: [1, 2],
        },
        { kind: EventKind.errorGeneric, timestampNs: 2 as Nanoseconds, payload: Uint8Array.of(1, 2, 3) },
      ]),
    );
    for (let length = 0; length < body.length; length++) {
      expect(() => decodeBatch(body.slice(0, length))).toThrow(WireFormatError);
    }
    expect(() => decodeBatch(Buffer.concat([body, Buffer.alloc(1)]))).toThrow(WireFormatError);
  });

  it('throws nothing but WireFormatError for bytes of any kind, and never reads outside them', () => {
    const body = bodyOf(
      buildEventBatch([
        {
          kind: EventKind.sampleComplete,
          timestampNs: 1 as Nanoseconds,
          finishReason: 'odd',
          extras: [1, 2],
        },
        { kind: EventKind.errorGeneric, timestampNs: 2 as Nanoseconds, payload: Uint8Array.of(1, 2, 3) },
      ]),
    );
    for (let at = 0; at < body.length; at++) {
      for (let byte = 0; byte <= 0xff; byte++) {
        try {
          const batch = decodeBatch(body.with(at, byte));
          for (let i = 0; i < batch.count; i++) recordAt(batch, i);
        } catch (error) {
          if (!(error instanceof WireFormatError)) throw error;
        }
      }
    }
  });

  it.each([
    ['payload ends that fall', (batch: EventBatch) => batch.payloadEnds.set([2, 1])],
    ['payload ends beyond the payload', (batch: EventBatch) => batch.payloadEnds.set([2, 4])],
    ['extra ends short of the extras', (batch: EventBatch) => batch.extraEnds.set([1, 1])],
    ['an unknown kind', (batch: EventBatch) => batch.kinds.set([EVENT_TOPICS.length])],
    ['an unknown finish reason', (batch: EventBatch) => batch.finishReasons.set([FINISH_REASONS.length + 1])],
  ])('refuses %s', (_what, spoil) => {
    const batch = buildEventBatch([
      { kind: EventKind.sampleComplete, timestampNs: 1 as Nanoseconds, extras: [1, 2] },
      { kind: EventKind.errorGeneric, timestampNs: 2 as Nanoseconds, payload: Uint8Array.of(1, 2, 3) },
    ]);
    expect(decodeBatch(bodyOf(batch)).count).toBe(2);
    spoil(batch);
    expect(() => decodeBatch(bodyOf(batch))).toThrow(WireFormatError);
  });

  it('takes 22 bytes a record beside extras and payload', () => {
    const records = Array.from({ length: 10 }, () => ({
      kind: EventKind.sampleRecvNonFirst,
      timestampNs: 1 as Nanoseconds,
    }));
    const bodyBytes = bodyOf(buildEventBatch(records)).length;
    expect(bodyBytes).toBe(BATCH_HEADER_BYTES + 22 * records.length);
  });
});
