import { InferometerError } from '../core/errors.ts';
import { RandomSource } from '../core/random.ts';
import { NS_PER_SECOND } from '../core/time.ts';

/**
 * Due times of an open loop: an absolute schedule, which a late caller does not move.
 * Due times are whole ns since the phase began, and never decrease.
 */
export interface ArrivalSchedule {
  /** Due time of the next arrival. Does not allocate. */
  nextDueNs(): number;
}

/**
 * Arrivals at a constant rate: arrival i is due at i / rate, rounded to whole ns, so rounding never adds up.
 *
 * One multiplication and one division a call. Throws `INFEROMETER_PLAN_RATE` when the rate is not finite and above 0.
 */
export class ConstantArrivals implements ArrivalSchedule {
  readonly #ratePerSecond: number;
  #next = 0;

  constructor(ratePerSecond: number) {
    this.#ratePerSecond = checkedRate(ratePerSecond);
  }

  /** @hot */
  nextDueNs(): number {
    return Math.round((this.#next++ * NS_PER_SECOND) / this.#ratePerSecond);
  }
}

/**
 * Poisson arrivals: independent exponential gaps of at least 1 ns, each cut to whole ns. The first arrival comes after
 * the first gap.
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

function checkedRate(ratePerSecond: number): number {
  if (Number.isFinite(ratePerSecond) && ratePerSecond > 0) return ratePerSecond;
  throw new InferometerError(
    'INFEROMETER_PLAN_RATE',
    'input',
    `arrival rate: found ${ratePerSecond}, wanted a finite number of requests a second above 0`,
  );
}
