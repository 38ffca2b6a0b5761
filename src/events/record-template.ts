import { KnownBytes } from '../core/byte-words.ts';
import { EVENT_TOPICS, EventKind, FINISH_ABSENT, FINISH_OTHER } from '../core/event-types.ts';
import { type EventBatchBuilder, finishReasonCode } from './batch-builder.ts';
import { ISSUED_EXTRA, type RecordNote } from './event-batch.ts';
import { ExtrasReader } from './extras-reader.ts';
import { PayloadChecker } from './payload-check.ts';
import { ALL_NOTES, type Notable, type RecordNotes } from './record-notes.ts';
import { RECORD_KEYS, recordHead } from './record-keys.ts';
import type { SampleNumbers } from './sample-numbers.ts';
import { readUuidKey, uuidOfKey, UUID_KEY_BYTES, UUID_KEY_WORDS } from './uuid-key.ts';

const TEMPLATED_KINDS = [
  EventKind.sampleIssued,
  EventKind.sampleComplete,
  EventKind.sampleRecvFirst,
  EventKind.sampleRecvNonFirst,
] as const;

const NIL = 0xc0;
const UINT64 = 0xcf;
const UINT64_BYTES = 9;
const UINT8 = 0xcc;
const FIRST_NON_ASCII = 0x80;
const NO_TURN = -1;
const NO_WORKER = -1;

interface Head {
  readonly kind: EventKind;
  readonly bytes: KnownBytes;
}

/** Between timestamp and uuid, between uuid and data of a record without a conversation. */
const BEFORE_UUID = new KnownBytes(
  Buffer.concat([RECORD_KEYS.sampleUuid, Uint8Array.of(0xd9, UUID_KEY_BYTES)]),
);
const BEFORE_DATA = new KnownBytes(
  Buffer.concat([
    ...[RECORD_KEYS.conversationId, Uint8Array.of(0xa0)],
    ...[RECORD_KEYS.turn, Uint8Array.of(NIL)],
    RECORD_KEYS.data,
  ]),
);
/** The same, piece by piece, where there is one. */
const CONVERSATION_ID = new KnownBytes(RECORD_KEYS.conversationId);
const TURN = new KnownBytes(RECORD_KEYS.turn);
const DATA = new KnownBytes(RECORD_KEYS.data);
const FINISH_REASON = new KnownBytes(RECORD_KEYS.finishReason);
const WORKER_ID = new KnownBytes(RECORD_KEYS.workerId);
const EXTRAS = new KnownBytes(RECORD_KEYS.extras);

/** Where the header of the topic stands: behind that of the map and the first key. */
const TOPIC_OFFSET = 1 + RECORD_KEYS.eventType.length;
/** Entries that every record of this form has; finish reason, worker and extras of ours may follow. */
const LEAST_ENTRIES = 6;

/**
 * Reads the records that make up a stream, those of samples, in the one form the reference writes them, and ours with extras: all bytes but those
 * of timestamp, uuid, conversation, data, finish reason, worker and extras are known beforehand and compared, eight at a time.
 *
 * A record of any other form, however legal, is left to the general reader. About 0.1 µs a record; without notes it makes no object
 * and no text, but a finish reason's.
 */
export class RecordTemplate implements Notable {
  readonly #heads = headsByTopicMarker();
  readonly #payloads = new PayloadChecker();
  readonly #extras: ExtrasReader;
  readonly #samples: SampleNumbers;
  readonly #originHigh: number;
  readonly #originLow: number;

  readonly #notes: RecordNotes;

  /** What is read, and how far. */
  #view: DataView = new DataView(new ArrayBuffer(0));
  #at = 0;
  #end = 0;

  /** What was found. */
  #timestampNs = 0;
  readonly #uuid = new Int32Array(UUID_KEY_WORDS);
  #dataStart = 0;
  #dataEnd = 0;
  #conversationStart = 0;
  #conversationEnd = 0;
  #turn = NO_TURN;
  #finishReason: number = FINISH_ABSENT;
  #workerId = NO_WORKER;

  constructor(originNs: bigint, samples: SampleNumbers, notes: RecordNotes = ALL_NOTES) {
    this.#originHigh = Number(originNs >> 32n);
    this.#originLow = Number(BigInt.asUintN(32, originNs));
    this.#extras = new ExtrasReader(originNs);
    this.#samples = samples;
    this.#notes = notes;
  }

