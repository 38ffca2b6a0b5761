import { NS_PER_SECOND } from '../core/time.ts';
import { RateProfile } from './rate-profile.ts';

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
  readonly planTime: number;
  /** How much of it was not paused. */
  readonly activeNs: number;
  readonly isPaused: boolean;
  /** Time of the profile that has passed by then; undefined once the rate was set by hand, and for a plan at one rate. */
  readonly profileNs: number | undefined;
  /** Without a profile: elapsed ns for each unit of the plan, while not paused. */
  readonly nsPerPlanTime: number;
}

/**
 * The time of a phase that is steered: the plan stays as it is, and what changes is how fast its clock goes. It stands still during a
 * pause, and at twice the planned rate it goes twice as fast. So arrival i stays arrival i, none is lost or doubled, a Poisson
 * process stays one (a time change keeps it so), and a new rate holds at once, also within a long gap.
 *
 * A plan at one rate has its times in ns. One whose rate changes (`RateProfile`) has them in expected arrivals, and the profile says when that
 * is; a pause stops the profile too, and a rate that is set by hand replaces it for the rest of the phase.
 *
 * The duration of a phase is about time that is not paused, at whatever rate. Without any change all times are the plan's own, exactly.
 * Memory: a few numbers a change. Arrivals before a change keep their due times, those behind it are due no earlier than it.
 */
export class SteeredTime {
  readonly #profile: RateProfile | undefined;
  /** Units of the plan between two arrivals on average. */
  readonly #plannedBetween: number;
  readonly #maxDurationNs: number;
  readonly #stretches: Stretch[];
  #endNs: number;

  /** `planned`: null in closed loop, whose plan has no due times. */
  constructor(planned: number | RateProfile | null, maxDurationNs: number) {
    this.#profile = planned instanceof RateProfile ? planned : undefined;
    this.#plannedBetween = planned instanceof RateProfile ? 1 : NS_PER_SECOND / (planned ?? 1);
    this.#maxDurationNs = maxDurationNs;
    this.#endNs = maxDurationNs;
    const profileNs = this.#profile === undefined ? undefined : 0;
    this.#stretches = [{ fromNs: 0, planTime: 0, activeNs: 0, isPaused: false, profileNs, nsPerPlanTime: 1 }];
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
    const profileNs = last.profileNs === undefined ? undefined : last.profileNs + goneNs;
    const isByHand = change.kind === 'rate';
    const next: Stretch = {
      fromNs: atNs,
      planTime:
        profileNs === undefined
          ? last.planTime + goneNs / last.nsPerPlanTime
          : this.#profile!.countAt(profileNs),
      activeNs: last.activeNs + goneNs,
      isPaused: change.kind === 'pause' || (change.kind !== 'resume' && last.isPaused),
      profileNs: isByHand ? undefined : profileNs,
      nsPerPlanTime: isByHand
        ? NS_PER_SECOND / change.ratePerSecond / this.#plannedBetween
        : last.nsPerPlanTime,
    };
    this.#stretches.push(next);
    this.#endNs = next.isPaused ? Infinity : atNs + this.#maxDurationNs - next.activeNs;
  }

  /**
   * When an arrival of the plan is due, ns since the phase began; Infinity as long as it lies behind a pause, or behind the profile.
   * @hot
   */
  dueNs(planTime: number): number {
    let at = this.#stretches.length - 1;
    while (at > 0 && this.#stretches[at]!.planTime > planTime) at -= 1;
    const { fromNs, planTime: fromPlanTime, isPaused, profileNs, nsPerPlanTime } = this.#stretches[at]!;
    if (isPaused) return Infinity;
    if (profileNs === undefined) return Math.round(fromNs + (planTime - fromPlanTime) * nsPerPlanTime);
    // Never before the change: the profile's time of an arrival just behind it may round to just before.
    return Math.round(Math.max(fromNs, fromNs + this.#profile!.timeOf(planTime) - profileNs));
  }

  /** The rate of the profile at a time since the phase began, while it holds; undefined once another was set, and for a plan at one rate. */
  rateAt(elapsedNs: number): number | undefined {
    const { fromNs, isPaused, profileNs } = this.#stretches.at(-1)!;
    if (profileNs === undefined) return undefined;
    return this.#profile!.rateAt(isPaused ? profileNs : profileNs + Math.max(0, elapsedNs - fromNs));
  }

  /** How much of the time until then was not paused, by what is known now. */
  activeNsAt(elapsedNs: number): number {
    let at = this.#stretches.length - 1;
    while (at > 0 && this.#stretches[at]!.fromNs > elapsedNs) at -= 1;
    const { fromNs, activeNs, isPaused } = this.#stretches[at]!;
    return isPaused ? activeNs : activeNs + Math.max(0, elapsedNs - fromNs);
  }

  /** @hot */
  isPausedAt(elapsedNs: number): boolean {
    let at = this.#stretches.length - 1;
    while (at > 0 && this.#stretches[at]!.fromNs > elapsedNs) at -= 1;
    return this.#stretches[at]!.isPaused;
  }
}
