import { EventKind, isCancellation } from '../core/event-types.ts';
import { NO_SAMPLE } from '../core/ids.ts';
import type { ErrorData } from '../core/model-output.ts';
import { NS_PER_MS } from '../core/time.ts';
import { writeErrorData, writeTextModelOutput, writeTextOutput } from '../events/payload.ts';
import { AnswerFlag, COMPLETE_EXTRA } from '../events/event-batch.ts';
import { allCompletionTokens, type FinalOutput } from '../protocol/adapter.ts';
import type { BatchWriter } from './batch-writer.ts';
import type { SampleGroupOf } from './sample-group.ts';
import { COUNTERS } from './worker-messages.ts';

/** Where a sample belongs in its conversation. */
export interface TurnPlace {
  /** Number of the conversation in the run. */
  readonly conversation: number;
  /** Position of the turn in its thread, from 0. */
  readonly position: number;
  /** Turns of the conversation in all. */
  readonly turnCount: number;
  /** How many times the conversation was sent before. */
  readonly repeats: number;
  /** Where the dataset names its conversations: that name, and the number of the turn. */
  readonly name?: TurnName | undefined;
}

/** A turn by the name of its conversation. */
export interface TurnName {
  /** The id in the dataset; from the second time on with `__repeat_2` and so on behind it. */
  readonly conversationId: string;
  /** As the dataset counts, or 1, 3, 5 …: responses have the numbers between. */
  readonly turn: number;
}

const NO_TURN: TurnPlace = { conversation: NaN, position: NaN, turnCount: NaN, repeats: 0 };

export interface TurnPlaces {
  /** Of a sample that is due or in flight. */
  placeOf(seq: number): TurnPlace;
}

/**
 * Writes down what happens to samples, and counts them in memory that main can see. Times are ns since the run's origin.
 * A sample is issued once, then has chunks, then completes or fails, once; or it is not sent at all.
 */
export class SampleRecorder {
  /** Where the samples belong to conversations: told by their issued records. */
  turns: TurnPlaces | undefined;
  /** The group of a sample, in a run that has several: told by the issued records. See `core/sample-groups.ts`. */
  readonly #groupOf: SampleGroupOf | undefined;
  readonly #writer: BatchWriter;
  readonly #counters: Int32Array;
  #onFirstFailure: ((failure: ErrorData) => void) | undefined;

  /** `counters`: see {@link COUNTERS}. `onFirstFailure` is called once at most, and not for a sample that was cancelled. */
  constructor(
    writer: BatchWriter,
    counters: Int32Array,
    onFirstFailure?: (failure: ErrorData) => void,
    groupOf?: SampleGroupOf,
  ) {
    this.#groupOf = groupOf;
    this.#writer = writer;
    this.#counters = counters;
    this.#onFirstFailure = onFirstFailure;
  }

  /** @hot */
  issued(seq: number, atNs: number, dueNs: number, row: number): void {
    this.#counters[COUNTERS.issued]! += 1;
    this.#writer.open(EventKind.sampleIssued, seq, atNs);
    this.#addPlace(seq, dueNs, row);
    this.#writer.close();
  }

  /**
   * `opened`: the channels that the chunk opens, as bits by their position in `CHANNELS`.
   * @hot
   */
  chunk(seq: number, atNs: number, isFirst: boolean, choice: number, opened: number): void {
    const writer = this.#writer;
    writer.open(isFirst ? EventKind.sampleRecvFirst : EventKind.sampleRecvNonFirst, seq, atNs);
    if (choice !== 0) writer.extra(-choice);
    for (let channel = 0, left = opened; left !== 0; channel++, left >>= 1) {
      if ((left & 1) !== 0) writer.extra(channel);
    }
    writer.close();
  }

  /** `flags`: those of {@link AnswerFlag} that the response itself does not tell. */
  completed(seq: number, atNs: number, final: FinalOutput, flags: number): void {
    const writer = this.#writer;
    writer.open(EventKind.sampleComplete, seq, atNs);
    const { text } = final;
    if (text === undefined) writeTextModelOutput(writer.payload, final.output);
    else writeTextOutput(writer.payload, text.buffer, text.start, text.end);
    this.#addFacts(final, flags);
    if (final.finishReason !== null) writer.finishReason(final.finishReason);
    writer.close();
    this.#counters[COUNTERS.ended]! += 1;
    this.#counters[COUNTERS.succeeded]! += 1;
  }

