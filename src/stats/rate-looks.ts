import { type Batch, batchMeansInterval } from './batch-means.ts';
import { INTERVAL_CONFIDENCE } from './quantile-interval.ts';

/** A look divides what there is into so many batches: more than for a report, as looks need a higher confidence. */
export const LOOK_BATCHES = 20;
/** Each look is at so much more than the one before. */
const GROWTH = 1.25;

/** What a look saw. */
export interface RateLook {
  readonly rate: number;
  readonly low: number;
  readonly high: number;
  /** How long what it looked at was. */
  readonly seconds: number;
}

/**
 * Looks at a rate that may end a run: at 20 s of it, and then each time it has become a quarter longer. The k-th look takes an interval by batch means of confidence
 * 1 − α/(k(k+1)). These shares add up to α, so that all intervals hold at once with confidence 1 − α (a union bound: group-sequential looks with alpha spending, Lan and
 * DeMets, Biometrika 70, 1983), as far as an interval by batch means holds by itself.
 */
export class RateLooks {
  readonly #confidence: number;
  #looks = 0;
  #nextSeconds = LOOK_BATCHES;
  #latest: RateLook | undefined;

  constructor(confidence: number = INTERVAL_CONFIDENCE) {
    this.#confidence = confidence;
  }

  /** What the latest look saw; undefined before the first. */
  get latest(): RateLook | undefined {
    return this.#latest;
  }

  /** Whether it is time to look at so much of it. */
  isDue(seconds: number): boolean {
    return seconds >= this.#nextSeconds;
  }

  /** Looks, if it is time to. `amounts`: of all that is to be looked at, in pieces of `pieceSeconds` one after another. */
  offer(amounts: readonly number[], pieceSeconds: number): void {
    const seconds = amounts.length * pieceSeconds;
    if (!this.isDue(seconds) || amounts.length < LOOK_BATCHES) return;
    while (this.isDue(seconds)) {
      this.#looks += 1;
      this.#nextSeconds *= GROWTH;
    }
    const alpha = (1 - this.#confidence) / (this.#looks * (this.#looks + 1));
    const batches = batchesOf(amounts, pieceSeconds);
    const interval = batchMeansInterval(batches, 1 - alpha);
    if (interval === null) return;
    const rate = amounts.reduce((sum, amount) => sum + amount, 0) / seconds;
    this.#latest = { rate, ...interval, seconds };
  }
}

/** Batches of about the same length, each of whole pieces. */
function batchesOf(amounts: readonly number[], pieceSeconds: number): readonly Batch[] {
  return Array.from({ length: LOOK_BATCHES }, (_, i) => {
    const from = Math.round((i * amounts.length) / LOOK_BATCHES);
    const to = Math.round(((i + 1) * amounts.length) / LOOK_BATCHES);
    const amount = amounts.slice(from, to).reduce((sum, one) => sum + one, 0);
    return { amount, seconds: (to - from) * pieceSeconds };
  });
}
