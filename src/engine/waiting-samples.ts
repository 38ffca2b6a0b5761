import type { ErrorData } from '../core/model-output.ts';
import { CANCELLED } from './failure.ts';
import { type Sample, SampleQueue } from './sample-queue.ts';
import type { SampleRecorder } from './sample-recorder.ts';

/** A request that went out, as far as it takes to send it again. */
export interface SentSample {
  readonly seq: number;
  /** Dataset row. */
  readonly row: number;
  /** When it was first sent, ns since the run's origin. */
  readonly issuedNs: number;
}

/** A sample has ended, in any way, and been recorded. `succeededNs`: when its response was complete; NaN when it has not succeeded. */
export type OnSampleEnd = (seq: number, nowNs: number, succeededNs: number) => void;

/**
 * Samples that want a connection: those that are due, first in, first out, and before them those that were issued and never seen by the
 * server. What becomes of the ones that get none is recorded here.
 */
export class WaitingSamples {
  readonly #recorder: SampleRecorder;
  readonly #onSampleEnd: OnSampleEnd;
  readonly #due = new SampleQueue();
  readonly #unseen: SentSample[] = [];

  constructor(recorder: SampleRecorder, onSampleEnd: OnSampleEnd) {
    this.#recorder = recorder;
    this.#onSampleEnd = onSampleEnd;
  }

  /** Samples that are due. */
  get due(): number {
    return this.#due.length;
  }

  /** All that want a connection. */
  get length(): number {
    return this.#due.length + this.#unseen.length;
  }

  /** @hot */
  push(seq: number, row: number, dueNs: number): void {
    this.#due.push(seq, row, dueNs);
  }

  shift(): Sample | undefined {
    return this.#due.shift();
  }

  /** Takes the first of those that are due for which this holds. Costs a look at all before it. */
  take(isWanted: (seq: number) => boolean): Sample | undefined {
    return this.#due.take(isWanted);
  }

  /** Makes the one taken last the oldest again, before another is pushed. */
  putBack(sample: Sample): void {
    this.#due.putBack(sample);
  }

  pushUnseen(sample: SentSample): void {
    this.#unseen.push(sample);
  }

  shiftUnseen(): SentSample | undefined {
    return this.#unseen.shift();
  }

  /** Gives up those that are due: they are not sent. */
  drop(nowNs: number): void {
    for (let count = this.#due.length; count > 0; count--) {
      const { seq, row, dueNs }: Sample = this.#due.shift()!;
      this.#recorder.notSent(seq, nowNs, dueNs, row);
      this.#onSampleEnd(seq, nowNs, NaN);
    }
  }

  /** The same, and those that were issued are cancelled. */
  cancel(nowNs: number): void {
    this.drop(nowNs);
    for (const { seq } of this.#unseen.splice(0)) this.#failUnseen(seq, CANCELLED, nowNs);
  }

  /** The first has failed: the connection it waited for could not be had. One that is due counts as issued when that attempt began. */
  failOne(failure: ErrorData, attemptNs: number, nowNs: number): void {
    const unseen = this.#unseen.shift();
    if (unseen !== undefined) this.#failUnseen(unseen.seq, failure, nowNs);
    else if (this.#due.length > 0) this.#failDue(failure, attemptNs, nowNs);
  }

  /** All have failed that wait now, and none that take their place at once. */
  failAll(failure: ErrorData, attemptNs: number, nowNs: number): void {
    for (let count = this.length; count > 0; count--) this.failOne(failure, attemptNs, nowNs);
  }

  #failUnseen(seq: number, failure: ErrorData, nowNs: number): void {
    this.#recorder.failed(seq, nowNs, failure);
    this.#onSampleEnd(seq, nowNs, NaN);
  }

  #failDue(failure: ErrorData, attemptNs: number, nowNs: number): void {
    const { seq, row, dueNs }: Sample = this.#due.shift()!;
    const issuedNs = issuedAt(dueNs, attemptNs);
    this.#recorder.issued(seq, issuedNs, Number.isNaN(dueNs) ? issuedNs : dueNs, row);
    this.#recorder.failed(seq, nowNs, failure);
    this.#onSampleEnd(seq, nowNs, NaN);
  }
}

/** When a sample is issued whose connecting is part of it: as that began, which may have been for one due before. */
export function issuedAt(dueNs: number, attemptNs: number): number {
  return dueNs > attemptNs ? dueNs : attemptNs;
}
