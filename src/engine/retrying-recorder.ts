import type { FinalOutput } from '../protocol/adapter.ts';
import { CANCELLED, type Failure } from './failure.ts';
import type { Retries } from './retries.ts';
import { SampleRecorder } from './sample-recorder.ts';

/** Writes down samples that may take several attempts: issued with the first, ended with the last, and what came between as attempts. */
export class RetryingRecorder extends SampleRecorder {
  readonly #retries: Retries;

  constructor(retries: Retries, ...more: ConstructorParameters<typeof SampleRecorder>) {
    super(...more);
    this.#retries = retries;
  }

  override issued(seq: number, atNs: number, dueNs: number, row: number): void {
    const attempt = this.#retries.issued(seq, atNs, dueNs, row);
    if (attempt === 1) super.issued(seq, atNs, dueNs, row);
    else this.retried(seq, atNs, attempt);
  }

  override chunk(seq: number, atNs: number, isFirst: boolean, choice: number, opened: number): void {
    if (isFirst) this.#retries.onFirstChunk(seq);
    super.chunk(seq, atNs, isFirst, choice, opened);
  }

  override completed(seq: number, atNs: number, final: FinalOutput, flags: number): void {
    this.#retries.over(seq);
    super.completed(seq, atNs, final, flags);
  }

  override failed(seq: number, atNs: number, failure: Failure): void {
    const next = this.#retries.has(seq) ? this.#retries.failed(seq, failure) : undefined;
    if (next !== undefined) {
      this.attemptFailed(seq, atNs, next.attempt, next.waitMs, failure);
      return;
    }
    this.#retries.over(seq);
    super.failed(seq, atNs, failure);
  }

  /** One that was issued before, and waited for a connection for its next attempt, has been sent. */
  override notSent(seq: number, atNs: number, dueNs: number, row: number): void {
    if (!this.#retries.has(seq)) {
      super.notSent(seq, atNs, dueNs, row);
      return;
    }
    this.#retries.over(seq);
    super.failed(seq, atNs, CANCELLED);
  }
}
