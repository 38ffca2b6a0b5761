import { FINISH_ABSENT, FINISH_OTHER, FINISH_REASONS } from '../core/event-types.ts';
import { NO_SAMPLE } from '../core/ids.ts';
import type { EventBatch, EventRecord, RecordNote } from './event-batch.ts';

const FIRST_PAYLOAD_BYTES = 4096;
const FIRST_EXTRAS = 64;

/** Lays records out in columns. For cold paths and tests; the engine fills columns of its own. */
export function buildEventBatch(records: readonly EventRecord[], workerId = -1): EventBatch {
  const builder = new EventBatchBuilder(records.length);
  for (const record of records) builder.add(record);
  return builder.finish(workerId);
}

/** Columns of one batch that grow record by record, up to the capacity they were made for. */
export class EventBatchBuilder {
  readonly #kinds: Uint8Array;
  readonly #finishReasons: Uint8Array;
  readonly #sampleSeqs: Uint32Array;
  readonly #payloadEnds: Uint32Array;
  readonly #extraEnds: Uint32Array;
  readonly #timestampsNs: Float64Array;
  #extras = new Float64Array(FIRST_EXTRAS);
  #payload = new Uint8Array(FIRST_PAYLOAD_BYTES);
  #notes: Map<number, RecordNote> | undefined;
  #count = 0;
  #payloadEnd = 0;
  #extraEnd = 0;

  /** `capacity`: the most records that will be added. */
  constructor(capacity: number) {
    this.#kinds = new Uint8Array(capacity);
    this.#finishReasons = new Uint8Array(capacity);
    this.#sampleSeqs = new Uint32Array(capacity);
    this.#payloadEnds = new Uint32Array(capacity);
    this.#extraEnds = new Uint32Array(capacity);
    this.#timestampsNs = new Float64Array(capacity);
  }

  add(record: EventRecord): void {
    const finishReason = finishReasonCode(record.finishReason);
    if (record.payload !== undefined) this.addPayload(record.payload);
    for (const extra of record.extras ?? []) this.#addExtra(extra);
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

  /** Adds a record whose payload is there already. @hot */
  addRow(
    kind: number,
    timestampNs: number,
    sampleSeq: number,
    finishReason: number,
    note: RecordNote | undefined,
  ): void {
    const index = this.#count++;
    this.#kinds[index] = kind;
    this.#timestampsNs[index] = timestampNs;
    this.#sampleSeqs[index] = sampleSeq;
    this.#finishReasons[index] = finishReason;
    this.#payloadEnds[index] = this.#payloadEnd;
    this.#extraEnds[index] = this.#extraEnd;
    if (note !== undefined) (this.#notes ??= new Map()).set(index, note);
  }

  /** The batch. Nothing may be added afterwards. */
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

  #addExtra(value: number): void {
    if (this.#extraEnd === this.#extras.length) {
      const larger = new Float64Array(2 * this.#extras.length);
      larger.set(this.#extras);
      this.#extras = larger;
    }
    this.#extras[this.#extraEnd++] = value;
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

function noteOf(record: EventRecord, finishReason: number): RecordNote | undefined {
  if (finishReason !== FINISH_OTHER || record.finishReason === undefined) return record.note;
  return { ...record.note, finishReason: record.finishReason };
}
