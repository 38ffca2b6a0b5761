import { EVENT_TOPICS, EventKind, REFERENCE_TOPIC_COUNT } from '../../src/core/event-types.ts';
import { buildEventBatch } from '../../src/events/batch-builder.ts';
import type { EventRecord } from '../../src/events/event-batch.ts';
import { decodePayload, payloadToJson } from '../../src/events/payload.ts';
import { EventRecordCodec } from '../../src/events/record-codec.ts';
import { recordAt, recordFields } from '../../src/events/record-fields.ts';
import { BATCH_TOPIC, TOPIC_BYTES, topicBytes } from '../../src/transport/frame.ts';
import { FrameBatcher } from '../../src/transport/frame-batcher.ts';
import { FrameDecoder } from '../../src/transport/frame-decoder.ts';
import type { EncodedMessage, MessageCodec } from '../../src/transport/message.ts';
import { differences } from './compare.ts';
import { type OracleCase, type OracleSuite, readOracle } from './suite.ts';

interface RecordRow {
  readonly description: string;
  readonly topic: string;
  readonly topic_frame_hex: string;
  readonly payload_hex: string;
  readonly payload_as_json: Record<string, unknown>;
}

interface FramesRow {
  readonly send_threshold: number;
  readonly records: readonly number[];
  readonly operations: readonly { op: 'p' | 'flush' | 'close'; frames_so_far: number; buffered: number }[];
  readonly frames_hex: readonly string[];
}

interface DecodeRow {
  readonly input: string;
  readonly payload_hex: string;
  readonly result: 'decoded' | 'error record';
  readonly event_type: string;
  readonly error_type?: string;
}

interface WireFile {
  readonly topic_frame_size: number;
  readonly batch_topic_hex: string;
  readonly topics: Record<string, string>;
  readonly event_records: readonly RecordRow[];
  readonly publisher_frames: readonly FramesRow[];
  readonly decode_errors: readonly DecodeRow[];
}

const hex = (bytes: Uint8Array) => Buffer.from(bytes).toString('hex');
const bytesOf = (text: string) => new Uint8Array(Buffer.from(text, 'hex'));

function topicDifferences(wire: WireFile): string[] {
  return differences(
    { size: wire.topic_frame_size, batch: wire.batch_topic_hex, topics: wire.topics },
    {
      size: TOPIC_BYTES,
      batch: hex(BATCH_TOPIC),
      topics: Object.fromEntries(
        EVENT_TOPICS.slice(0, REFERENCE_TOPIC_COUNT).map((topic) => [topic, hex(topicBytes(topic))]),
      ),
    },
  );
}

/** Reads a record into our columns and writes it from there, as fields and as bytes. */
function recordDifferences(row: RecordRow): string[] {
  const codec = new EventRecordCodec();
  const decoded = codec.decode(bytesOf(row.payload_hex));
  const record = recordAt(buildEventBatch([decoded]), 0);
  const { topic, payload } = codec.encode(record);
  return differences(
    { topic: row.topic_frame_hex, payload: row.payload_hex, json: row.payload_as_json },
    { topic: hex(topic), payload: hex(payload), json: jsonOf(record, codec.originNs ?? 0n) },
  );
}

function jsonOf(record: EventRecord, originNs: bigint): Record<string, unknown> {
  const fields = recordFields(record, { originNs });
  return {
    event_type: fields.topic,
    timestamp_ns: fields.timestampNs,
    sample_uuid: fields.sampleUuid,
    conversation_id: fields.conversationId,
    turn: fields.turn ?? null,
    data: fields.data === undefined ? null : payloadToJson(decodePayload(fields.data)),
    ...(fields.finishReason !== undefined && { finish_reason: fields.finishReason }),
    ...(fields.workerId !== undefined && { worker_id: fields.workerId }),
  };
}

/** The batcher is the same for any codec: messages stand for themselves. */
const ENCODED: MessageCodec<EncodedMessage> = {
  encode: (message) => message,
  decode: (payload, topic) => ({ topic, payload }),
  onDecodeError: () => undefined,
};

function framesDifferences(row: FramesRow, records: readonly RecordRow[]): string[] {
  const frames: Uint8Array[] = [];
  const batcher = new FrameBatcher(ENCODED, row.send_threshold, (frame) => frames.push(frame));
  const published = row.records.map((index) => {
    const codec = new EventRecordCodec();
    return codec.encode(codec.decode(bytesOf(records[index]!.payload_hex)));
  });
  const left = [...published];
  const operations = row.operations.map(({ op }) => {
    if (op === 'p') batcher.publish(left.shift()!);
    else batcher.flush();
    return { op, frames_so_far: frames.length, buffered: batcher.buffered };
  });
  const received: EncodedMessage[] = [];
  const decoder = new FrameDecoder(ENCODED);
  for (const frame of frames) decoder.decodeInto(received, frame);
  return differences(
    { operations: row.operations, frames: row.frames_hex, payloads: payloadsOf(published) },
    { operations, frames: frames.map(hex), payloads: payloadsOf(received) },
  );
}

function payloadsOf(messages: readonly EncodedMessage[]): string[] {
  return messages.map((message) => hex(message.payload));
}

/** Texts of errors are our own; what becomes of a payload, and the type of its error, are not. */
function decodeDifferences(row: DecodeRow): string[] {
  const codec = new EventRecordCodec();
  const payload = bytesOf(row.payload_hex);
  let record: EventRecord;
  let result: DecodeRow['result'] = 'decoded';
  try {
    record = codec.decode(payload);
  } catch (error) {
    record = codec.onDecodeError(error);
    result = 'error record';
  }
  const data = record.payload && decodePayload(record.payload);
  return differences(
    { result: row.result, event_type: row.event_type, error_type: row.error_type },
    {
      result,
      event_type: EVENT_TOPICS[record.kind],
      error_type:
        record.kind === EventKind.errorGeneric && data?.type === 'ErrorData'
          ? data.data.errorType
          : undefined,
    },
  );
}

function cases(): OracleCase[] {
  const wire = readOracle<WireFile>('wire.json');
  return [
    { name: 'topics', run: () => topicDifferences(wire) },
    ...wire.event_records.map((row) => ({
      name: `record: ${row.description}`,
      run: () => recordDifferences(row),
    })),
    ...wire.publisher_frames.map((row, i) => ({
      name: `publisher frames ${i}, threshold ${row.send_threshold}`,
      run: () => framesDifferences(row, wire.event_records),
    })),
    ...wire.decode_errors.map((row) => ({
      name: `decode: ${row.input}`,
      run: () => decodeDifferences(row),
    })),
  ];
}

export const suite: OracleSuite = { name: 'event_wire', cases };
