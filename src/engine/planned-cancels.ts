import { drawDurationMs, type DurationDistribution } from '../core/duration-distribution.ts';
import { KeyedRandom } from '../core/keyed-random.ts';
import { NS_PER_MS, type RunClock } from '../core/time.ts';

/** Samples that are cancelled as a user does who stops waiting. Crosses threads by structured clone. */
export interface CancelSettings {
  /** Of all samples, above 0 and at most 1. */
  readonly share: number;
  /** How long after it was issued one is cancelled, unless it has ended by then. */
  readonly after: DurationDistribution;
}

/** Keeps these draws apart from others by the same seed. */
const PURPOSE = 1;
/** The longest a timer of Node can take; a sample that would be cancelled later times out before. */
const MAX_TIMER_MS = 2 ** 31 - 1;

/** Which samples are cancelled, and when: a function of the run's seed and the number of the sample, whichever worker sends it. */
export class PlannedCancels {
  readonly #settings: CancelSettings;
  readonly #random: KeyedRandom;
  /** What is left of a delay for a sample that is sent again. */
  readonly #leftMs: ((seq: number, delayMs: number) => number) | undefined;

  constructor(settings: CancelSettings, seed: number, leftMs?: (seq: number, delayMs: number) => number) {
    this.#leftMs = leftMs;
    this.#settings = settings;
    this.#random = new KeyedRandom(seed, PURPOSE);
  }

  /** How long after it was issued sample `seq` is cancelled, ms; undefined for one that is not. */
  delayMsOf(seq: number): number | undefined {
    this.#random.start(seq);
    if (this.#random.uniform() >= this.#settings.share) return undefined;
    const delayMs = Math.min(drawDurationMs(this.#settings.after, this.#random), MAX_TIMER_MS);
    return this.#leftMs === undefined ? delayMs : this.#leftMs(seq, delayMs);
  }
}

/** When the sample on one connection or stream is cancelled by plan. */
export class CancelTimer {
  readonly #clock: RunClock;
  readonly #onDue: (nowNs: number) => void;
  #timer: NodeJS.Timeout | undefined;

  /** `onDue` is called whether or not the sample has ended by then. */
  constructor(clock: RunClock, onDue: (nowNs: number) => void) {
    this.#clock = clock;
    this.#onDue = onDue;
  }

  /** For the next sample. Behind its response the timer stays until the one after it: most samples then need not look for one. */
  start(plan: PlannedCancels, seq: number, issuedNs: number): void {
    this.stop();
    const delayMs = plan.delayMsOf(seq);
    if (delayMs === undefined) return;
    const goneMs = (this.#clock.nowNs() - issuedNs) / NS_PER_MS;
    this.#timer = setTimeout(() => this.#onDue(this.#clock.nowNs()), Math.max(0, delayMs - goneMs));
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }
}
