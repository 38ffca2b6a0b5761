import { encode } from '@msgpack/msgpack';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { EventKind } from '../core/event-types.ts';
import { EVENT_TOPICS } from '../core/event-types.ts';
import { readSlowly } from '../../test/aggregator/slow-records.ts';
import { packBatch, packSingle } from '../transport/batch-frame.ts';
import { FRAME_HEADER_BYTES, topicBytes } from '../transport/frame.ts';
import { buildEventBatch } from './batch-builder.ts';
import type { EventRecord } from './event-batch.ts';
import { PayloadEncoder } from './payload.ts';
import { decodeMessages, encodeMessagesFrame } from './received-messages.ts';
import { type MessageFault, RecordBatches } from './record-batches.ts';
import { EventRecordCodec } from './record-codec.ts';
import { WireFormatError } from './wire-format-error.ts';

const ORIGIN_NS = 2n ** 53n + 5n;
const TOPIC = topicBytes('sample.issued');
const UUIDS = ['0123456789abcdef0123456789abcdef', 'fedcba9876543210fedcba9876543210', 'odd'];

function batchesOf(publishers = 1, onFault?: (fault: MessageFault) => void) {
  return new RecordBatches({
    ...{ originNs: ORIGIN_NS, publishers, notes: 'all' },
    ...(onFault && { onFault }),
  });
}

/** The messages as they stand in a frame of the log. */
function received(messages: readonly Uint8Array[], publisher = 0, shiftNs = 0n) {
  return decodeMessages(encodeMessagesFrame(publisher, shiftNs, messages).subarray(FRAME_HEADER_BYTES));
}

function recordBytes(event_type: string, timestamp_ns: bigint, sample_uuid = ''): Uint8Array {
  return encode({ event_type, timestamp_ns, sample_uuid }, { useBigInt64: true });
}

const writing = new EventRecordCodec({ originNs: ORIGIN_NS });
const usualRecord = fc
  .record({
    kind: fc.constantFrom(...EVENT_TOPICS.keys()),
    timestampNs: fc.integer({ min: -5, max: 2 ** 40 }),
    uuid: fc.constantFrom(...UUIDS),
    conversationId: fc.constantFrom('', 'c0', 'ü'),
    text: fc.option(fc.string()),
  })
  .map(({ kind, timestampNs, uuid, conversationId, text }) =>
    writing
      .encode({
        kind: kind as EventKind,
        timestampNs: timestampNs as EventRecord['timestampNs'],
        note: { sampleUuid: uuid, ...(conversationId !== '' && { conversationId, turn: 1 }) },
        ...(text !== null && {
          payload: new PayloadEncoder().textModelOutput({ output: text, reasoning: null, toolCalls: null }),
        }),
      })
      .payload.slice(),
  );
const anyPayload = fc.oneof({ weight: 5, arbitrary: usualRecord }, fc.uint8Array({ maxLength: 40 }));
const cut = (message: Uint8Array) => fc.nat(message.length).map((end) => message.subarray(0, end));
const anyMessage = fc.oneof(
  fc.array(anyPayload, { minLength: 1, maxLength: 40 }).map((payloads) => packBatch(payloads)),
  anyPayload.map((payload) => packSingle({ topic: TOPIC, payload })),
  fc.array(usualRecord, { minLength: 2, maxLength: 5 }).chain((payloads) => cut(packBatch(payloads))),
  fc.uint8Array({ maxLength: 90 }),
);