  /** Adds the record in bytes `start … end` of the view to the batch; false, and nothing done, when it is of another form. @hot */
  read(view: DataView, start: number, end: number, batch: EventBatchBuilder): boolean {
    if (end - start <= TOPIC_OFFSET) return false;
    this.#view = view;
    this.#at = start;
    this.#end = end;
    const head = this.#heads[view.getUint8(start + TOPIC_OFFSET)];
    if (head === undefined) return false;
    const entries = this.#view.getUint8(this.#at++) - 0x80;
    const isOfThisForm =
      this.#skip(head.bytes) &&
      this.#readTimestamp() &&
      this.#skip(BEFORE_UUID) &&
      this.#readUuid() &&
      this.#readConversation() &&
      this.#readData() &&
      this.#readRest(entries - LEAST_ENTRIES, head.kind) &&
      this.#at === this.#end;
    if (!isOfThisForm) return false;
    if (this.#dataEnd > this.#dataStart) batch.addPayload(this.#bytes(this.#dataStart, this.#dataEnd));
    this.#addTo(batch, head.kind);
    return true;
  }

  /** Of the record that was read last. */
  says(conversationId: string | undefined, turn: number | undefined, workerId: number | undefined): boolean {
    return (
      this.#turn === (turn ?? NO_TURN) &&
      this.#workerId === (workerId ?? NO_WORKER) &&
      this.#isConversation(conversationId ?? '')
    );
  }

  #isConversation(id: string): boolean {
    if (this.#conversationEnd - this.#conversationStart !== id.length) return false;
    for (let i = 0; i < id.length; i++)
      if (this.#view.getUint8(this.#conversationStart + i) !== id.charCodeAt(i)) return false;
    return true;
  }

  /** Passes over bytes that must be these. */
  #skip(bytes: KnownBytes): boolean {
    const at = this.#at;
    this.#at += bytes.length;
    return this.#at <= this.#end && bytes.areAt(this.#view, at);
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

  /** Most samples belong to no conversation, and then all up to the data is known beforehand. */
  #readConversation(): boolean {
    this.#turn = NO_TURN;
    this.#conversationStart = this.#conversationEnd = 0;
    const at = this.#at;
    if (this.#skip(BEFORE_DATA)) return true;
    this.#at = at;
    return (
      this.#skip(CONVERSATION_ID) &&
      this.#readConversationId() &&
      this.#skip(TURN) &&
      this.#readTurn() &&
      this.#skip(DATA)
    );
  }

  /** A short text of ASCII letters. */
  #readConversationId(): boolean {
    if (this.#at >= this.#end) return false;
    const marker = this.#view.getUint8(this.#at++);
    if (marker >> 5 !== 0b101 || this.#at + (marker & 0x1f) > this.#end) return false;
    this.#conversationStart = this.#at;
    this.#conversationEnd = this.#at + (marker & 0x1f);
    for (; this.#at < this.#conversationEnd; this.#at++) {
      if (this.#view.getUint8(this.#at) >= FIRST_NON_ASCII) return false;
    }
    return true;
  }

  /** None, or one below 256. */
  #readTurn(): boolean {
    if (this.#at >= this.#end) return false;
    const marker = this.#view.getUint8(this.#at++);
    if (marker === NIL) return true;
    if (marker !== UINT8) {
      this.#turn = marker;
      return marker < FIRST_NON_ASCII;
    }
    if (this.#at >= this.#end) return false;
    this.#turn = this.#view.getUint8(this.#at++);
    return true;
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

  #readRest(entries: number, kind: EventKind): boolean {
    this.#finishReason = FINISH_ABSENT;
    this.#workerId = NO_WORKER;
    this.#extras.clear();
    let left = entries;
    if (left > 0 && this.#isNext(FINISH_REASON)) {
      if (!this.#readFinishReason()) return false;
      left -= 1;
    }
    if (left > 0 && this.#isNext(WORKER_ID)) {
      if (!this.#readWorker()) return false;
      left -= 1;
    }
    if (left > 0 && this.#isNext(EXTRAS)) {
      if (!this.#readExtras(kind)) return false;
      left -= 1;
    }
    return left === 0;
  }

  /** Passes over bytes if they are next. */
  #isNext(bytes: KnownBytes): boolean {
    const at = this.#at;
    if (this.#skip(bytes)) return true;
    this.#at = at;
    return false;
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

  /** A small one. */
  #readWorker(): boolean {
    if (this.#at >= this.#end) return false;
    this.#workerId = this.#view.getUint8(this.#at++);
    return this.#workerId < 0x80;
  }

  #readExtras(kind: EventKind): boolean {
    const timeAt = kind === EventKind.sampleIssued ? ISSUED_EXTRA.dueNs : -1;
    this.#at = this.#extras.endOf(this.#view, this.#at, this.#end, timeAt);
    return this.#at >= 0;
  }

  #addTo(batch: EventBatchBuilder, kind: EventKind): void {
    const ownSeq = this.#samples.ownSeqOfKey(this.#uuid);
    const known = this.#samples.next;
    const seq = ownSeq < 0 ? this.#samples.foreignSeqOfKey(this.#uuid, kind) : ownSeq;
    const isFirst = this.#samples.next > known;
    const { count, values } = this.#extras;
    for (let i = 0; i < count; i++) batch.addExtra(values[i]!);
    const made = this.#notes.wants(seq, isFirst, this) ? this.#note(ownSeq < 0) : undefined;
    const note = made && this.#notes.keep(seq, isFirst, made);
    if (kind === EventKind.sampleComplete) this.#notes.forget(seq);
    batch.addRow(kind, this.#timestampNs, seq, this.#finishReason, note);
  }

  /** What there is to note. */
  #note(isForeign: boolean): RecordNote | undefined {
    const conversationId = String.fromCharCode(
      ...this.#bytes(this.#conversationStart, this.#conversationEnd),
    );
    if (!isForeign && conversationId === '' && this.#turn === NO_TURN && this.#workerId < 0) return undefined;
    return {
      ...(conversationId !== '' && { conversationId }),
      ...(this.#turn !== NO_TURN && { turn: this.#turn }),
      ...(this.#workerId >= 0 && { workerId: this.#workerId }),
      ...(isForeign && { sampleUuid: uuidOfKey(this.#uuid) }),
    };
  }

  #bytes(start: number, end: number): Uint8Array {
    const { buffer, byteOffset } = this.#view;
    return new Uint8Array(buffer, byteOffset + start, end - start);
  }
}

/** The heads of the templated kinds, by the byte before the topic, which its length makes. */
function headsByTopicMarker(): readonly (Head | undefined)[] {
  const heads = Array.from<Head | undefined>({ length: 0x100 }).fill(undefined);
  for (const kind of TEMPLATED_KINDS) {
    const topic = EVENT_TOPICS[kind];
    heads[0xa0 | topic.length] = { kind, bytes: new KnownBytes(recordHead(topic)) };
  }
  return heads;
}
