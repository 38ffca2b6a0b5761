import { countedText } from '../../core/quantity-text.ts';
import { NS_PER_MS } from '../../core/time.ts';
import type { SampleCounts } from '../../engine/worker-pool.ts';
import { setText } from '../../rules/limit.ts';

/** Watches a load from its counts, a few times a second, and tells once when requests are in flight and no byte has come back for too long. */
export class IdleWatch {
  readonly #timeoutMs: number;
  readonly #onIdle: (reason: string) => void;
  #isOver = false;
  #completed = 0;
  #lastReadMs = 0;
  /** When something came, or nothing was in flight; NaN before the first look. */
  #quietSinceMs = NaN;

  constructor(timeoutMs: number, onIdle: (reason: string) => void) {
    this.#timeoutMs = timeoutMs;
    this.#onIdle = onIdle;
  }

  /** @param nowMs any monotonic clock. */
  look({ completed, inFlight, lastReadMs }: SampleCounts, nowMs: number): void {
    if (this.#isOver) return;
    const hasMoved = completed !== this.#completed || lastReadMs !== this.#lastReadMs;
    this.#completed = completed;
    this.#lastReadMs = lastReadMs;
    if (hasMoved || inFlight === 0 || Number.isNaN(this.#quietSinceMs)) {
      this.#quietSinceMs = nowMs;
      return;
    }
    if (nowMs - this.#quietSinceMs < this.#timeoutMs) return;
    this.#isOver = true;
    const requests = countedText(inFlight, 'request');
    this.#onIdle(`no response for ${setText(this.#timeoutMs * NS_PER_MS, 'ns')} with ${requests} in flight`);
  }
}
