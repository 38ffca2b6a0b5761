import { tmpdir } from 'node:os';
import {
  CANCELLED_BY_PLAN_ERROR_TYPE,
  CHANNELS,
  EVENT_TOPICS,
  EventKind,
  isCancellation,
  isErrorKind,
} from '../core/event-types.ts';
import { NO_SAMPLE } from '../core/ids.ts';
import { MAX_GROUPS } from '../core/sample-groups.ts';
import { ChoiceTimes } from '../events/choice-times.ts';
import { finishReasonOf } from '../events/batch-builder.ts';
import {
  choiceOf,
  COMPLETE_EXTRA,
  type EventBatch,
  extraOf,
  ISSUED_EXTRA,
  payloadOf,
} from '../events/event-batch.ts';
import { decodePayload } from '../events/payload.ts';
import { LatenessCursor } from '../events/lateness-cursor.ts';
import { decodeWindows, type LatenessWindows } from '../events/lateness-windows.ts';
import type { SampleColumns, StoredSamples } from '../events/sample-columns.ts';
import { tokensBehindFirstChunk } from '../events/streamed-tokens.ts';
import { type Frame, FrameKind } from '../transport/frame.ts';
import { EventFrames } from './event-frames.ts';
import type { FrameSource } from './frame-source.ts';
import { SampleStore } from './sample-store.ts';

const REASONING = CHANNELS.indexOf('reasoning');
/** Positions in `SAMPLE_OUTCOMES`. */
const Outcome = { inFlight: 0, succeeded: 1, errored: 2, cancelled: 3, cancelledByPlan: 4 } as const;

export interface ReadSamplesOptions {
  /** For a file without a name that takes what memory does not, from two million samples on: 150 bytes a sample. Default: the system's. */
  readonly spillDirectory?: string;
  /** Chunks of samples kept in memory before the file takes them; default: two million samples. */
  readonly residentChunks?: number;
  /** Given each batch of events with its frame, before its samples are read. */
  readonly onBatch?: (batch: EventBatch, frame: Frame) => void;
  /** Given what is no batch of events. */
  readonly onOtherFrame?: (frame: Frame) => void;
  /** Hears of the samples found so far, frame by frame. */
  readonly onProgress?: (samples: number) => void;
}

/**
 * Reads every sample out of a run log, up to the run's end: one pass, in bounded memory (see `SampleStore`), but for the uuids of a foreign run and the ids of conversations. What is damaged is left out as
 * `reader` does, which counts it. Close what it returns.
 *
 * Throws `INFEROMETER_SPILL`, and what reading throws.
 */
export async function readSamples(
  reader: FrameSource,
  options: ReadSamplesOptions = {},
): Promise<StoredSamples> {
  const { spillDirectory = tmpdir(), residentChunks, onBatch, onOtherFrame, onProgress } = options;
  const collector = new SampleCollector(spillDirectory, residentChunks);
  try {
    // Notes tell the uuids of samples that are not ours, and the ids of conversations.
    const events = new EventFrames({ notes: 'all' });
    for await (const frame of reader.frames()) {
      const batch = events.batchOf(frame);
      if (batch !== undefined) {
        onBatch?.(batch, frame);
        collector.take(batch);
        onProgress?.(collector.count);
        if (batch.kinds.includes(EventKind.sessionEnded)) break;
      } else {
        if (frame.kind === FrameKind.windows) collector.addWindows(decodeWindows(frame.body));
        onOtherFrame?.(frame);
      }
    }
  } catch (error) {
    collector.close();
    throw error;
  }
  return collector;
}

/** Texts of a run are few: reasons and types of errors. Those beyond stand for one another. */
const MOST_TEXTS = 65_535;
const OTHER_TEXT = 'other';