describe('RecordBatches', () => {
  it('reads messages as they were read one by one, whatever they hold and however they are split over frames', () => {
    fc.assert(
      fc.property(fc.array(anyMessage, { maxLength: 12 }), fc.nat(12), (messages, at) => {
        const whole = batchesOf();
        const { records, unread } = readSlowly(messages, { originNs: ORIGIN_NS });
        const slowly = { batch: buildEventBatch(records), unread };
        expect(whole.decode(received(messages))).toEqual(slowly.batch);
        expect(whole.unread).toEqual(slowly.unread);
        const split = batchesOf();
        const first = split.decode(received(messages.slice(0, at))).count;
        const second = split.decode(received(messages.slice(at)));
        expect(second.sampleSeqs).toEqual(slowly.batch.sampleSeqs.subarray(first));
        expect(second.timestampsNs).toEqual(slowly.batch.timestampsNs.subarray(first));
        expect(split.unread).toEqual(slowly.unread);
      }),
    );
  });

  it('says which message and record could not be read', () => {
    const faults: MessageFault[] = [];
    const fine = recordBytes('sample.issued', ORIGIN_NS, 'a');
    batchesOf(1, (fault) => faults.push(fault)).decode(
      received([
        packSingle({ topic: TOPIC, payload: fine }),
        packBatch([fine, Uint8Array.of(0xc1), fine]),
        packBatch([fine, fine]).subarray(0, -1),
      ]),
    );
    expect(faults).toEqual([
      { publisher: 0, message: 1, record: 1, reason: expect.stringContaining('DecodeError') as string },
      { publisher: 0, message: 2, record: undefined, reason: expect.stringContaining('array') as string },
    ]);
  });

  it('puts the times of another clock on that of the run', () => {
    const batches = batchesOf(2);
    const atOrigin = packSingle({ topic: TOPIC, payload: recordBytes('sample.issued', ORIGIN_NS + 3n, 'a') });
    const elsewhere = packSingle({ topic: TOPIC, payload: recordBytes('sample.issued', 1000n, 'b') });
    expect([...batches.decode(received([atOrigin])).timestampsNs]).toEqual([3]);
    expect([...batches.decode(received([elsewhere], 1, ORIGIN_NS - 993n)).timestampsNs]).toEqual([7]);
  });

  it('makes one session out of those of several publishers', () => {
    const batches = batchesOf(2);
    const kindsOf = (publisher: number, ...topics: string[]) => {
      const payloads = topics.map((topic) =>
        recordBytes(topic, ORIGIN_NS, topic.startsWith('sample') ? 'x' : ''),
      );
      return [...batches.decode(received([packBatch(payloads)], publisher)).kinds].map(
        (kind) => EVENT_TOPICS[kind],
      );
    };
    const start = ['session.started', 'session.start_performance_tracking'];
    const stop = 'session.stop_performance_tracking';
    expect(kindsOf(0, ...start)).toEqual(start);
    expect(kindsOf(1, ...start)).toEqual(start.slice(1));
    // A publisher that starts twice is told, as it would be alone.
    expect(kindsOf(1, 'session.started')).toEqual(['session.started']);
    expect(kindsOf(0, stop, 'session.ended', 'sample.issued')).toEqual([]);
    expect(kindsOf(0, 'sample.issued')).toEqual([]);
    // One that was given up says nothing, until all are waited for again.
    batches.giveUp(1);
    expect(kindsOf(1, 'sample.issued')).toEqual([]);
    batches.waitAgain();
    expect(batches.hasEnded(0)).toBe(true);
    expect(batches.hasEnded(1)).toBe(false);
    expect(kindsOf(1, 'sample.issued', stop, 'session.ended')).toEqual([
      'sample.issued',
      stop,
      'session.ended',
    ]);
  });
});

describe('a frame of messages', () => {
  it('is refused when its lengths are not what they must be', () => {
    const body = encodeMessagesFrame(0, 0n, [Uint8Array.of(1, 2), Uint8Array.of(3)]).subarray(
      FRAME_HEADER_BYTES,
    );
    expect(decodeMessages(body).count).toBe(2);
    const view = new DataView(body.buffer, body.byteOffset);
    for (const [at, value] of [
      [4, 3],
      [4, 2 ** 31],
      [16, 9],
      [20, 1],
      [20, 4],
    ] as const) {
      const before = view.getUint32(at, true);
      view.setUint32(at, value, true);
      expect(() => decodeMessages(body)).toThrow(WireFormatError);
      view.setUint32(at, before, true);
    }
    for (let end = 0; end < body.length; end++)
      expect(() => decodeMessages(body.subarray(0, end))).toThrow(WireFormatError);
  });
});
