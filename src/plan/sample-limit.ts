import { InferometerError } from '../core/errors.ts';
import { countText } from '../core/quantity-text.ts';
import { NS_PER_SECOND } from '../core/time.ts';
import { arrivalsBefore } from './arrivals/replay.ts';
import { isOpenLoop, type OpenLoopSettings, type PhasePlan } from './plan.ts';
import { RateProfile } from './rate-profile.ts';
import { MAX_TICKETS } from './tickets.ts';

/** Most samples a run can number: the numbers in its event records have 32 bits. */
export const MAX_RUN_SAMPLES = 2 ** 32 - 1;

/** How many samples a phase may have when the run has numbered `usedSamples` before it. */
export function samplesLeft(usedSamples: number): number {
  return Math.min(MAX_TICKETS, MAX_RUN_SAMPLES - usedSamples);
}

/** The plan with no more than `samples` samples; the plan itself when it has no more anyway. */
export function limitedTo(samples: number, plan: PhasePlan): PhasePlan {
  if (plan.stop.maxSamples <= samples) return plan;
  return { ...plan, stop: { ...plan.stop, maxSamples: samples } };
}

/**
 * Refuses phases that would go on beyond what can be numbered, as far as the plan tells: in closed loop with a duration nobody knows
 * how many samples there will be. Throws `INFEROMETER_PLAN_LIMIT` (input).
 */
export function checkPlanLimits(phases: readonly PhasePlan[]): void {
  let usedSamples = 0;
  for (const { name, arrivals, stop } of phases) {
    const expected = Math.min(
      stop.maxSamples,
      isOpenLoop(arrivals)
        ? expectedArrivals(arrivals, stop.maxDurationNs)
        : stop.maxSamples === Infinity
          ? 0
          : Infinity,
    );
    const left = samplesLeft(usedSamples);
    if (expected > left) {
      throw limitError(
        `phase ${name}: it would have ${countText(Math.ceil(expected))} samples; at most ${countText(left)} can be numbered;` +
          ' shorten it, or split the load into several runs',
      );
    }
    usedSamples += expected;
  }
}

function expectedArrivals(arrivals: OpenLoopSettings, durationNs: number): number {
  if (arrivals.pattern === 'replay') return arrivalsBefore(arrivals.dueNs, durationNs);
  const { ratePerSecond, stages } = arrivals;
  if (stages !== undefined) return new RateProfile(stages).countAt(durationNs);
  return (ratePerSecond * durationNs) / NS_PER_SECOND;
}

function limitError(what: string): InferometerError {
  return new InferometerError('INFEROMETER_PLAN_LIMIT', 'input', what);
}
