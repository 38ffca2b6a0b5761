import { FINISH_ABSENT, FINISH_OTHER, FINISH_REASONS } from '../core/event-types.ts';
import { NO_SAMPLE } from '../core/ids.ts';
import type { EventBatch, EventRecord, RecordNote } from './event-batch.ts';

/** Lays records out in columns. For cold paths and tests; the engine fills columns of its own. */
export function buildEventBatch(records: readonly EventRecord[], workerId = -1): EventBatch {
  const count = records.length;
  const columns = {
    kinds: new Uint8Array(count),
    finishReasons: new Uint8Array(count),
    sampleSeqs: new Uint32Array(count),
    payloadEnds: new Uint32Array(count),
    extraEnds: new Uint32Array(count),
    timestampsNs: new Float64Array(count),
    extras: new Float64Array(sumOf(records, (record) => record.extras?.length ?? 0)),
    payload: new Uint8Array(sumOf(records, (record) => record.payload?.length ?? 0)),
  };
  const notes = new Map<number, RecordNote>();
  let payloadEnd = 0;
  let extraEnd = 0;
  for (const [i, record] of records.entries()) {
    columns.kinds[i] = record.kind;
    columns.timestampsNs[i] = record.timestampNs;
    columns.sampleSeqs[i] = record.sampleSeq ?? NO_SAMPLE;
    const finishReason = finishReasonCode(record.finishReason);
    columns.finishReasons[i] = finishReason;
    columns.payload.set(record.payload ?? [], payloadEnd);
    columns.extras.set(record.extras ?? [], extraEnd);
    columns.payloadEnds[i] = payloadEnd += record.payload?.length ?? 0;
    columns.extraEnds[i] = extraEnd += record.extras?.length ?? 0;
    const note = noteOf(record, finishReason);
    if (note !== undefined) notes.set(i, note);
  }
  return { count, workerId, ...columns, notes: notes.size > 0 ? notes : undefined };
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

function sumOf<T>(items: readonly T[], count: (item: T) => number): number {
  return items.reduce((sum, item) => sum + count(item), 0);
}
