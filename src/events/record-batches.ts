import { sameBytes } from '../core/byte-words.ts';
import { EventKind, isSessionKind } from '../core/event-types.ts';
import type { SampleSeq } from '../core/ids.ts';
import { isBatchFrame, unpackBatch } from '../transport/batch-frame.ts';
import { BATCH_TOPIC, TOPIC_BYTES } from '../transport/frame.ts';
import { EventBatchBuilder } from './batch-builder.ts';
import type { EventBatch, RecordNote } from './event-batch.ts';
import { JointSession } from './joint-session.ts';
import type { ReadRecords } from './read-records.ts';
import { endOfMessage, type ReceivedMessages, startOfMessage } from './received-messages.ts';
import { EventRecordCodec } from './record-codec.ts';
import { ALL_NOTES, FirstNotes, NO_NOTES, NoteExpander, type RecordNotes } from './record-notes.ts';
import { SampleNumbers } from './sample-numbers.ts';
import type { WireFormatError } from './wire-format-error.ts';

/** Something a publisher sent that could not be read. */
export interface MessageFault {
  readonly publisher: number;
  /** Which of the messages of its frame, from 0. */
  readonly message: number;
  /** Which record of the message; undefined when the whole message was dropped. */
  readonly record: number | undefined;
  readonly reason: string;
}

/**
 * Which records tell what their columns don't, such as uuids: `all`; `firsts`, the first of each sample and those that say something else than
 * it, as `records` frames have them; `none`, for metrics.
 */
export type KeptNotes = 'none' | 'firsts' | 'all';

export interface RecordBatchesOptions {
  readonly originNs: bigint;
  /** How many publishers the run has. */
  readonly publishers: number;
  readonly notes: KeptNotes;
  readonly onFault?: ((fault: MessageFault) => void) | undefined;
}

/** What could not be read of all messages so far. */
export interface UnreadMessages {
  /** Records that count as `error.generic` instead. */
  readonly records: number;
  /** Messages whose records are missing. */
  readonly messages: number;
}

const FIRST_RECORDS = 4096;
const BATCH_TOPIC_VIEW = new DataView(BATCH_TOPIC.buffer, BATCH_TOPIC.byteOffset);

/**
 * Reads the record wire of MLCommons endpoints from the messages of one or several publishers, in the order in which they were received: the
 * same messages always give the same batches.
 *
 * As in the reference, a message of no more than a topic is ignored, a batch that is no array of binaries is dropped whole, and a record that
 * cannot be read counts as an `error.generic` of no sample; it has the time of the record before it, which the log of the run knows.
 * Samples belong to their publisher: one of the same id from another is another sample. About 0.1 µs a record of the usual form.
 */
export class RecordBatches {
  readonly #options: RecordBatchesOptions;
  /** Without numbers of our own: small ones take no memory of their own in V8. */
  readonly #firstSamples = new SampleNumbers(undefined);
  readonly #session: JointSession;
  readonly #streams: Stream[] = [];
  readonly #builder = new EventBatchBuilder(FIRST_RECORDS);
  readonly #unread = { records: 0, messages: 0 };
  readonly #notes: RecordNotes;
  readonly #expander: NoteExpander | undefined;
  #isPlain = true;
  #message = 0;
  #record: number | undefined;

  constructor(options: RecordBatchesOptions) {
    this.#options = options;
    this.#session = new JointSession(options.publishers);
    this.#notes = { none: NO_NOTES, firsts: new FirstNotes(), all: ALL_NOTES }[options.notes];
    this.#expander = options.notes === 'all' ? new NoteExpander() : undefined;
  }

  /** Whether the messages decoded last could all be read and held no event of the session, so that their batch says all there is to say. */
  get wasPlain(): boolean {
    return this.#isPlain;
  }

  get unread(): UnreadMessages {
    return this.#unread;
  }

  /** A publisher that will not end its session any more is not waited for. */
  giveUp(publisher: number): void {
    this.#session.giveUp(publisher);
  }

  /** Whoever was given up is waited for again. */
  waitAgain(): void {
    this.#session.waitAgain();
  }