  /** The extras of {@link COMPLETE_EXTRA}, as far as there is something to tell. */
  #addFacts(final: FinalOutput, given: number): void {
    const { tokens, firstChunkTokens, isEmpty, finishReason } = final;
    const { items = NaN, dimensions = NaN, bytes = NaN, audioNs = NaN } = final;
    const writer = this.#writer;
    const noReason = finishReason === null && final.isReasonless !== true ? AnswerFlag.noFinishReason : 0;
    const flags = given | (isEmpty ? AnswerFlag.empty : 0) | noReason;
    const { cachedTokens, reasoningTokens, acceptedPredictionTokens } = tokens;
    writer.extra(tokens.promptTokens);
    writer.extra(allCompletionTokens(tokens));
    const last =
      (audioNs >= 0 && COMPLETE_EXTRA.audioNs) ||
      (bytes >= 0 && COMPLETE_EXTRA.bytes) ||
      (dimensions >= 0 && COMPLETE_EXTRA.dimensions) ||
      (items >= 0 && COMPLETE_EXTRA.items) ||
      (flags !== 0 && COMPLETE_EXTRA.flags) ||
      (firstChunkTokens > 0 && COMPLETE_EXTRA.firstChunkTokens) ||
      (acceptedPredictionTokens >= 0 && COMPLETE_EXTRA.acceptedPredictionTokens) ||
      (reasoningTokens >= 0 && COMPLETE_EXTRA.reasoningTokens) ||
      (cachedTokens >= 0 && COMPLETE_EXTRA.cachedTokens) ||
      COMPLETE_EXTRA.completionTokens;
    if (last >= COMPLETE_EXTRA.cachedTokens) writer.extra(cachedTokens);
    if (last >= COMPLETE_EXTRA.reasoningTokens) writer.extra(reasoningTokens);
    if (last >= COMPLETE_EXTRA.acceptedPredictionTokens) writer.extra(acceptedPredictionTokens);
    if (last >= COMPLETE_EXTRA.firstChunkTokens) writer.extra(firstChunkTokens);
    if (last >= COMPLETE_EXTRA.flags) writer.extra(flags);
    if (last >= COMPLETE_EXTRA.items) writer.extra(items);
    if (last >= COMPLETE_EXTRA.dimensions) writer.extra(dimensions);
    if (last >= COMPLETE_EXTRA.bytes) writer.extra(bytes);
    if (last >= COMPLETE_EXTRA.audioNs) writer.extra(audioNs);
  }

  /** A sample that the run gave up before a byte of its request was written. */
  notSent(seq: number, atNs: number, dueNs: number, row: number): void {
    this.#counters[COUNTERS.notSent]! += 1;
    this.#writer.open(EventKind.sampleNotSent, seq, atNs);
    this.#addPlace(seq, dueNs, row);
    this.#writer.close();
  }

  /** What is issued from now on isn't measured. */
  stopsMeasuring(atNs: number): void {
    this.#writer.open(EventKind.sessionStopTracking, NO_SAMPLE, atNs);
    this.#writer.close();
  }

  /** @hot */
  #addPlace(seq: number, dueNs: number, row: number): void {
    const writer = this.#writer;
    writer.extra(dueNs);
    writer.extra(row);
    if (this.turns === undefined && this.#groupOf === undefined) return;
    const { conversation, position, turnCount, name }: TurnPlace = this.turns?.placeOf(seq) ?? NO_TURN;
    writer.extra(conversation);
    writer.extra(position);
    writer.extra(turnCount);
    if (this.#groupOf !== undefined) writer.extra(this.#groupOf(seq, row));
    if (name !== undefined) writer.note(name);
  }

  /** An attempt has failed, and its sample is sent again after a wait. */
  attemptFailed(seq: number, atNs: number, attempt: number, waitMs: number, failure: ErrorData): void {
    const writer = this.#writer;
    writer.open(EventKind.sampleAttemptFailed, seq, atNs);
    writeErrorData(writer.payload, failure);
    writer.extra(attempt);
    writer.extra(Math.round(waitMs * NS_PER_MS));
    writer.close();
  }

  /** A sample goes out again. */
  retried(seq: number, atNs: number, attempt: number): void {
    const writer = this.#writer;
    writer.open(EventKind.sampleRetried, seq, atNs);
    writer.extra(attempt);
    writer.close();
  }

  /** ERROR, then COMPLETE without data. */
  failed(seq: number, atNs: number, failure: ErrorData): void {
    const writer = this.#writer;
    writer.open(EventKind.errorGeneric, seq, atNs);
    writeErrorData(writer.payload, failure);
    writer.close();
    writer.open(EventKind.sampleComplete, seq, atNs);
    writer.extra(NaN);
    writer.extra(NaN);
    writer.close();
    this.#counters[COUNTERS.ended]! += 1;
    if (isCancellation(failure.errorType)) return;
    this.#counters[COUNTERS.errored]! += 1;
    if (this.#onFirstFailure === undefined) return;
    this.#onFirstFailure(failure);
    this.#onFirstFailure = undefined;
  }
}
