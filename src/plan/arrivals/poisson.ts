import { RandomSource } from '../../core/random.ts';
import { NS_PER_SECOND } from '../../core/time.ts';
import type { ArrivalProcess } from './arrival-process.ts';
import { type ArrivalSchedule, checkedRate } from './arrival-schedule.ts';

/** Independent exponential gaps, as users have who know nothing of one another. The first arrival comes after the first gap. */
export const POISSON: ArrivalProcess = {
  create: ({ seed }) => {
    const random = new RandomSource(seed);
    let at = 0;
    return { next: () => (at += random.exponential(1)) };
  },
  atRate: (ratePerSecond, { seed }) => new PoissonArrivals(ratePerSecond, seed),
};

/**
 * Poisson arrivals at one rate: gaps of at least 1 ns, each cut to whole ns.
 *
 * One uniform draw and one logarithm a call; the gaps CPython's generator gives for the seed, but for a rare one that is a ns off
 * where logarithms of the two round differently. Inverse transform,
 * Knuth TAOCP vol. 2 §3.4.1. Throws `INFEROMETER_PLAN_RATE` when the rate is not finite and above 0.
 */
export class PoissonArrivals implements ArrivalSchedule {
  readonly #random: RandomSource;
  readonly #ratePerNs: number;
  #dueNs = 0;

  constructor(ratePerSecond: number, seed: number | bigint) {
    this.#ratePerNs = checkedRate(ratePerSecond) / NS_PER_SECOND;
    this.#random = new RandomSource(seed);
  }

  /** @hot */
  nextDueNs(): number {
    this.#dueNs += Math.max(1, Math.trunc(this.#random.exponential(this.#ratePerNs)));
    return this.#dueNs;
  }
}
