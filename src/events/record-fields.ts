import { EVENT_TOPICS, EventKind, type EventTopic } from '../core/event-types.ts';
import { NO_SAMPLE, type RunId, sampleUuid } from '../core/ids.ts';
import { InferometerError } from '../core/errors.ts';
import type { Nanoseconds } from '../core/time.ts';
import type { SampleSeq } from '../core/ids.ts';
import { finishReasonOf } from './batch-builder.ts';
import type { OpenTurns } from './open-turns.ts';
import {
  type EventBatch,
  type EventRecord,
  ISSUED_EXTRA,
  payloadOf,
  type RecordNote,
} from './event-batch.ts';

/** What the reference's form of a record needs to know of the run. */
export interface RunContext {
  /** Names the samples; may be missing when every sample has a foreign uuid. */
  readonly runId?: RunId;
  /** CLOCK_MONOTONIC at the run's origin. */
  readonly originNs: bigint;
  /** The `PromptData` of a dataset row as MessagePack, for issued records, which only name the row. */
  readonly promptOf?: (row: number) => Uint8Array | undefined;
  /** Told of every record in turn; without it no record of ours names its conversation. */
  readonly turns?: OpenTurns;
}

/** A record as the reference has it: its field names and meanings. Absent fields are `undefined`. */
export interface RecordFields {
  readonly topic: EventTopic;
  readonly timestampNs: bigint;
  readonly sampleUuid: string;
  readonly conversationId: string;
  readonly turn: number | undefined;
  /** MessagePack of the tagged array. */
  readonly data: Uint8Array | undefined;
  readonly finishReason: string | undefined;
  readonly workerId: number | undefined;
}

/** Record `index` of a batch, by itself: the batch's worker and the text of its finish reason come along. */
export function recordAt(batch: EventBatch, index: number): EventRecord {
  const note: RecordNote | undefined = batch.notes?.get(index);
  const finishReason = finishReasonOf(batch, index);
  const payload = payloadOf(batch, index);
  const extrasFrom = index === 0 ? 0 : batch.extraEnds[index - 1]!;
  const extras = batch.extras.subarray(extrasFrom, batch.extraEnds[index]);
  const workerId = note?.workerId ?? (batch.workerId >= 0 ? batch.workerId : undefined);
  const ownNote = workerId === undefined ? note : { ...note, workerId };
  return {
    kind: batch.kinds[index] as EventKind,
    timestampNs: batch.timestampsNs[index] as Nanoseconds,
    sampleSeq: batch.sampleSeqs[index] as SampleSeq,
    ...(finishReason !== undefined && { finishReason }),
    ...(payload !== undefined && { payload }),
    ...(extras.length > 0 && { extras: [...extras] }),
    ...(ownNote !== undefined && { note: ownNote }),
  };
}

/** The reference's form of a record of ours. */
export function recordFields(record: EventRecord, run: RunContext): RecordFields {
  const { note } = record;
  const turn = run.turns?.of(
    record.kind,
    record.sampleSeq ?? NO_SAMPLE,
    (position) => record.extras?.[position] ?? NaN,
    note,
  );
  return {
    topic: EVENT_TOPICS[record.kind],
    timestampNs: run.originNs + BigInt(record.timestampNs),
    sampleUuid: note?.sampleUuid ?? uuidOf(record.sampleSeq ?? NO_SAMPLE, run.runId),
    conversationId: note?.conversationId ?? turn?.conversationId ?? '',
    turn: note?.turn ?? turn?.turn,
    data: record.payload ?? promptOf(record, run),
    finishReason: record.finishReason,
    workerId: note?.workerId,
  };
}

/** The extras of a record as the wire has them: a due time is absolute, as the timestamp is; null = unknown. */
export function wireExtras(
  { kind, extras = [] }: EventRecord,
  originNs: bigint,
): readonly (number | bigint | null)[] {
  return extras.map((value, i) => {
    if (Number.isNaN(value)) return null;
    return kind === EventKind.sampleIssued && i === ISSUED_EXTRA.dueNs ? originNs + BigInt(value) : value;
  });
}

function uuidOf(seq: SampleSeq, runId: RunId | undefined): string {
  if (seq === NO_SAMPLE) return '';
  if (runId !== undefined) return sampleUuid(runId, seq);
  throw new InferometerError(
    'INFEROMETER_EVENTS_RUN_ID',
    'internal',
    `sample ${seq} has no uuid: neither a run id nor a foreign uuid is known`,
  );
}

function promptOf(record: EventRecord, run: RunContext): Uint8Array | undefined {
  const row = record.extras?.[1];
  if (record.kind !== EventKind.sampleIssued || row === undefined) return undefined;
  return run.promptOf?.(row);
}
