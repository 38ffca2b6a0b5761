import { sameBytes } from '../core/byte-words.ts';
import { EVENT_TOPICS, EventKind, FINISH_ABSENT, FINISH_OTHER } from '../core/event-types.ts';
import { type EventBatchBuilder, finishReasonCode } from './batch-builder.ts';
import type { RecordNote } from './event-batch.ts';
import { PayloadChecker } from './payload-check.ts';
import { RECORD_KEYS, recordHead } from './record-keys.ts';
import type { SampleNumbers } from './sample-numbers.ts';
import { readUuidKey, UUID_KEY_BYTES, UUID_KEY_WORDS } from './uuid-key.ts';

const TEMPLATED_KINDS = [
  EventKind.sampleIssued,
  EventKind.sampleComplete,
  EventKind.sampleRecvFirst,
  EventKind.sampleRecvNonFirst,
] as const;

const NIL = 0xc0;
const UINT64 = 0xcf;
const UINT64_BYTES = 9;

interface Head {
  readonly kind: EventKind;
  readonly bytes: DataView;
}

/** Between timestamp and uuid, between uuid and data: without a conversation. */
const BEFORE_UUID = viewOf(Buffer.concat([RECORD_KEYS.sampleUuid, Uint8Array.of(0xd9, UUID_KEY_BYTES)]));
const BEFORE_DATA = viewOf(
  Buffer.concat([
    ...[RECORD_KEYS.conversationId, Uint8Array.of(0xa0)],
    ...[RECORD_KEYS.turn, Uint8Array.of(NIL)],
    RECORD_KEYS.data,
  ]),
);
const FINISH_REASON = viewOf(RECORD_KEYS.finishReason);
const WORKER_ID = viewOf(RECORD_KEYS.workerId);

/** Where the header of the topic stands: behind that of the map and the first key. */
const TOPIC_OFFSET = 1 + RECORD_KEYS.eventType.length;
/** Entries that every record of this form has; finish reason and worker may follow. */
const LEAST_ENTRIES = 6;

/**
 * Reads the records that make up a stream, those of samples, in the one form the reference writes them: all bytes but those
 * of timestamp, uuid, data, finish reason and worker are known beforehand and compared, four at a time.
 *
 * A record of any other form, however legal, is left to the general reader. About 0.15 µs a record; makes no text but that
 * of a finish reason.
 */
export class RecordTemplate {
  readonly #heads = headsByTopicMarker();
  readonly #payloads = new PayloadChecker();
  readonly #samples: SampleNumbers;
  readonly #originHigh: number;
  readonly #originLow: number;

  /** What is read, and how far. */
  #buffer: ArrayBufferLike | undefined;
  #view: DataView = new DataView(new ArrayBuffer(0));
  #at = 0;
  #end = 0;

  /** What was found. */
  #timestampNs = 0;
  readonly #uuid = new Int32Array(UUID_KEY_WORDS);
  #dataStart = 0;
  #dataEnd = 0;
  #finishReason: number = FINISH_ABSENT;
  #workerId = -1;

  constructor(originNs: bigint, samples: SampleNumbers) {
    this.#originHigh = Number(originNs >> 32n);
    this.#originLow = Number(BigInt.asUintN(32, originNs));
    this.#samples = samples;
  }

  /** Adds the record to the batch; false, and nothing done, when it is of another form. @hot */
  read(payload: Uint8Array, batch: EventBatchBuilder): boolean {
    if (payload.length <= TOPIC_OFFSET) return false;
    this.#open(payload);
    const head = this.#heads[this.#view.getUint8(this.#at + TOPIC_OFFSET)];
    if (head === undefined) return false;
    const entries = this.#view.getUint8(this.#at++) - 0x80;
    const isOfThisForm =
      this.#skip(head.bytes) &&
      this.#readTimestamp() &&
      this.#skip(BEFORE_UUID) &&
      this.#readUuid() &&
      this.#skip(BEFORE_DATA) &&
      this.#readData() &&
      this.#readRest(entries - LEAST_ENTRIES) &&
      this.#at === this.#end;
    if (!isOfThisForm) return false;
    if (this.#dataEnd > this.#dataStart) {
      const { byteOffset } = payload;
      batch.addPayload(payload.subarray(this.#dataStart - byteOffset, this.#dataEnd - byteOffset));
    }
    this.#addTo(batch, head.kind);
    return true;
  }

  /** The payloads of a frame share its buffer, and so a view. */
  #open(payload: Uint8Array): void {
    const { buffer } = payload;
    if (buffer !== this.#buffer) {
      this.#buffer = buffer;
      this.#view = new DataView(buffer);
    }
    this.#at = payload.byteOffset;
    this.#end = this.#at + payload.length;
  }

  /** Passes over bytes that must be these. */
  #skip(bytes: DataView): boolean {
    const at = this.#at;
    this.#at += bytes.byteLength;
    return this.#at <= this.#end && sameBytes(this.#view, at, bytes, 0, bytes.byteLength);
  }

