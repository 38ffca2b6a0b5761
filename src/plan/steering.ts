import { NS_PER_SECOND } from '../core/time.ts';

/**
 * What somebody changed about a phase while it went on. A value, as the plan is: workers that apply the same changes in the same
 * order derive the same due times. `atNs`: when it takes effect, whole ns since the phase began; never before the change before it.
 */
export type PlanChange = { readonly atNs: number } & Steering;

export type Steering =
  /** Nothing is issued until `resume`. */
  | { readonly kind: 'pause' }
  | { readonly kind: 'resume' }
  /** Open loop. */
  | { readonly kind: 'rate'; readonly ratePerSecond: number }
  /** Closed loop: samples in flight. */
  | { readonly kind: 'concurrency'; readonly concurrency: number };

/** A stretch of the phase in which nothing was changed. */
interface Stretch {
  /** Since the phase began. */
  readonly fromNs: number;
  /** What the plan's clock shows then. */
  readonly planNs: number;
  /** How much of it was not paused. */
  readonly activeNs: number;
  readonly isPaused: boolean;
  /** Elapsed ns for each ns of the plan, while not paused. */
  readonly nsPerPlanNs: number;
}

/**
 * The time of a phase that is steered: the plan stays as it is, and what changes is how fast its clock goes. It stands still during a
 * pause, and at twice the planned rate it goes twice as fast. So arrival i stays arrival i, none is lost or doubled, a Poisson
 * process stays one (a time change keeps it so), and a new rate holds at once, also within a long gap.
 *
 * The duration of a phase is about time that is not paused, at whatever rate. Without any change all times are the plan's own, exactly.
 * Memory: a few numbers a change. Arrivals before a change keep their due times, those behind it are due no earlier than it.
 */
export class SteeredTime {
  readonly #plannedNsBetween: number;
  readonly #maxDurationNs: number;
  readonly #stretches: Stretch[] = [{ fromNs: 0, planNs: 0, activeNs: 0, isPaused: false, nsPerPlanNs: 1 }];
  #endNs: number;

  /** `plannedRatePerSecond`: null in closed loop, whose plan has no due times. */
  constructor(plannedRatePerSecond: number | null, maxDurationNs: number) {
    this.#plannedNsBetween = NS_PER_SECOND / (plannedRatePerSecond ?? 1);
    this.#maxDurationNs = maxDurationNs;
    this.#endNs = maxDurationNs;
  }

  /** When the duration of the phase is over as things stand, ns since it began; Infinity without one, and while it is paused. */
  get endNs(): number {
    return this.#endNs;
  }

  /** A change that comes when the duration is over changes nothing. */
  apply(change: PlanChange): void {
    const { atNs } = change;
    if (atNs >= this.#endNs) return;
    const last = this.#stretches.at(-1)!;
    const goneNs = last.isPaused ? 0 : atNs - last.fromNs;
    const next: Stretch = {
      fromNs: atNs,
      planNs: last.planNs + goneNs / last.nsPerPlanNs,
      activeNs: last.activeNs + goneNs,
      isPaused: change.kind === 'pause' || (change.kind !== 'resume' && last.isPaused),
      nsPerPlanNs:
        change.kind === 'rate'
          ? NS_PER_SECOND / change.ratePerSecond / this.#plannedNsBetween
          : last.nsPerPlanNs,
    };
    this.#stretches.push(next);
    this.#endNs = next.isPaused ? Infinity : atNs + this.#maxDurationNs - next.activeNs;
  }

  /**
   * When an arrival of the plan is due, ns since the phase began; Infinity as long as it lies behind a pause.
   * @hot
   */
  dueNs(planNs: number): number {
    let at = this.#stretches.length - 1;
    while (at > 0 && this.#stretches[at]!.planNs > planNs) at -= 1;
    const { fromNs, planNs: fromPlanNs, isPaused, nsPerPlanNs } = this.#stretches[at]!;
    return isPaused ? Infinity : Math.round(fromNs + (planNs - fromPlanNs) * nsPerPlanNs);
  }

  /** @hot */
  isPausedAt(elapsedNs: number): boolean {
    let at = this.#stretches.length - 1;
    while (at > 0 && this.#stretches[at]!.fromNs > elapsedNs) at -= 1;
    return this.#stretches[at]!.isPaused;
  }
}
