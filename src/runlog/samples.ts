import { CANCELLED_ERROR_TYPE, EVENT_TOPICS, EventKind, isErrorKind } from '../core/event-types.ts';
import { NO_SAMPLE } from '../core/ids.ts';
import { decodeBatch } from '../events/columnar-codec.ts';
import { finishReasonOf } from '../events/batch-builder.ts';
import { COMPLETE_EXTRA, type EventBatch, extraOf, ISSUED_EXTRA, payloadOf } from '../events/event-batch.ts';
import { decodePayload } from '../events/payload.ts';
import { LatenessCursor } from '../events/lateness-cursor.ts';
import { decodeWindows, type LatenessWindows } from '../events/lateness-windows.ts';
import type { SampleColumns } from '../events/sample-columns.ts';
import { type Frame, FrameKind } from '../transport/frame.ts';
import { GrowingColumn } from './growing-column.ts';
import type { LogReader } from './read.ts';

/** Positions in `SAMPLE_OUTCOMES`. */
const Outcome = { inFlight: 0, succeeded: 1, errored: 2, cancelled: 3 } as const;

/**
 * Reads every sample out of a run log, up to the run's end: one pass, about 100 bytes a sample. What is damaged is left out as `reader` does,
 * which counts it. `onOtherFrame` is given what is no batch of events.
 */
export async function readSamples(
  reader: LogReader,
  onOtherFrame?: (frame: Frame) => void,
): Promise<SampleColumns> {
  const collector = new SampleCollector();
  for await (const frame of reader.frames()) {
    if (frame.kind === FrameKind.events) {
      const batch = decodeBatch(frame.body);
      collector.take(batch);
      if (batch.kinds.includes(EventKind.sessionEnded)) break;
    } else {
      if (frame.kind === FrameKind.windows) collector.addWindows(decodeWindows(frame.body));
      onOtherFrame?.(frame);
    }
  }
  return collector.finish();
}

class SampleCollector {
  readonly #seqs = new GrowingColumn(Float64Array);
  readonly #rows = new GrowingColumn(Float64Array);
  readonly #dueNs = new GrowingColumn(Float64Array);
  readonly #issuedNs = new GrowingColumn(Float64Array);
  readonly #firstChunkNs = new GrowingColumn(Float64Array);
  readonly #lastChunkNs = new GrowingColumn(Float64Array);
  readonly #completedNs = new GrowingColumn(Float64Array);
  readonly #firstChunkLateNs = new GrowingColumn(Float64Array);
  readonly #completedLateNs = new GrowingColumn(Float64Array);
  readonly #chunks = new GrowingColumn(Float64Array);
  readonly #outcomes = new GrowingColumn(Uint8Array);
  readonly #measured = new GrowingColumn(Uint8Array);
  readonly #inputTokens = new GrowingColumn(Float64Array);
  readonly #outputTokens = new GrowingColumn(Float64Array);
  readonly #workers = new GrowingColumn(Float64Array);
  readonly #finishReasons = new Map<number, string>();
  readonly #errorTypes = new Map<number, string>();
  /** Position of a sample's columns by its number; only of those in flight, so it stays small. */
  readonly #positions = new Map<number, number>();
  readonly #cursors = new Map<number, LatenessCursor>();
  #cursor: LatenessCursor | undefined;
  #count = 0;
  #isMeasuring = false;
  readonly #measuringSinceNs: number[] = [];

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

  finish(): SampleColumns {
    const count = this.#count;
    return {
      count,
      seqs: this.#seqs.upTo(count),
      rows: this.#rows.upTo(count),
      dueNs: this.#dueNs.upTo(count),
      issuedNs: this.#issuedNs.upTo(count),
      firstChunkNs: this.#firstChunkNs.upTo(count),
      lastChunkNs: this.#lastChunkNs.upTo(count),
      completedNs: this.#completedNs.upTo(count),
      firstChunkLateNs: this.#lateness(this.#firstChunkLateNs),
      completedLateNs: this.#lateness(this.#completedLateNs),
      chunks: this.#chunks.upTo(count),
      outcomes: this.#outcomes.upTo(count),
      measured: this.#measured.upTo(count),
      measuringSinceNs: this.#measuringSinceNs,
      inputTokens: this.#inputTokens.upTo(count),
      outputTokens: this.#outputTokens.upTo(count),
      workers: this.#workers.upTo(count),
      finishReasons: this.#finishReasons,
      errorTypes: this.#errorTypes,
    };
  }

