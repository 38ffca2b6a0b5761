import type { EventKind } from '../core/event-types.ts';
import type { Nanoseconds } from '../core/time.ts';
import type { SampleSeq } from '../core/ids.ts';

/** What a record carries beyond the columns; rare, so kept beside them. */
export interface RecordNote {
  readonly conversationId?: string;
  readonly turn?: number;
  /** Text of a finish reason outside the known five (column code `FINISH_OTHER`). */
  readonly finishReason?: string;
  /** When it differs from the batch's. */
  readonly workerId?: number;
  /** The uuid of a sample of a foreign run, whose sequence number was assigned on reading. */
  readonly sampleUuid?: string;
}

/**
 * The events of one flush, a column a field. Row i of each column is record i; the columns have exactly `count` rows.
 *
 * `extras` holds the numbers that only some kinds have; record i owns `extras[extraEnds[i-1] .. extraEnds[i])`:
 *
 * | kind | extras |
 * |---|---|
 * | sample.issued | due time (ns since origin), dataset row; of a turn of a conversation also its number, the position of the turn in its thread (from 0), turns in all (NaN where a group follows without them); in a run with groups also the sample's: see `core/sample-groups.ts` |
 * | sample.recv_first, sample.recv_non_first | −k when the chunk is of choice k > 0, then the code (position in `CHANNELS`) of each channel it opens |
 * | sample.complete | see {@link COMPLETE_EXTRA}: NaN = unknown, and what is missing at the end is too |
 * | sample.not_sent | as sample.issued |
 * | sample.attempt_failed | number of the attempt, from 1, and how long the next one waits, ns |
 * | sample.retried | number of the attempt that begins |
 *
 * Records of a foreign run have none. `payload` holds the `data` of the records as MessagePack, in the reference's own
 * tagged arrays (`["TextModelOutput", …]`, `["PromptData", …]`, `["ErrorData", …]`); an empty slice stands for null.
 * An issued record of ours has an empty slice: its prompt is the dataset row's, written once to the run log.
 */
export interface EventBatch {
  readonly count: number;
  /** Engine worker that recorded the batch; -1 = none (the session itself). */
  readonly workerId: number;
  readonly kinds: Uint8Array;
  readonly finishReasons: Uint8Array;
  readonly sampleSeqs: Uint32Array;
  readonly payloadEnds: Uint32Array;
  readonly extraEnds: Uint32Array;
  readonly timestampsNs: Float64Array;
  readonly extras: Float64Array;
  readonly payload: Uint8Array;
  readonly notes: ReadonlyMap<number, RecordNote> | undefined;
}

/** Positions among the extras of an issued and of a complete record. */
export const ISSUED_EXTRA = {
  dueNs: 0,
  row: 1,
  conversation: 2,
  position: 3,
  turnCount: 4,
  group: 5,
} as const;
/**
 * Token counts as the server reported them, then the tokens in the first chunk and {@link AnswerFlag} bits; of a response without text, its items, the
 * dimensions of its vectors and its bytes; and the length of the audio that it holds or was made from, in ns.
 */
export const COMPLETE_EXTRA = {
  promptTokens: 0,
  completionTokens: 1,
  cachedTokens: 2,
  reasoningTokens: 3,
  acceptedPredictionTokens: 4,
  firstChunkTokens: 5,
  flags: 6,
  items: 7,
  dimensions: 8,
  bytes: 9,
  audioNs: 10,
} as const;

/** Of an attempt that failed. */
export const ATTEMPT_EXTRA = { attempt: 0, waitNs: 1 } as const;

/** What is notable about a response that succeeded: bits of its `flags`. */
export const AnswerFlag = {
  /** It holds neither text nor reasoning, refusal or tool call. */
  empty: 1,
  /** A stream was asked for, and a whole body came. */
  unstreamed: 2,
  noFinishReason: 4,
} as const;

/** The `data` of record `index` as MessagePack, or `undefined` for null. A view, valid as long as the batch. */
export function payloadOf(batch: EventBatch, index: number): Uint8Array | undefined {
  const start = index === 0 ? 0 : batch.payloadEnds[index - 1]!;
  const end = batch.payloadEnds[index]!;
  return start === end ? undefined : batch.payload.subarray(start, end);
}

/** Extra number `position` of record `index`, or NaN when the record has none there. */
export function extraOf(batch: EventBatch, index: number, position: number): number {
  const start = index === 0 ? 0 : batch.extraEnds[index - 1]!;
  const at = start + position;
  return at < batch.extraEnds[index]! ? batch.extras[at]! : NaN;
}

/** Which choice the chunk of record `index` is of: its first extra when that is negative, else 0. @hot */
export function choiceOf({ extras, extraEnds }: EventBatch, index: number): number {
  const at = index === 0 ? 0 : extraEnds[index - 1]!;
  return at < extraEnds[index]! && extras[at]! < 0 ? -extras[at]! : 0;
}

/** One record, for building a batch outside the hot path. */
export interface EventRecord {
  readonly kind: EventKind;
  readonly timestampNs: Nanoseconds;
  readonly sampleSeq?: SampleSeq;
  readonly finishReason?: string;
  readonly payload?: Uint8Array;
  readonly extras?: readonly number[];
  readonly note?: RecordNote;
}
