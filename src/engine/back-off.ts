import type { RandomSource } from '../core/random.ts';

/** Attempts to connect that fail in a row before the next one is put off: a server that restarts refuses some. */
export const FAILURES_BEFORE_BACK_OFF = 16;
/** The first pause, ms; each further one is twice as long, up to the longest. */
export const FIRST_PAUSE_MS = 10;
export const LONGEST_PAUSE_MS = 500;
/** A pause is drawn from its length and this much less, so that threads and clients don't knock together. */
const JITTER = 0.5;

/**
 * Spaces out attempts to connect to a server that refuses them all. From so many failures in a row on, until one attempt succeeds, it
 * lets through one attempt at a time and then pauses, ever longer.
 */
export class BackOff {
  readonly #random: RandomSource;
  readonly #onPauseEnd: () => void;
  #failuresInARow = 0;
  #pauses = 0;
  #pausedMs = 0;
  #timer: NodeJS.Timeout | undefined;

  /** `onPauseEnd`: the next attempt may begin. */
  constructor(random: RandomSource, onPauseEnd: () => void) {
    this.#random = random;
    this.#onPauseEnd = onPauseEnd;
  }

  /** Attempts go one at a time, with pauses. */
  get isActive(): boolean {
    return this.#failuresInARow >= FAILURES_BEFORE_BACK_OFF;
  }

  /** No attempt may begin now. */
  get isPausing(): boolean {
    return this.#timer !== undefined;
  }

  /** Length of all pauses so far, ms. */
  get pausedMs(): number {
    return this.#pausedMs;
  }

  succeeded(): void {
    this.#failuresInARow = 0;
    this.#pauses = 0;
    this.close();
  }

  /** An attempt has failed. `isLast`: no other is under way. */
  failed(isLast: boolean): void {
    this.#failuresInARow += 1;
    if (!this.isActive || !isLast || this.isPausing) return;
    const longestMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** this.#pauses);
    const pauseMs = longestMs * (1 - JITTER * this.#random.uniform());
    this.#pauses += 1;
    this.#pausedMs += pauseMs;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#onPauseEnd();
    }, pauseMs);
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
