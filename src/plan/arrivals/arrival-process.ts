import type { ArrivalSchedule } from './arrival-schedule.ts';

/** Arrivals in a time that is counted in expected arrivals: one in each unit on average, whatever the rate. */
export interface UnitArrivals {
  /** When the next one comes; never before the one before it. Does not allocate. */
  next(): number;
}

export interface ArrivalOptions {
  readonly seed: number;
  /** Shape of the gaps, for the process that has one: below 1 in bursts, 1 as Poisson, above 1 more even. */
  readonly burstiness: number;
}

/** One way for requests to arrive. A new one is one file with one of these, and a line in `arrival-processes.ts`. */
export interface ArrivalProcess {
  readonly create: (options: ArrivalOptions) => UnitArrivals;
  /** The schedule at one rate for the whole phase, where it is not what `create` gives divided by the rate, to the last ns. */
  readonly atRate?: (ratePerSecond: number, options: ArrivalOptions) => ArrivalSchedule;
}
