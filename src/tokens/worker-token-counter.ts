import { TokenThread } from './token-thread.ts';
import type { TokenCounter } from './token-counter.ts';

export interface WorkerTokenCounterOptions {
  /** A `tokenizer.json`, or the folder that holds one. */
  readonly tokenizerPath: string;
  /** Threads to spread a batch over; default 1. Each holds the vocabulary once: tens of MB. */
  readonly threadCount?: number;
}

/**
 * Counts texts on threads of its own, so that a slow text holds up no event.
 *
 * Parts of answers and prompts are counted as plain text: no chat template is applied.
 */
export class WorkerTokenCounter implements TokenCounter {
  readonly #threads: readonly TokenThread[];

  private constructor(threads: readonly TokenThread[]) {
    this.#threads = threads;
  }

  /** Starts the threads; rejects with an input error when the tokenizer can't be loaded, and leaves none behind. */
  static async start({
    tokenizerPath,
    threadCount = 1,
  }: WorkerTokenCounterOptions): Promise<WorkerTokenCounter> {
    const starts = await Promise.allSettled(
      Array.from({ length: threadCount }, () => TokenThread.start(tokenizerPath)),
    );
    const failed = starts.find((start) => start.status === 'rejected');
    const threads = starts.filter((start) => start.status === 'fulfilled').map(({ value }) => value);
    if (failed === undefined) return new WorkerTokenCounter(threads);
    await Promise.all(threads.map((thread) => thread.close()));
    throw failed.reason;
  }

  async countTexts(texts: readonly string[]): Promise<readonly number[]> {
    const share = Math.ceil(texts.length / this.#threads.length);
    const counts = await Promise.all(
      this.#threads.map((thread, i) => thread.count(texts.slice(i * share, (i + 1) * share))),
    );
    return counts.flatMap((part) => [...part]);
  }

  async close(): Promise<void> {
    await Promise.all(this.#threads.map((thread) => thread.close()));
  }
}
