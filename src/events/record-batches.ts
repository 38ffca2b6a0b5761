import { sameBytes } from '../core/byte-words.ts';
import { isBatchFrame, unpackBatch } from '../transport/batch-frame.ts';
import { BATCH_TOPIC, TOPIC_BYTES } from '../transport/frame.ts';
import { EventBatchBuilder } from './batch-builder.ts';
import type { EventBatch } from './event-batch.ts';
import { JointSession } from './joint-session.ts';
import { endOfMessage, type ReceivedMessages, startOfMessage } from './received-messages.ts';
import { EventRecordCodec } from './record-codec.ts';
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

export interface RecordBatchesOptions {
  readonly originNs: bigint;
  /** How many publishers the run has. */
  readonly publishers: number;
  /** Whether records tell what their columns don't, such as uuids. */
  readonly keepsNotes: boolean;
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
  #message = 0;
  #record: number | undefined;

  constructor(options: RecordBatchesOptions) {
    this.#options = options;
    this.#session = new JointSession(options.publishers);
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
    const stream = this.#streamOf(received);
    for (let i = 0; i < received.count; i++) {
      if (this.#session.hasEnded(received.publisher)) break;
      this.#message = i;
      this.#decodeMessage(received, startOfMessage(received, i), endOfMessage(received, i), stream.codec);
    }
    stream.lastNs = builder.lastTimestampNs ?? stream.lastNs;
    return builder.finish(-1);
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
  #streamOf({ publisher, shiftNs }: ReceivedMessages): Stream {
    const known = this.#streams[publisher];
    if (known?.shiftNs === shiftNs) return known;
    const { keepsNotes } = this.#options;
    const originNs = this.#options.originNs - shiftNs;
    const samples = known?.samples ?? new SampleNumbers(undefined, this.#firstSamples);
    const stream: Stream = {
      shiftNs,
      samples,
      lastNs: known?.lastNs ?? 0,
      codec: new EventRecordCodec({
        ...{ originNs, keepsNotes, samples },
        nowNs: () => originNs + BigInt(this.#builder.lastTimestampNs ?? stream.lastNs),
        takes: (kind) => this.#session.takes(publisher, kind),
        onFault: (error: WireFormatError) => this.#fault(`${error.name}: ${error.message}`, publisher),
      }),
    };
    this.#streams[publisher] = stream;
    return stream;
  }

  #fault(reason: string, publisher: number): void {
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
