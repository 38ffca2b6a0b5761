import { EVENT_TOPICS, EventKind } from '../core/event-types.ts';
import { NO_SAMPLE } from '../core/ids.ts';
import { monotonicNs, type Nanoseconds } from '../core/time.ts';
import { topicBytes } from '../transport/frame.ts';
import type { EncodedMessage, MessageCodec, MessagePublisher } from '../transport/message.ts';
import { MsgpackWriter } from '../transport/msgpack-writer.ts';
import { EventBatchBuilder } from './batch-builder.ts';
import { type EventBatch, type EventRecord, ISSUED_EXTRA, type RecordNote } from './event-batch.ts';
import { PayloadEncoder } from './payload.ts';
import { recordAt, recordFields, type RunContext, wireExtras } from './record-fields.ts';
import { ALL_NOTES, type RecordNotes } from './record-notes.ts';
import { EXTRAS_KEY, RECORD_KEYS as KEYS, recordHead } from './record-keys.ts';
import { readRecord, safeInteger, type WireRecord } from './record-reader.ts';
import { RecordTemplate } from './record-template.ts';
import { SampleNumbers } from './sample-numbers.ts';
import { WireFormatError } from './wire-format-error.ts';

export interface RecordCodecOptions extends Partial<RunContext> {
  /** The time of a record that has none, or could not be read. Default: CLOCK_MONOTONIC. */
  readonly nowNs?: () => bigint;
  /** Writes the extras of our records too, under a key that the reference's readers pass over. Default: they are left out. */
  readonly writesExtras?: boolean;
  /** Numbers of the samples, for several streams of one run. */
  readonly samples?: SampleNumbers;
  /** Which notes records that are read into a batch have. Default: all. */
  readonly notes?: RecordNotes;
  /** Whether a record read into a batch is taken, of those that are not of a sample. Default: all are. */
  readonly takes?: (kind: EventKind) => boolean;
  /** Told of each record that could not be read into a batch. */
  readonly onFault?: (error: WireFormatError) => void;
}

/**
 * The event wire of MLCommons endpoints: one record a message, byte for byte. For a bus that others read or write; about
 * 1 µs a record to write, 2 to read one by one and 0.2 to read into a batch, where the columnar wire takes 0.01.
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
  readonly #heads = EVENT_TOPICS.map((topic) => ({ bytes: recordHead(topic), topic: topicBytes(topic) }));
  readonly #samples: SampleNumbers;
  readonly #notes: RecordNotes;
  #originNs: bigint | undefined;
  /** Reads the usual records; there is none before the origin is known. */
  #template: RecordTemplate | undefined;

  constructor(options: RecordCodecOptions = {}) {
    this.#options = options;
    this.#nowNs = options.nowNs ?? monotonicNs;
    this.#samples = options.samples ?? new SampleNumbers(options.runId);
    this.#notes = options.notes ?? ALL_NOTES;
    this.#originNs = options.originNs;
  }

  /** CLOCK_MONOTONIC at the origin; `undefined` until a foreign stream gave it. */
  get originNs(): bigint | undefined {
    return this.#originNs;
  }

  encode(record: EventRecord): EncodedMessage {
    const originNs = this.#originNs ?? 0n;
    const fields = recordFields(record, { ...this.#options, originNs });
    const head = this.#heads[record.kind]!;
    const writer = this.#writer;
    const extras = this.#options.writesExtras === true ? wireExtras(record, originNs) : [];
    const optional = [fields.finishReason !== undefined, fields.workerId !== undefined, extras.length > 0];
    writer.mapHeader(6 + optional.filter(Boolean).length);
    writer.raw(head.bytes);
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
    if (extras.length > 0) {
      writer.raw(KEYS.extras);
      writer.value(extras);
    }
    return { topic: head.topic, payload: writer.finish() };
  }

  decode(payload: Uint8Array): EventRecord {
    return this.recordOf(readRecord(payload));
  }

  /** The record of fields that were read elsewhere, as the next of the stream. Throws {@link WireFormatError}. */
  recordOf(wire: WireRecord): EventRecord {
    const timestampNs = this.#sinceOrigin(wire.timestampNs ?? this.#nowNs());
    const ownSeq = wire.sampleUuid === '' ? NO_SAMPLE : this.#samples.ownSeq(wire.sampleUuid);
    const sampleSeq = ownSeq ?? this.#samples.foreignSeq(wire.sampleUuid, wire.kind);
    const note: RecordNote = {
      ...wire.note,
      ...(ownSeq === undefined && { sampleUuid: wire.sampleUuid }),
    };
    return {
      kind: wire.kind,
      timestampNs,
      sampleSeq,
      ...(wire.finishReason !== undefined && { finishReason: wire.finishReason }),
      ...(wire.data !== undefined && { payload: wire.data }),
      ...(wire.extras.length > 0 && { extras: this.#extrasOf(wire) }),
      ...(Object.keys(note).length > 0 && { note }),
    };
  }

  /** Decodes the payloads of a stream in their order, with error records in place of what can't be read. @hot */
  decodeBatch(payloads: readonly Uint8Array[]): EventBatch {
    const batch = new EventBatchBuilder(payloads.length);
    for (const payload of payloads) this.decodeInto(batch, payload, viewOf(payload), 0, payload.length);
    return batch.finish(-1);
  }

  /** Adds the record in bytes `start … end` of `bytes`, of which `view` is one, to the batch, or an error record in its place. @hot */
  decodeInto(batch: EventBatchBuilder, bytes: Uint8Array, view: DataView, start: number, end: number): void {
    if (this.#usual()?.read(view, start, end, batch) === true) return;
    const known = this.#samples.next;
    const record = this.#decodeAny(bytes.subarray(start, end));
    const { kind, sampleSeq = NO_SAMPLE, note } = record;
    const isFirst = this.#samples.next > known;
    if (this.#options.takes?.(kind) === false) {
      if (isFirst) this.#notes.leftOut(sampleSeq);
      return;
    }
    const kept = note && this.#notes.keep(sampleSeq, isFirst, note);
    if (kind === EventKind.sampleComplete) this.#notes.forget(sampleSeq);
    batch.add(kept === note ? record : { ...record, note: kept });
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

  #extrasOf({ kind, extras }: WireRecord): readonly number[] {
    return extras.map((value, i) => {
      if (value === null) return NaN;
      const isDueTime = kind === EventKind.sampleIssued && i === ISSUED_EXTRA.dueNs;
      return isDueTime ? this.#sinceOrigin(value) : safeInteger(value, EXTRAS_KEY);
    });
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

  #usual(): RecordTemplate | undefined {
    if (this.#originNs === undefined) return undefined;
    return (this.#template ??= new RecordTemplate(this.#originNs, this.#samples, this.#notes));
  }

  #decodeAny(payload: Uint8Array): EventRecord {
    try {
      return this.decode(payload);
    } catch (error) {
      const record = this.onDecodeError(error);
      if (error instanceof WireFormatError) this.#options.onFault?.(error);
      return record;
    }
  }
}

function viewOf({ buffer, byteOffset, byteLength }: Uint8Array): DataView {
  return new DataView(buffer, byteOffset, byteLength);
}

/** Publishes each record of a batch, in order. */
export function publishRecords(publisher: MessagePublisher<EventRecord>, batch: EventBatch): void {
  for (let i = 0; i < batch.count; i++) publisher.publish(recordAt(batch, i));
}
