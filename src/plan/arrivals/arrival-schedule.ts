import { InferometerError } from '../../core/errors.ts';

/**
 * Due times of an open loop: an absolute schedule, which a late caller does not move. They are whole ns since the phase began, and
 * never decrease.
 */
export interface ArrivalSchedule {
  /** Due time of the next arrival. Does not allocate. */
  nextDueNs(): number;
}

/** Throws `INFEROMETER_PLAN_RATE` (input) for a rate that is not finite and above 0. */
export function checkedRate(ratePerSecond: number): number {
  if (Number.isFinite(ratePerSecond) && ratePerSecond > 0) return ratePerSecond;
  throw new InferometerError(
    'INFEROMETER_PLAN_RATE',
    'input',
    `arrival rate: must be a finite number of requests a second above 0 (got ${ratePerSecond})`,
  );
}
