import { drawDurationMs, type DurationDistribution } from '../core/duration-distribution.ts';
import { KeyedRandom } from '../core/keyed-random.ts';

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

  constructor(settings: CancelSettings, seed: number) {
    this.#settings = settings;
    this.#random = new KeyedRandom(seed, PURPOSE);
  }

  /** How long after it was issued sample `seq` is cancelled, ms; undefined for one that is not. */
  delayMsOf(seq: number): number | undefined {
    this.#random.start(seq);
    if (this.#random.uniform() >= this.#settings.share) return undefined;
    return Math.min(drawDurationMs(this.#settings.after, this.#random), MAX_TIMER_MS);
  }
}