  /** Whether one of several publishers has ended its session, or was given up. */
  hasEnded(publisher: number): boolean {
    return this.#session.hasEnded(publisher);
  }

  /** The records of the messages as one batch, good until the next call. @hot */
  decode(received: ReceivedMessages): EventBatch {
    const builder = this.#builder;
    builder.restart();
    this.#isPlain = !this.#session.hasEnded(received.publisher);
    const stream = this.#streamOf(received);
    for (let i = 0; i < received.count; i++) {
      if (this.#session.hasEnded(received.publisher)) break;
      this.#message = i;
      this.#decodeMessage(received, startOfMessage(received, i), endOfMessage(received, i), stream.codec);
    }
    stream.lastNs = builder.lastTimestampNs ?? stream.lastNs;
    const batch = builder.finish(-1);
    this.#expand(batch);
    return batch;
  }

  /** The records that another reader made of the next messages, as if they had been decoded here. @hot */
  adopt(read: ReadRecords): EventBatch {
    const { batch } = read;
    const { count, kinds, sampleSeqs, timestampsNs } = batch;
    const stream = this.#streamOf(read);
    const { samples } = stream;
    for (const [i, note] of batch.notes ?? []) {
      const seq = sampleSeqs[i]! as SampleSeq;
      const isFirst = note.sampleUuid !== undefined && seq >= samples.next;
      if (isFirst) samples.adopt(note.sampleUuid, seq);
      this.#notes.keep(seq, isFirst, note);
    }
    for (let i = 0; i < count; i++) {
      if (kinds[i] !== EventKind.sampleComplete) continue;
      samples.complete(sampleSeqs[i]! as SampleSeq);
      this.#notes.forget(sampleSeqs[i]!);
    }
    if (count > 0) stream.lastNs = timestampsNs[count - 1]!;
    const notes = this.#expand(batch);
    return notes === batch.notes ? batch : { ...batch, notes };
  }

  /** With a note for each record of a sample, where all are kept. */
  #expand({ count, kinds, sampleSeqs, notes }: EventBatch): EventBatch['notes'] {
    if (this.#expander === undefined) return notes;
    const all = new Map<number, RecordNote>();
    for (let i = 0; i < count; i++) {
      const note = this.#expander.noteOf(sampleSeqs[i]!, kinds[i]! as EventKind, notes?.get(i));
      if (note !== undefined) all.set(i, note);
    }
    return all.size === 0 ? notes : all;
  }

  #decodeMessage(received: ReceivedMessages, start: number, end: number, codec: EventRecordCodec): void {
    const { publisher, bytes, view } = received;
    if (end - start <= TOPIC_BYTES) return;
    const payloadAt = start + TOPIC_BYTES;
    if (!sameBytes(view, start, BATCH_TOPIC_VIEW, 0, TOPIC_BYTES)) {
      this.#record = 0;
      codec.decodeInto(this.#builder, bytes, view, payloadAt, end);
      return;
    }
    if (endOfBatch(view, payloadAt, end) !== end) {
      this.#record = undefined;
      this.#fault(`a batch of ${end - payloadAt} bytes that is no MessagePack array of binaries`, publisher);
      return;
    }
    const records = arrayLength(view, payloadAt);
    let at = payloadAt + arrayHeaderBytes(view, payloadAt);
    for (let record = 0; record < records; record++) {
      const recordAt = at + binaryHeaderBytes(view, at);
      const recordEnd = recordAt + binaryLength(view, at);
      this.#record = record;
      if (this.#session.hasEnded(publisher)) return;
      if (recordEnd > recordAt) codec.decodeInto(this.#builder, bytes, view, recordAt, recordEnd);
      at = recordEnd;
    }
  }

  /** A publisher's clock may be another one's after a restart of either. */
  #streamOf({ publisher, shiftNs }: Pick<ReceivedMessages, 'publisher' | 'shiftNs'>): Stream {
    const known = this.#streams[publisher];
    if (known?.shiftNs === shiftNs) return known;
    const originNs = this.#options.originNs - shiftNs;
    const samples = known?.samples ?? new SampleNumbers(undefined, this.#firstSamples);
    const stream: Stream = {
      shiftNs,
      samples,
      lastNs: known?.lastNs ?? 0,
      codec: new EventRecordCodec({
        ...{ originNs, notes: this.#notes, samples },
        nowNs: () => originNs + BigInt(this.#builder.lastTimestampNs ?? stream.lastNs),
        takes: (kind) => {
          if (isSessionKind(kind)) this.#isPlain = false;
          return this.#session.takes(publisher, kind);
        },
        onFault: (error: WireFormatError) => this.#fault(`${error.name}: ${error.message}`, publisher),
      }),
    };
    this.#streams[publisher] = stream;
    return stream;
  }

  #fault(reason: string, publisher: number): void {
    this.#isPlain = false;
    const [message, record] = [this.#message, this.#record];
    if (record === undefined) this.#unread.messages += 1;
    else this.#unread.records += 1;
    this.#options.onFault?.({ publisher, message, record, reason });
  }
}

/** The first timestamp in a message of a publisher, absolute; undefined for a message without one that can be read. */
export function firstTimestampNs(message: Uint8Array): bigint | undefined {
  if (message.length <= TOPIC_BYTES) return undefined;
  const payloads = isBatchFrame(message) ? unpackBatch(message) : [message.subarray(TOPIC_BYTES)];
  const codec = new EventRecordCodec();
  for (const payload of payloads ?? []) {
    try {
      if (payload.length > 0) codec.decode(payload);
    } catch {
      continue;
    }
    if (codec.originNs !== undefined) return codec.originNs;
  }
  return undefined;
}

interface Stream {
  readonly shiftNs: bigint;
  readonly codec: EventRecordCodec;
  /** Two publishers may have samples of the same id. */
  readonly samples: SampleNumbers;
  /** Time of the last record, since the run's origin. */
  lastNs: number;
}

const FIX_ARRAY = 0x90;
const ARRAY_16 = 0xdc;
const ARRAY_32 = 0xdd;
const BINARY_8 = 0xc4;
const BINARY_16 = 0xc5;
const BINARY_32 = 0xc6;

/** Where the array of binaries that begins at `at` ends; -1 when there is none that ends before `end`. */
function endOfBatch(view: DataView, at: number, end: number): number {
  if (at + arrayHeaderBytes(view, at) > end) return -1;
  const items = arrayLength(view, at);
  if (items < 0) return -1;
  let position = at + arrayHeaderBytes(view, at);
  for (let item = 0; item < items; item++) {
    if (position >= end || position + binaryHeaderBytes(view, position) > end) return -1;
    const length = binaryLength(view, position);
    if (length < 0) return -1;
    position += binaryHeaderBytes(view, position) + length;
  }
  return position > end ? -1 : position;
}

function arrayHeaderBytes(view: DataView, at: number): number {
  const marker = view.getUint8(at);
  return marker === ARRAY_16 ? 3 : marker === ARRAY_32 ? 5 : 1;
}

/** Of the array at `at`, or -1 for something else. */
function arrayLength(view: DataView, at: number): number {
  const marker = view.getUint8(at);
  if (marker >> 4 === FIX_ARRAY >> 4) return marker & 0xf;
  if (marker === ARRAY_16) return view.getUint16(at + 1);
  return marker === ARRAY_32 ? view.getUint32(at + 1) : -1;
}

function binaryHeaderBytes(view: DataView, at: number): number {
  const marker = view.getUint8(at);
  return marker === BINARY_8 ? 2 : marker === BINARY_16 ? 3 : 5;
}

/** Of the binary at `at`, or -1 for something else. */
function binaryLength(view: DataView, at: number): number {
  const marker = view.getUint8(at);
  if (marker === BINARY_8) return view.getUint8(at + 1);
  if (marker === BINARY_16) return view.getUint16(at + 1);
  return marker === BINARY_32 ? view.getUint32(at + 1) : -1;
}
