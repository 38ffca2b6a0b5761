import { NS_PER_SECOND } from '../../core/time.ts';
import type { ArrivalOptions, ArrivalProcess, UnitArrivals } from './arrival-process.ts';
import { type ArrivalSchedule, checkedRate } from './arrival-schedule.ts';
import { CONSTANT } from './constant.ts';
import { GAMMA } from './gamma.ts';
import { POISSON } from './poisson.ts';

/** Every way for requests of an open loop to arrive, by the name that settings have for it. */
export const ARRIVAL_PROCESSES = {
  constant: CONSTANT,
  poisson: POISSON,
  gamma: GAMMA,
} as const satisfies Readonly<Record<string, ArrivalProcess>>;

export type ArrivalProcessName = keyof typeof ARRIVAL_PROCESSES;
export const ARRIVAL_PROCESS_NAMES = Object.keys(ARRIVAL_PROCESSES) as readonly ArrivalProcessName[];

/** Arrivals of a process in expected arrivals, for a rate that changes. */
export function unitArrivals(name: ArrivalProcessName, options: ArrivalOptions): UnitArrivals {
  return ARRIVAL_PROCESSES[name].create(options);
}

/** The schedule of a process at one rate. Throws `INFEROMETER_PLAN_RATE` (input) for a rate that is not finite and above 0. */
export function scheduleAtRate(
  name: ArrivalProcessName,
  ratePerSecond: number,
  options: ArrivalOptions,
): ArrivalSchedule {
  const process: ArrivalProcess = ARRIVAL_PROCESSES[name];
  return (
    process.atRate?.(ratePerSecond, options) ?? new ScaledArrivals(process.create(options), ratePerSecond)
  );
}

/** Arrivals in expected arrivals, at one rate: each to the nearest ns, so rounding never adds up. */
class ScaledArrivals implements ArrivalSchedule {
  readonly #arrivals: UnitArrivals;
  readonly #ratePerSecond: number;

  constructor(arrivals: UnitArrivals, ratePerSecond: number) {
    this.#arrivals = arrivals;
    this.#ratePerSecond = checkedRate(ratePerSecond);
  }

  /** @hot */
  nextDueNs(): number {
    return Math.round((this.#arrivals.next() * NS_PER_SECOND) / this.#ratePerSecond);
  }
}
