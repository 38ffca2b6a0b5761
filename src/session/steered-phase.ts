import { CONCURRENCY, isWithin, RATE_PER_SECOND } from '../core/load-ranges.ts';
import { NS_PER_MS } from '../core/time.ts';
import { isOpenLoop, type PhasePlan } from '../plan/plan.ts';
import { ConcurrencyProfile } from '../plan/concurrency-profile.ts';
import { RateProfile } from '../plan/rate-profile.ts';
import { type PlanChange, SteeredTime, type Steering } from '../plan/steered-time.ts';

/** How a phase under way is steered: what it was asked for, until somebody asked for something else. */
export interface SteeringState {
  readonly isPaused: boolean;
  /** Null in closed loop. */
  readonly ratePerSecond: number | null;
  /** Null in open loop and for a burst, which keeps every connection busy. */
  readonly concurrency: number | null;
}

/** How far ahead a change takes effect, so that every worker knows of it by then. */
const DEFAULT_LEAD_NS = 50 * NS_PER_MS;

/** The main thread's view of a phase that may be steered: which changes make sense, and when they take effect. */
export class SteeredPhase {
  readonly #startNs: number;
  readonly #leadNs: number;
  readonly #time: SteeredTime;
  /** Of the plan, in closed loop; undefined once the concurrency was set by hand. */
  #concurrencies: ConcurrencyProfile | undefined;
  #state: SteeringState;
  #lastNs = 0;

  /** `startNs`: when the plan's time 0 lies. */
  constructor({ arrivals, stop }: PhasePlan, startNs: number, leadNs = DEFAULT_LEAD_NS) {
    this.#startNs = startNs;
    this.#leadNs = leadNs;
    const { ratePerSecond, stages } = isOpenLoop(arrivals) ? arrivals : { ratePerSecond: null };
    const concurrency = 'concurrency' in arrivals ? arrivals.concurrency : null;
    const planned = stages === undefined ? ratePerSecond : new RateProfile(stages);
    const concurrencyStages = arrivals.pattern === 'concurrency' ? arrivals.stages : undefined;
    this.#concurrencies = concurrencyStages && new ConcurrencyProfile(concurrencyStages);
    this.#time = new SteeredTime(planned, stop.maxDurationNs);
    this.#state = { isPaused: false, ratePerSecond, concurrency };
  }

  /** `nowNs`: since the run's origin. */
  stateAt(nowNs: number): SteeringState {
    const state = this.#state;
    if (this.#concurrencies !== undefined) {
      return { ...state, concurrency: this.#concurrencies.at(this.#time.activeNsAt(nowNs - this.#startNs)) };
    }
    if (state.ratePerSecond === null) return state;
    return { ...state, ratePerSecond: this.#time.rateAt(nowNs - this.#startNs) ?? state.ratePerSecond };
  }

  /** When a change takes effect, ns since the run's origin. */
  runNsOf({ atNs }: PlanChange): number {
    return this.#startNs + atNs;
  }

  /** The change to carry out, in force from now on; undefined when it would change nothing or makes no sense. */
  steer(steering: Steering, nowNs: number): PlanChange | undefined {
    const state = this.#steered(steering);
    const atNs = Math.max(nowNs + this.#leadNs - this.#startNs, this.#lastNs);
    if (state === undefined || atNs >= this.#time.endNs) return undefined;
    const change: PlanChange = { atNs, ...steering };
    this.#time.apply(change);
    if (steering.kind === 'concurrency') this.#concurrencies = undefined;
    this.#state = state;
    this.#lastNs = atNs;
    return change;
  }

  #steered(steering: Steering): SteeringState | undefined {
    const state = this.#state;
    switch (steering.kind) {
      case 'pause':
        return state.isPaused ? undefined : { ...state, isPaused: true };
      case 'resume':
        return state.isPaused ? { ...state, isPaused: false } : undefined;
      case 'rate': {
        const { ratePerSecond } = steering;
        const makesSense = state.ratePerSecond !== null && isWithin(RATE_PER_SECOND, ratePerSecond);
        return makesSense && ratePerSecond !== state.ratePerSecond ? { ...state, ratePerSecond } : undefined;
      }
      case 'concurrency': {
        const { concurrency } = steering;
        const makesSense = state.concurrency !== null && isWithin(CONCURRENCY, concurrency);
        const isNew = concurrency !== state.concurrency || this.#concurrencies !== undefined;
        return makesSense && isNew ? { ...state, concurrency } : undefined;
      }
    }
  }
}