  #readTimestamp(): boolean {
    const at = this.#at;
    this.#at += UINT64_BYTES;
    if (this.#at > this.#end || this.#view.getUint8(at) !== UINT64) return false;
    const high = this.#view.getUint32(at + 1) - this.#originHigh;
    this.#timestampNs = high * 2 ** 32 + (this.#view.getUint32(at + 5) - this.#originLow);
    return Number.isSafeInteger(this.#timestampNs);
  }

  #readUuid(): boolean {
    const at = this.#at;
    this.#at += UUID_KEY_BYTES;
    return this.#at <= this.#end && readUuidKey(this.#view, at, this.#uuid);
  }

  /** Leaves none between start and end of the data when it is nil. */
  #readData(): boolean {
    this.#dataStart = this.#at;
    if (this.#at >= this.#end) return false;
    if (this.#view.getUint8(this.#at) === NIL) {
      this.#dataEnd = this.#at++;
      return true;
    }
    this.#dataEnd = this.#payloads.endOf(this.#view, this.#at, this.#end);
    this.#at = this.#dataEnd;
    return this.#dataEnd >= 0;
  }

  #readRest(entries: number): boolean {
    this.#finishReason = FINISH_ABSENT;
    this.#workerId = -1;
    if (entries === 0) return true;
    const at = this.#at;
    if (this.#skip(FINISH_REASON)) return this.#readFinishReason() && this.#readWorker(entries - 1);
    this.#at = at;
    return this.#readWorker(entries);
  }

  /** One of those that have a code. */
  #readFinishReason(): boolean {
    if (this.#at >= this.#end) return false;
    const marker = this.#view.getUint8(this.#at++);
    const end = this.#at + (marker & 0x1f);
    if (marker >> 5 !== 0b101 || end > this.#end) return false;
    let text = '';
    while (this.#at < end) text += String.fromCharCode(this.#view.getUint8(this.#at++));
    this.#finishReason = finishReasonCode(text);
    return this.#finishReason !== FINISH_OTHER;
  }

  #readWorker(entries: number): boolean {
    if (entries === 0) return true;
    if (entries !== 1 || !this.#skip(WORKER_ID) || this.#at >= this.#end) return false;
    this.#workerId = this.#view.getUint8(this.#at++);
    return this.#workerId < 0x80;
  }

  #addTo(batch: EventBatchBuilder, kind: EventKind): void {
    const workerId = this.#workerId;
    const ownSeq = this.#samples.ownSeqOfKey(this.#uuid);
    if (ownSeq >= 0) {
      const note = workerId < 0 ? undefined : { workerId };
      batch.addRow(kind, this.#timestampNs, ownSeq, this.#finishReason, note);
      return;
    }
    const { seq, note } = this.#samples.foreignByKey(this.#uuid, kind);
    const ownNote: RecordNote = workerId < 0 ? note : { ...note, workerId };
    batch.addRow(kind, this.#timestampNs, seq, this.#finishReason, ownNote);
  }
}

/** The heads of the templated kinds, by the byte before the topic, which its length makes. */
function headsByTopicMarker(): readonly (Head | undefined)[] {
  const heads = Array.from<Head | undefined>({ length: 0x100 }).fill(undefined);
  for (const kind of TEMPLATED_KINDS) {
    const topic = EVENT_TOPICS[kind];
    heads[0xa0 | topic.length] = { kind, bytes: viewOf(recordHead(topic)) };
  }
  return heads;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
