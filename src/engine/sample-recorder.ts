import { EventKind } from '../core/event-types.ts';
import type { ErrorData } from '../core/model-output.ts';
import { writeErrorData, writeTextModelOutput, writeTextOutput } from '../events/payload.ts';
import type { FinalOutput } from '../protocol/adapter.ts';
import type { BatchWriter } from './batch-writer.ts';
import { COUNTERS } from './worker-messages.ts';

/** A chunk that opens no channel. */
export const NO_CHANNEL = -1;

/**
 * Writes down what happens to samples, and counts them in memory that main can see. Times are ns since the run's origin.
 * A sample is issued once, then has chunks, then completes or fails, once.
 */
export class SampleRecorder {
  readonly #writer: BatchWriter;
  readonly #counters: Int32Array;

  /** `counters`: see {@link COUNTERS}. */
  constructor(writer: BatchWriter, counters: Int32Array) {
    this.#writer = writer;
    this.#counters = counters;
  }

  /** @hot */
  issued(seq: number, atNs: number, dueNs: number, row: number): void {
    this.#counters[COUNTERS.issued]! += 1;
    this.#writer.open(EventKind.sampleIssued, seq, atNs);
    this.#writer.extra(dueNs);
    this.#writer.extra(row);
    this.#writer.close();
  }

  /**
   * `channel`: position in `CHANNELS` of the channel the chunk opens, else {@link NO_CHANNEL}.
   * @hot
   */
  chunk(seq: number, atNs: number, isFirst: boolean, channel: number): void {
    this.#writer.open(isFirst ? EventKind.sampleRecvFirst : EventKind.sampleRecvNonFirst, seq, atNs);
    if (channel !== NO_CHANNEL) this.#writer.extra(channel);
    this.#writer.close();
  }

  completed(seq: number, atNs: number, final: FinalOutput): void {
    const writer = this.#writer;
    writer.open(EventKind.sampleComplete, seq, atNs);
    const { text } = final;
    if (text === undefined) writeTextModelOutput(writer.payload, final.output);
    else writeTextOutput(writer.payload, text.buffer, text.start, text.end);
    writer.extra(final.promptTokens);
    writer.extra(final.completionTokens);
    if (final.finishReason !== null) writer.finishReason(final.finishReason);
    writer.close();
    this.#counters[COUNTERS.ended]! += 1;
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
  }
}
