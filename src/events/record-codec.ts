import { EVENT_TOPICS, EventKind } from '../core/event-types.ts';
import { NO_SAMPLE, type SampleSeq, sampleSeqOfUuid } from '../core/ids.ts';
import { monotonicNs, type Nanoseconds } from '../core/time.ts';
import { topicBytes } from '../transport/frame.ts';
import type { EncodedMessage, MessageCodec, MessagePublisher } from '../transport/message.ts';
import type { EventBatch, EventRecord, RecordNote } from './event-batch.ts';
import { MsgpackWriter } from '../transport/msgpack-writer.ts';
import { PayloadEncoder } from './payload.ts';
import { recordAt, recordFields, type RunContext } from './record-fields.ts';
import { readRecord } from './record-reader.ts';
import { WireFormatError } from './wire-format-error.ts';

export interface RecordCodecOptions extends Partial<RunContext> {
  /** The time of a record that has none. Default: CLOCK_MONOTONIC. */
  readonly nowNs?: () => bigint;
}

/** Where sequence numbers of foreign samples begin in a run that has numbers of its own. */
const FOREIGN_SEQS_FROM = 2 ** 31;

/**
 * The event wire of MLCommons endpoints: one record a message, byte for byte. For a bus that others read or write; about
 * 1 µs a record to write and 2 to read, where the columnar wire takes 0.01.
 *
 * Reading a foreign stream, the first timestamp becomes the origin unless one was given, and each sample gets a number until
 * it completes; the uuid stays in the record's note, so that decoding and encoding again gives the same bytes. What can't be
 * read becomes an `error.generic` record of no sample. One codec reads one stream.
 */
export class EventRecordCodec implements MessageCodec<EventRecord> {
  readonly #options: RecordCodecOptions;
  readonly #nowNs: () => bigint;
  readonly #writer = new MsgpackWriter();
  readonly #payloads = new PayloadEncoder();
  readonly #templates = EVENT_TOPICS.map(recordTemplate);
  readonly #seqOfUuid = new Map<string, SampleSeq>();
  #nextForeignSeq: number;
  #originNs: bigint | undefined;

  constructor(options: RecordCodecOptions = {}) {
    this.#options = options;
    this.#nowNs = options.nowNs ?? monotonicNs;
    this.#nextForeignSeq = options.runId === undefined ? 0 : FOREIGN_SEQS_FROM;
    this.#originNs = options.originNs;
  }

  /** CLOCK_MONOTONIC at the origin; `undefined` until a foreign stream gave it. */
  get originNs(): bigint | undefined {
    return this.#originNs;
  }

  encode(record: EventRecord): EncodedMessage {
    const fields = recordFields(record, { ...this.#options, originNs: this.#originNs ?? 0n });
    const template = this.#templates[record.kind]!;
    const writer = this.#writer;
    writer.mapHeader(6 + Number(fields.finishReason !== undefined) + Number(fields.workerId !== undefined));
    writer.raw(template.head);
    writer.int(fields.timestampNs);
    writer.raw(KEYS.sampleUuid);
    writer.text(fields.sampleUuid);
    writer.raw(KEYS.conversationId);
    writer.text(fields.conversationId);
    writer.raw(KEYS.turn);
    writer.value(fields.turn);
    writer.raw(KEYS.data);
    if (fields.data === undefined) writer.nil();
    else writer.raw(fields.data);
    if (fields.finishReason !== undefined) {
      writer.raw(KEYS.finishReason);
      writer.text(fields.finishReason);
    }
    if (fields.workerId !== undefined) {
      writer.raw(KEYS.workerId);
      writer.int(fields.workerId);
    }
    return { topic: template.topic, payload: writer.finish() };
  }

  decode(payload: Uint8Array): EventRecord {
    const wire = readRecord(payload);
    const timestampNs = this.#sinceOrigin(wire.timestampNs ?? this.#nowNs());
    const ownSeq = this.#ownSeq(wire.sampleUuid);
    const note: RecordNote = {
      ...wire.note,
      ...(ownSeq === undefined && { sampleUuid: wire.sampleUuid }),
    };
    return {
      kind: wire.kind,
      timestampNs,
      sampleSeq: ownSeq ?? this.#foreignSeq(wire.sampleUuid, wire.kind),
      ...(wire.finishReason !== undefined && { finishReason: wire.finishReason }),
      ...(wire.data !== undefined && { payload: wire.data }),
      ...(Object.keys(note).length > 0 && { note }),
    };
  }

  onDecodeError(error: unknown): EventRecord {
    if (!(error instanceof WireFormatError)) throw error;
    const nowNs = this.#originNs === undefined ? 0 : Number(this.#nowNs() - this.#originNs);
    return {
      kind: EventKind.errorGeneric,
      timestampNs: nowNs as Nanoseconds,
      sampleSeq: NO_SAMPLE,
      payload: this.#payloads.errorData({ errorType: error.name, errorMessage: error.message }),
    };
  }

  #sinceOrigin(timestampNs: bigint): Nanoseconds {
    this.#originNs ??= timestampNs;
    const sinceNs = Number(timestampNs - this.#originNs);
    if (Number.isSafeInteger(sinceNs)) return sinceNs as Nanoseconds;
    throw new WireFormatError(
      'ValidationError',
      `timestamp_ns ${timestampNs} is more than 104 days from the origin ${this.#originNs}`,
    );
  }

  #ownSeq(uuid: string): SampleSeq | undefined {
    if (uuid === '') return NO_SAMPLE;
    return this.#options.runId === undefined ? undefined : sampleSeqOfUuid(this.#options.runId, uuid);
  }

  /** A completed sample is forgotten: for whatever reads the events, its uuid begins anew. */
  #foreignSeq(uuid: string, kind: EventKind): SampleSeq {
    const seq = this.#seqOfUuid.get(uuid) ?? (this.#nextForeignSeq++ as SampleSeq);
    if (kind === EventKind.sampleComplete) this.#seqOfUuid.delete(uuid);
    else this.#seqOfUuid.set(uuid, seq);
    return seq;
  }
}

/** Publishes each record of a batch, in order. */
export function publishRecords(publisher: MessagePublisher<EventRecord>, batch: EventBatch): void {
  for (let i = 0; i < batch.count; i++) publisher.publish(recordAt(batch, i));
}

const KEYS = {
  sampleUuid: textBytes('sample_uuid'),
  conversationId: textBytes('conversation_id'),
  turn: textBytes('turn'),
  data: textBytes('data'),
  finishReason: textBytes('finish_reason'),
  workerId: textBytes('worker_id'),
};

interface RecordTemplate {
  /** The first entry and the key of the second. */
  readonly head: Uint8Array;
  readonly topic: Uint8Array;
}

function recordTemplate(topic: string): RecordTemplate {
  const head = Buffer.concat([textBytes('event_type'), textBytes(topic), textBytes('timestamp_ns')]);
  return { head, topic: topicBytes(topic) };
}

function textBytes(text: string): Uint8Array {
  const writer = new MsgpackWriter();
  writer.text(text);
  return writer.finish();
}
