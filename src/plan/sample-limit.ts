import type { PhasePlan } from './plan.ts';
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
