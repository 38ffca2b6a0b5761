import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { EVENT_TOPICS, type EventKind } from '../core/event-types.ts';
import { packBatch, packSingle } from '../transport/batch-frame.ts';
import { FRAME_HEADER_BYTES, topicBytes } from '../transport/frame.ts';
import { type EventBatch, type EventRecord, payloadOf } from './event-batch.ts';
import { PayloadEncoder } from './payload.ts';
import { decodeRecords, encodeRecordsFrame } from './read-records.ts';
import { decodeMessages, encodeMessagesFrame } from './received-messages.ts';
import { type KeptNotes, RecordBatches } from './record-batches.ts';
import { EventRecordCodec } from './record-codec.ts';

const ORIGIN_NS = 2n ** 53n + 5n;
const SHIFT_NS = -7n;
const TOPIC = topicBytes('sample.issued');
const UUIDS = ['0123456789abcdef0123456789abcdef', 'fedcba9876543210fedcba9876543210', 'odd', 'ö'];

const readerOf = (notes: KeptNotes, publishers = 2) =>
  new RecordBatches({ originNs: ORIGIN_NS, publishers, notes });

const writing = new EventRecordCodec({ originNs: ORIGIN_NS, writesExtras: true });
const anyRecord = fc
  .record({
    // Mostly what a stream is made of.
    kind: fc.oneof(
      { weight: 8, arbitrary: fc.constantFrom(5, 6, 7, 8, 8) },
      fc.constantFrom(...EVENT_TOPICS.keys()),
    ),
    timestampNs: fc.integer({ min: 0, max: 2 ** 40 }),
    sampleUuid: fc.constantFrom(...UUIDS),
    conversationId: fc.constantFrom('', '', 'c0', 'ü'),
    turn: fc.constantFrom(undefined, undefined, 1, 300),
    workerId: fc.constantFrom(undefined, undefined, 3),
    finishReason: fc.constantFrom(undefined, 'stop', 'another'),
    text: fc.option(fc.string()),
  })
  .map(({ kind, timestampNs, text, finishReason, sampleUuid, conversationId, turn, workerId }) =>
    writing
      .encode({
        kind: kind as EventKind,
        timestampNs: timestampNs as EventRecord['timestampNs'],
        ...(finishReason !== undefined && { finishReason }),
        note: {
          sampleUuid,
          ...(conversationId !== '' && { conversationId }),
          ...(turn !== undefined && { turn }),
          ...(workerId !== undefined && { workerId }),
        },
        ...(text !== null && {
          payload: new PayloadEncoder().textModelOutput({ output: text, reasoning: null, toolCalls: null }),
        }),
      })
      .payload.slice(),
  );
const brokenRecord = fc.uint8Array({ maxLength: 40 });
const anyMessage = fc.oneof(
  { weight: 6, arbitrary: fc.array(anyRecord, { minLength: 1, maxLength: 12 }).map((all) => packBatch(all)) },
  anyRecord.map((payload) => packSingle({ topic: TOPIC, payload })),
  brokenRecord.map((payload) => packSingle({ topic: TOPIC, payload })),
  fc.uint8Array({ maxLength: 90 }),
);
/** What one publisher sent until the next frame was made of it. */
const anyDelivery = fc.record({
  publisher: fc.nat(1),
  messages: fc.array(anyMessage, { minLength: 1, maxLength: 4 }),
});

type Delivery = typeof anyDelivery extends fc.Arbitrary<infer T> ? T : never;
type Logged = { readonly isRead: boolean; readonly body: Uint8Array };

const bodyOf = ({ publisher, messages }: Delivery) =>
  encodeMessagesFrame(publisher, SHIFT_NS, messages).subarray(FRAME_HEADER_BYTES);

/** As the log has it: in columns where these say everything. */
function loggedBy(writer: RecordBatches, delivery: Delivery): Logged {
  const body = bodyOf(delivery);
  const batch = writer.decode(decodeMessages(body));
  if (!writer.wasPlain) return { isRead: false, body };
  const { publisher, messages } = delivery;
  const frame = encodeRecordsFrame({ publisher, messages: messages.length, shiftNs: SHIFT_NS, batch });
  return { isRead: true, body: frame.slice(FRAME_HEADER_BYTES) };
}

function read(reader: RecordBatches, { isRead, body }: Logged): EventBatch {
  return isRead ? reader.adopt(decodeRecords(body)) : reader.decode(decodeMessages(body));
}

function rowsOf(batch: EventBatch, withNotes: boolean) {
  return Array.from({ length: batch.count }, (_, i) => ({
    kind: batch.kinds[i],
    timestampNs: batch.timestampsNs[i],
    seq: batch.sampleSeqs[i],
    finishReason: batch.finishReasons[i],
    payload: payloadOf(batch, i)?.slice(),
    extras: [...batch.extras.subarray(i === 0 ? 0 : batch.extraEnds[i - 1], batch.extraEnds[i])],
    note: withNotes ? (batch.notes?.get(i) ?? {}) : (batch.notes?.get(i)?.finishReason ?? ''),
  }));
}

describe('records in columns', () => {
  it.each(['all', 'none'] as const)(
    'say what the messages say, whatever these hold and however often the writer starts again (notes: %s)',
    (notes) => {
      let readFrames = 0;
      fc.assert(
        fc.property(fc.array(fc.tuple(anyDelivery, fc.boolean()), { maxLength: 8 }), (deliveries) => {
          const received = readerOf(notes);
          const logged = readerOf(notes);
          const log: Logged[] = [];
          let writer = readerOf('firsts');
          for (const [delivery, restarts] of deliveries) {
            if (restarts) {
              writer = readerOf('firsts');
              for (const frame of log) read(writer, frame);
            }
            log.push(loggedBy(writer, delivery));
            readFrames += Number(log.at(-1)!.isRead);
            const expected = rowsOf(received.decode(decodeMessages(bodyOf(delivery))), notes === 'all');
            expect(rowsOf(read(logged, log.at(-1)!), notes === 'all')).toEqual(expected);
            expect(logged.unread).toEqual(received.unread);
          }
        }),
        { numRuns: 200 },
      );
      expect(readFrames).toBeGreaterThan(20);
    },
  );

  it('take the memory that they are given when it is large enough', () => {
    const writer = readerOf('firsts', 1);
    const payload = writing.encode({
      kind: 5,
      timestampNs: 9 as never,
      note: { sampleUuid: UUIDS[0]! },
    }).payload;
    const delivery = { publisher: 0, messages: [packBatch([payload.slice()])] };
    const batch = writer.decode(decodeMessages(bodyOf(delivery)));
    const records = { publisher: 0, messages: 1, shiftNs: 3n, batch };
    const memory = new Uint8Array(4096).fill(7);
    const frame = encodeRecordsFrame(records, memory);
    expect(frame.buffer).toBe(memory.buffer);
    const { publisher, messages, shiftNs } = decodeRecords(frame.slice(FRAME_HEADER_BYTES));
    expect({ publisher, messages, shiftNs }).toEqual({ publisher: 0, messages: 1, shiftNs: 3n });
    expect(encodeRecordsFrame(records, new Uint8Array(40)).slice(FRAME_HEADER_BYTES)).toEqual(
      frame.slice(FRAME_HEADER_BYTES),
    );
  });

  it('are refused without a header', () => {
    expect(() => decodeRecords(new Uint8Array(15))).toThrow('records of 15 bytes have no header');
  });
});
