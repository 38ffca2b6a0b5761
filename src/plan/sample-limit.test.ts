import { describe, expect, it } from 'vitest';
import type { ArrivalSettings, PhasePlan } from './plan.ts';
import { checkPlanLimits, MAX_RUN_SAMPLES } from './sample-limit.ts';
import { MAX_TICKETS } from './tickets.ts';

const HOUR_NS = 3600e9;

function phase(arrivals: ArrivalSettings, maxSamples: number, maxDurationNs: number): PhasePlan {
  const order = { order: 'sequential', datasetSize: 1, seed: 1 } as const;
  return { name: 'performance', kind: 'performance', arrivals, order, stop: { maxSamples, maxDurationNs } };
}

const rate = (ratePerSecond: number): ArrivalSettings => ({ pattern: 'constant', ratePerSecond });
const closed: ArrivalSettings = { pattern: 'concurrency', concurrency: 1 };

describe('checkPlanLimits', () => {
  it.each([
    ['the most samples of a phase', [phase(closed, MAX_TICKETS, Infinity)]],
    ['a closed loop with a duration', [phase(closed, Infinity, 2400 * HOUR_NS)]],
    ['a day at 20,000/s', [phase(rate(20_000), Infinity, 24 * HOUR_NS)]],
    ['a rate without an end, but for the samples', [phase(rate(1e6), 100, Infinity)]],
  ])('takes %s', (_name, phases) => {
    expect(() => checkPlanLimits(phases)).not.toThrow();
  });

  it.each([
    [
      'more samples than a phase can have',
      [phase(closed, MAX_TICKETS + 1, Infinity)],
      /2,147,483,648 samples; at most 2,147,483,647/,
    ],
    [
      'a rate for too long',
      [phase(rate(100_000), Infinity, 24 * HOUR_NS)],
      /8,640,000,000 samples; at most 2,147,483,647/,
    ],
    [
      'phases with too many together',
      Array.from({ length: 3 }, () => phase(closed, MAX_TICKETS, Infinity)),
      /at most 1 can be numbered/,
    ],
  ])('refuses %s', (_name, phases, message) => {
    expect(() => checkPlanLimits(phases)).toThrow(message);
    expect(MAX_RUN_SAMPLES).toBe(2 * MAX_TICKETS + 1);
  });
});