class SampleCollector implements StoredSamples {
  readonly measuringSinceNs: number[] = [];
  readonly texts: (string | null)[] = [null];
  readonly #codes = new Map<string, number>();
  /** Position of a sample by its number; only of those in flight, so it stays small. */
  readonly #positions = new Map<number, number>();
  readonly #store: SampleStore;
  readonly #cursors = new Map<number, LatenessCursor>();
  /** By position; asked only for the sample that the store stands at. */
  readonly #choiceTimes = new ChoiceTimes({
    firstNs: () => this.#store.columns.firstChunkNs[this.#store.row]!,
    lastNs: () => this.#store.columns.lastChunkNs[this.#store.row]!,
  });
  /** By number, of a foreign run: some 100 bytes a sample, which stay in memory. */
  readonly #foreignUuids = new Map<number, string>();
  /** Some 100 bytes for each conversation that has one. */
  readonly conversationIds = new Map<number, string>();
  /** Positions of samples in flight whose reasoning was streamed. */
  readonly #reasoning = new Set<number>();
  #cursor: LatenessCursor | undefined;
  #isMeasuring = false;

  constructor(spillDirectory: string, residentChunks: number | undefined) {
    const inFlight = () => this.#positions.values();
    this.#store = new SampleStore({
      ...{ spillDirectory, inFlight },
      ...(residentChunks === undefined ? {} : { residentChunks }),
    });
  }

  get count(): number {
    return this.#store.count;
  }

  foreignUuid(seq: number): string | undefined {
    return this.#foreignUuids.get(seq);
  }

  *chunks(): Generator<SampleColumns> {
    for (const chunk of this.#store.chunks()) {
      if (this.#cursors.size === 0) {
        chunk.firstChunkLateNs.fill(NaN);
        chunk.completedLateNs.fill(NaN);
      }
      yield chunk;
    }
  }

  close(): void {
    this.#store.close();
  }

  /** Of the batches of their worker that follow. */
  addWindows({ workerId, windows }: LatenessWindows): void {
    const cursor = this.#cursors.get(workerId) ?? new LatenessCursor();
    this.#cursors.set(workerId, cursor);
    cursor.add(windows);
  }

  take(batch: EventBatch): void {
    this.#cursor = this.#cursors.get(batch.workerId);
    for (let i = 0; i < batch.count; i++) this.#takeRecord(batch, i);
  }

  #takeRecord(batch: EventBatch, index: number): void {
    const kind = batch.kinds[index]! as EventKind;
    const seq = batch.sampleSeqs[index]!;
    const atNs = batch.timestampsNs[index]!;
    if (kind === EventKind.sessionStartTracking) {
      if (!this.#isMeasuring) this.measuringSinceNs.push(atNs);
      this.#isMeasuring = true;
    } else if (kind === EventKind.sessionStopTracking) this.#isMeasuring = false;
    else if (seq === NO_SAMPLE) return;
    else if (kind === EventKind.sampleIssued) this.#issue(batch, index, seq, atNs);
    else {
      const position = this.#positions.get(seq);
      if (position === undefined) return;
      this.#store.seek(position);
      this.#continue(batch, index, kind, position, atNs);
    }
  }

  #issue(batch: EventBatch, index: number, seq: number, issuedNs: number): void {
    this.#positions.set(seq, this.#store.append());
    const { columns, row } = this.#store;
    columns.seqs[row] = seq;
    columns.rows[row] = extraOf(batch, index, ISSUED_EXTRA.row);
    columns.conversations[row] = extraOf(batch, index, ISSUED_EXTRA.conversation);
    columns.turns[row] = extraOf(batch, index, ISSUED_EXTRA.position) + 1;
    columns.groups[row] = groupCode(extraOf(batch, index, ISSUED_EXTRA.group));
    columns.dueNs[row] = extraOf(batch, index, ISSUED_EXTRA.dueNs);
    columns.issuedNs[row] = issuedNs;
    columns.firstChunkNs[row] = NaN;
    columns.lastChunkNs[row] = NaN;
    columns.completedNs[row] = NaN;
    columns.firstChunkLateNs[row] = NaN;
    columns.completedLateNs[row] = NaN;
    columns.streamingNs[row] = NaN;
    columns.streamedTokens[row] = NaN;
    columns.attempts[row] = 1;
    columns.measured[row] = this.#isMeasuring ? 1 : 0;
    columns.inputTokens[row] = NaN;
    columns.outputTokens[row] = NaN;
    columns.workers[row] = batch.workerId;
    const note = batch.notes?.get(index);
    if (note?.sampleUuid !== undefined) this.#foreignUuids.set(seq, note.sampleUuid);
    const conversation = columns.conversations[row];
    if (note?.conversationId !== undefined && !Number.isNaN(conversation))
      this.conversationIds.set(conversation, note.conversationId);
  }

  #continue(batch: EventBatch, index: number, kind: EventKind, position: number, atNs: number): void {
    const { columns, row } = this.#store;
    if (kind === EventKind.sampleRecvFirst || kind === EventKind.sampleRecvNonFirst) {
      const lateNs = this.#cursor?.lateNs(atNs) ?? 0;
      if (kind === EventKind.sampleRecvFirst) {
        columns.firstChunkNs[row] = atNs;
        columns.firstChunkLateNs[row] = lateNs;
      }
      this.#chunk(batch, index, position, atNs);
    } else if (kind === EventKind.sampleComplete) this.#complete(batch, index, position, atNs);
    else if (isErrorKind(kind)) this.#fail(batch, index, kind);
    else if (kind === EventKind.sampleAttemptFailed) this.#failAttempt(batch, index);
    else if (kind === EventKind.sampleRetried) columns.attempts[row]! += 1;
  }

  #chunk(batch: EventBatch, index: number, position: number, atNs: number): void {
    const choice = choiceOf(batch, index);
    if (choice > 0 || this.#choiceTimes.has(position)) this.#choiceTimes.onChunk(position, choice, atNs);
    const { columns, row } = this.#store;
    columns.lastChunkNs[row] = atNs;
    columns.chunks[row]! += 1;
    const { extras, extraEnds } = batch;
    for (let extra = index === 0 ? 0 : extraEnds[index - 1]!; extra < extraEnds[index]!; extra++) {
      if (extras[extra] === REASONING) this.#reasoning.add(position);
    }
  }

  #complete(batch: EventBatch, index: number, position: number, atNs: number): void {
    const { columns, row } = this.#store;
    columns.completedNs[row] = atNs;
    columns.completedLateNs[row] = this.#cursor?.lateNs(atNs) ?? 0;
    if (columns.outcomes[row] === Outcome.inFlight) columns.outcomes[row] = Outcome.succeeded;
    columns.inputTokens[row] = extraOf(batch, index, COMPLETE_EXTRA.promptTokens);
    columns.outputTokens[row] = extraOf(batch, index, COMPLETE_EXTRA.completionTokens);
    const hasSeveral = this.#choiceTimes.has(position);
    const choices = hasSeveral ? this.#choiceTimes.count(position) : Math.min(1, columns.chunks[row]!);
    const spanNs = columns.lastChunkNs[row]! - columns.firstChunkNs[row]!;
    columns.choices[row] = choices;
    columns.streamingNs[row] = hasSeveral ? this.#choiceTimes.streamingNs(position) : spanNs;
    const response = { choices, hasReasoning: this.#reasoning.delete(position) };
    columns.streamedTokens[row] = tokensBehindFirstChunk(batch, index, response);
    this.#choiceTimes.close(position);
    const reason = finishReasonOf(batch, index);
    if (reason !== undefined) columns.finishReasons[row] = this.#codeOf(reason);
    this.#positions.delete(batch.sampleSeqs[index]!);
  }

  /** An error precedes the completion; a sample that met another one before it was cancelled is errored. */
  #fail(batch: EventBatch, index: number, kind: EventKind): void {
    const { columns, row } = this.#store;
    const type = errorTypeOf(batch, index) ?? EVENT_TOPICS[kind];
    if (!isCancellation(type)) columns.outcomes[row] = Outcome.errored;
    else if (columns.outcomes[row] !== Outcome.errored)
      columns.outcomes[row] =
        type === CANCELLED_BY_PLAN_ERROR_TYPE ? Outcome.cancelledByPlan : Outcome.cancelled;
    if (columns.errorTypes[row] === 0) columns.errorTypes[row] = this.#codeOf(type);
  }

  #failAttempt(batch: EventBatch, index: number): void {
    const { columns, row } = this.#store;
    const before = this.texts[columns.retriedAfter[row]!];
    const type = errorTypeOf(batch, index) ?? '';
    columns.retriedAfter[row] = this.#codeOf(before === null ? type : `${before} ${type}`);
  }

  #codeOf(text: string): number {
    const known = this.#codes.get(text);
    if (known !== undefined) return known;
    if (this.texts.length >= MOST_TEXTS && text !== OTHER_TEXT) return this.#codeOf(OTHER_TEXT);
    this.texts.push(text);
    this.#codes.set(text, this.texts.length - 1);
    return this.texts.length - 1;
  }
}

/** NaN, of a sample without a group, becomes 0, and so does what no run of ours has. */
function groupCode(group: number): number {
  return Number.isInteger(group) && group >= 0 && group < MAX_GROUPS ? group + 1 : 0;
}

function errorTypeOf(batch: EventBatch, index: number): string | undefined {
  const bytes = payloadOf(batch, index);
  const payload = bytes === undefined ? undefined : decodePayload(bytes);
  return payload?.type === 'ErrorData' ? payload.data.errorType : undefined;
}
