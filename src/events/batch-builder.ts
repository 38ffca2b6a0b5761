import { FINISH_ABSENT, FINISH_OTHER, FINISH_REASONS } from '../core/event-types.ts';
import { NO_SAMPLE } from '../core/ids.ts';
import type { EventBatch, EventRecord, RecordNote } from './event-batch.ts';

const FIRST_PAYLOAD_BYTES = 4096;
const FIRST_EXTRAS = 64;
const FIRST_RECORDS = 64;

/** Lays records out in columns. For cold paths and tests; the engine fills columns of its own. */
export function buildEventBatch(records: readonly EventRecord[], workerId = -1): EventBatch {
  const builder = new EventBatchBuilder(records.length);
  for (const record of records) builder.add(record);
  return builder.finish(workerId);
}

/** Columns of one batch that grow record by record. */
export class EventBatchBuilder {
  #kinds: Uint8Array;
  #finishReasons: Uint8Array;
  #sampleSeqs: Uint32Array;
  #payloadEnds: Uint32Array;
  #extraEnds: Uint32Array;
  #timestampsNs: Float64Array;
  #extras = new Float64Array(FIRST_EXTRAS);
  #payload = new Uint8Array(FIRST_PAYLOAD_BYTES);
  #notes: Map<number, RecordNote> | undefined;
  #count = 0;
  #payloadEnd = 0;
  #extraEnd = 0;

  /** `capacity`: records there is room for at first. */
  constructor(capacity: number) {
    this.#kinds = new Uint8Array(capacity);
    this.#finishReasons = new Uint8Array(capacity);
    this.#sampleSeqs = new Uint32Array(capacity);
    this.#payloadEnds = new Uint32Array(capacity);
    this.#extraEnds = new Uint32Array(capacity);
    this.#timestampsNs = new Float64Array(capacity);
  }

  get count(): number {
    return this.#count;
  }

  /** Of the record added last; undefined before there is one. */
  get lastTimestampNs(): number | undefined {
    return this.#timestampsNs[this.#count - 1];
  }

  /** Begins another batch in the memory of the one before, which is gone then. */
  restart(): void {
    this.#count = this.#payloadEnd = this.#extraEnd = 0;
    this.#notes = undefined;
  }

  add(record: EventRecord): void {
    const finishReason = finishReasonCode(record.finishReason);
    if (record.payload !== undefined) this.addPayload(record.payload);
    for (const extra of record.extras ?? []) this.addExtra(extra);
    this.addRow(
      record.kind,
      record.timestampNs,
      record.sampleSeq ?? NO_SAMPLE,
      finishReason,
      noteOf(record, finishReason),
    );
  }

  /** Puts bytes into the payload of the record that is added next. */
  addPayload(bytes: Uint8Array): void {
    const end = this.#payloadEnd + bytes.length;
    if (end > this.#payload.length) {
      const larger = new Uint8Array(Math.max(end, 2 * this.#payload.length));
      larger.set(this.#payload.subarray(0, this.#payloadEnd));
      this.#payload = larger;
    }
    this.#payload.set(bytes, this.#payloadEnd);
    this.#payloadEnd = end;
  }

  /** Adds a number to the extras of the record that is added next. @hot */
  addExtra(value: number): void {
    if (this.#extraEnd === this.#extras.length) {
      const larger = new Float64Array(2 * this.#extras.length);
      larger.set(this.#extras);
      this.#extras = larger;
    }
    this.#extras[this.#extraEnd++] = value;
  }

  /** Adds a record whose payload and extras are there already. @hot */
  addRow(
    kind: number,
    timestampNs: number,
    sampleSeq: number,
    finishReason: number,
    note: RecordNote | undefined,
  ): void {
    const index = this.#count++;
    if (index === this.#kinds.length) this.#grow();
    this.#kinds[index] = kind;
    this.#timestampsNs[index] = timestampNs;
    this.#sampleSeqs[index] = sampleSeq;
    this.#finishReasons[index] = finishReason;
    this.#payloadEnds[index] = this.#payloadEnd;
    this.#extraEnds[index] = this.#extraEnd;
    if (note !== undefined) (this.#notes ??= new Map()).set(index, note);
  }

  /** The batch, valid until {@link restart}. Nothing may be added before. */
  finish(workerId: number): EventBatch {
    const count = this.#count;
    return {
      count,
      workerId,
      kinds: this.#kinds.subarray(0, count),
      finishReasons: this.#finishReasons.subarray(0, count),
      sampleSeqs: this.#sampleSeqs.subarray(0, count),
      payloadEnds: this.#payloadEnds.subarray(0, count),
      extraEnds: this.#extraEnds.subarray(0, count),
      timestampsNs: this.#timestampsNs.subarray(0, count),
      extras: this.#extras.subarray(0, this.#extraEnd),
      payload: this.#payload.subarray(0, this.#payloadEnd),
      notes: this.#notes,
    };
  }

  #grow(): void {
    const capacity = Math.max(FIRST_RECORDS, 2 * this.#kinds.length);
    this.#kinds = copyInto(new Uint8Array(capacity), this.#kinds);
    this.#finishReasons = copyInto(new Uint8Array(capacity), this.#finishReasons);
    this.#sampleSeqs = copyInto(new Uint32Array(capacity), this.#sampleSeqs);
    this.#payloadEnds = copyInto(new Uint32Array(capacity), this.#payloadEnds);
    this.#extraEnds = copyInto(new Uint32Array(capacity), this.#extraEnds);
    this.#timestampsNs = copyInto(new Float64Array(capacity), this.#timestampsNs);
  }
}

/** The column code of a finish reason; matching is exact and case-sensitive. */
export function finishReasonCode(reason: string | undefined): number {
  if (reason === undefined) return FINISH_ABSENT;
  const known = (FINISH_REASONS as readonly string[]).indexOf(reason);
  return known >= 0 ? known + 1 : FINISH_OTHER;
}

/** The text of record `index`'s finish reason, or `undefined` when it has none. */
export function finishReasonOf(batch: EventBatch, index: number): string | undefined {
  const code = batch.finishReasons[index]!;
  if (code === FINISH_ABSENT) return undefined;
  return code === FINISH_OTHER ? (batch.notes?.get(index)?.finishReason ?? '') : FINISH_REASONS[code - 1];
}

function copyInto<T extends { set(values: T): void }>(target: T, source: T): T {
  target.set(source);
  return target;
}

function noteOf(record: EventRecord, finishReason: number): RecordNote | undefined {
  if (finishReason !== FINISH_OTHER || record.finishReason === undefined) return record.note;
  return { ...record.note, finishReason: record.finishReason };
}
