import { BEAT_INTERVAL_MS, COUNTERS } from './worker-messages.ts';

/** A worker without a beat for so long is stuck. */
export const STUCK_MS = 2000;
const LOOK_INTERVAL_MS = 500;

/** Told once when a worker is found stuck, and once when it moves again; `stuckMs`: for how long so far. */
export type StuckListener = (workerIndex: number, stuckMs: number, isOver: boolean) => void;

/**
 * Watches the beats of workers in shared memory: a worker whose event loop stands still can tell nothing itself. Time in which the
 * watch itself was held up, with the whole process, does not count.
 */
export class BeatWatch {
  readonly #counters: readonly Int32Array[];
  readonly #onStuck: StuckListener;
  readonly #nowMs: () => number;
  readonly #beats: number[];
  readonly #silentMs: number[];
  readonly #timer: NodeJS.Timeout | undefined;
  #lookedAtMs: number;

  /** `nowMs`: for tests, which then call {@link look}. */
  constructor(counters: readonly Int32Array[], onStuck: StuckListener, nowMs?: () => number) {
    this.#counters = counters;
    this.#onStuck = onStuck;
    this.#nowMs = nowMs ?? (() => performance.now());
    this.#lookedAtMs = this.#nowMs();
    this.#beats = counters.map((shared) => Atomics.load(shared, COUNTERS.beat));
    this.#silentMs = counters.map(() => 0);
    this.#timer = nowMs === undefined ? setInterval(() => this.look(), LOOK_INTERVAL_MS).unref() : undefined;
  }

  look(): void {
    const nowMs = this.#nowMs();
    const elapsedMs = Math.min(nowMs - this.#lookedAtMs, LOOK_INTERVAL_MS + BEAT_INTERVAL_MS);
    this.#lookedAtMs = nowMs;
    for (const [index, shared] of this.#counters.entries()) this.#lookAt(index, shared, elapsedMs);
  }

  close(): void {
    clearInterval(this.#timer);
  }

  #lookAt(index: number, shared: Int32Array, elapsedMs: number): void {
    const beat = Atomics.load(shared, COUNTERS.beat);
    const beforeMs = this.#silentMs[index]!;
    if (beat !== this.#beats[index]) {
      this.#beats[index] = beat;
      this.#silentMs[index] = 0;
      if (beforeMs >= STUCK_MS) this.#onStuck(index, beforeMs, true);
      return;
    }
    this.#silentMs[index] = beforeMs + elapsedMs;
    if (beforeMs < STUCK_MS && beforeMs + elapsedMs >= STUCK_MS)
      this.#onStuck(index, beforeMs + elapsedMs, false);
  }
}