  #lateness(column: GrowingColumn<Float64Array>): Float64Array {
    const lateNs = column.upTo(this.#count);
    return this.#cursors.size === 0 ? lateNs.fill(NaN) : lateNs;
  }

  #takeRecord(batch: EventBatch, index: number): void {
    const kind = batch.kinds[index]! as EventKind;
    const seq = batch.sampleSeqs[index]!;
    const atNs = batch.timestampsNs[index]!;
    if (kind === EventKind.sessionStartTracking) {
      if (!this.#isMeasuring) this.#measuringSinceNs.push(atNs);
      this.#isMeasuring = true;
    } else if (kind === EventKind.sessionStopTracking) this.#isMeasuring = false;
    else if (seq === NO_SAMPLE) return;
    else if (kind === EventKind.sampleIssued) this.#issue(batch, index, seq, atNs);
    else {
      const at = this.#positions.get(seq);
      if (at !== undefined) this.#continue(batch, index, kind, at, atNs);
    }
  }

  #issue(batch: EventBatch, index: number, seq: number, issuedNs: number): void {
    const at = this.#count++;
    this.#positions.set(seq, at);
    this.#seqs.set(at, seq);
    this.#rows.set(at, extraOf(batch, index, ISSUED_EXTRA.row));
    this.#dueNs.set(at, extraOf(batch, index, ISSUED_EXTRA.dueNs));
    this.#issuedNs.set(at, issuedNs);
    this.#firstChunkNs.set(at, NaN);
    this.#lastChunkNs.set(at, NaN);
    this.#completedNs.set(at, NaN);
    this.#firstChunkLateNs.set(at, NaN);
    this.#completedLateNs.set(at, NaN);
    this.#chunks.set(at, 0);
    this.#outcomes.set(at, Outcome.inFlight);
    this.#measured.set(at, this.#isMeasuring ? 1 : 0);
    this.#inputTokens.set(at, NaN);
    this.#outputTokens.set(at, NaN);
    this.#workers.set(at, batch.workerId);
  }

  #continue(batch: EventBatch, index: number, kind: EventKind, at: number, atNs: number): void {
    if (kind === EventKind.sampleRecvFirst || kind === EventKind.sampleRecvNonFirst) {
      const lateNs = this.#cursor?.lateNs(atNs) ?? 0;
      if (kind === EventKind.sampleRecvFirst) {
        this.#firstChunkNs.set(at, atNs);
        this.#firstChunkLateNs.set(at, lateNs);
      }
      this.#lastChunkNs.set(at, atNs);
      this.#chunks.set(at, this.#chunks.get(at) + 1);
    } else if (kind === EventKind.sampleComplete) this.#complete(batch, index, at, atNs);
    else if (isErrorKind(kind)) this.#fail(batch, index, kind, at);
  }

  #complete(batch: EventBatch, index: number, at: number, atNs: number): void {
    this.#completedNs.set(at, atNs);
    this.#completedLateNs.set(at, this.#cursor?.lateNs(atNs) ?? 0);
    if (this.#outcomes.get(at) === Outcome.inFlight) this.#outcomes.set(at, Outcome.succeeded);
    this.#inputTokens.set(at, extraOf(batch, index, COMPLETE_EXTRA.promptTokens));
    this.#outputTokens.set(at, extraOf(batch, index, COMPLETE_EXTRA.completionTokens));
    const reason = finishReasonOf(batch, index);
    if (reason !== undefined) this.#finishReasons.set(at, reason);
    this.#positions.delete(batch.sampleSeqs[index]!);
  }

  /** An error precedes the completion; a sample that met another one before it was cancelled is errored. */
  #fail(batch: EventBatch, index: number, kind: EventKind, at: number): void {
    const type = errorTypeOf(batch, index) ?? EVENT_TOPICS[kind];
    const isCancelled = type === CANCELLED_ERROR_TYPE;
    if (!isCancelled || this.#outcomes.get(at) !== Outcome.errored)
      this.#outcomes.set(at, isCancelled ? Outcome.cancelled : Outcome.errored);
    if (!this.#errorTypes.has(at)) this.#errorTypes.set(at, type);
  }
}

function errorTypeOf(batch: EventBatch, index: number): string | undefined {
  const bytes = payloadOf(batch, index);
  const payload = bytes === undefined ? undefined : decodePayload(bytes);
  return payload?.type === 'ErrorData' ? payload.data.errorType : undefined;
}
