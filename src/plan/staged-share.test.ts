import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PhasePlan, ProcessSettings } from './plan.ts';
import { RateProfile, type RateStage } from './rate-profile.ts';
import { createPlanShare } from './share.ts';
import type { PlanChange } from './steered-time.ts';
import { createTicketCounter } from './tickets.ts';

const S = 1e9;
const RAMP: readonly RateStage[] = [
  { forNs: 2 * S, fromPerSecond: 100, toPerSecond: 100 },
  { forNs: 8 * S, fromPerSecond: 100, toPerSecond: 1000 },
];

function planOf(arrivals: Partial<ProcessSettings>, maxDurationNs: number, maxSamples = Infinity): PhasePlan {
  return {
    name: 'performance',
    kind: 'performance',
    arrivals: { pattern: 'constant', ratePerSecond: 1, stages: RAMP, seed: 7, ...arrivals },
    order: { order: 'sequential', datasetSize: 10, seed: 1 },
    stop: { maxSamples, maxDurationNs },
  };
}

/** Due times of all workers together, in order of arrival. */
function dueTimes(plan: PhasePlan, workers = 1, changes: readonly PlanChange[] = []): number[] {
  const times: number[] = [];
  for (let worker = 0; worker < workers; worker++) {
    const share = createPlanShare(plan, worker, workers, createTicketCounter());
    for (const change of changes) share.change(change);
    while (share.advance(0)) times[share.index] = share.dueNs;
  }
  return times;
}

describe('a load with stages', () => {
  it('is due where its integral says', () => {
    const profile = new RateProfile(RAMP);
    const times = dueTimes(planOf({}, profile.totalNs));
    expect(times).toHaveLength(profile.totalCount);
    for (const [index, dueNs] of times.entries())
      expect(Math.abs(profile.countAt(dueNs) - index)).toBeLessThan(1e-5);
  });

  it('is the same whatever the number of workers', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('constant', 'poisson', 'gamma'),
        fc.integer({ min: 2, max: 5 }),
        (pattern, workers) => {
          const plan = planOf({ pattern, burstiness: 0.5 }, 10 * S);
          expect(dueTimes(plan, workers)).toEqual(dueTimes(plan));
        },
      ),
      { numRuns: 10 },
    );
  });

  it('ends with its last stage, or with a duration before that', () => {
    expect(dueTimes(planOf({}, S))).toHaveLength(100);
    expect(dueTimes(planOf({}, 60 * S)).at(-1)).toBeLessThan(10 * S);
  });

  it('that is paused goes on where it was, ramp included', () => {
    const whole = dueTimes(planOf({}, 10 * S));
    const paused = dueTimes(planOf({}, 10 * S), 2, [
      { kind: 'pause', atNs: 5 * S },
      { kind: 'resume', atNs: 8 * S },
    ]);
    expect(paused).toHaveLength(whole.length);
    for (const [index, dueNs] of paused.entries()) {
      expect(Math.abs(dueNs - whole[index]! - (whole[index]! >= 5 * S ? 3 * S : 0))).toBeLessThanOrEqual(1);
    }
  });

  it('that is given a rate by hand keeps it to the end', () => {
    const profile = new RateProfile(RAMP);
    const times = dueTimes(planOf({}, 10 * S), 3, [{ kind: 'rate', ratePerSecond: 50, atNs: 6 * S }]);
    const before = times.filter((dueNs) => dueNs < 6 * S);
    expect(before).toHaveLength(Math.ceil(profile.countAt(6 * S)));
    const gaps = times.slice(before.length).map((dueNs, index) => dueNs - times[before.length + index - 1]!);
    for (const gap of gaps.slice(1)) expect(Math.abs(gap - S / 50)).toBeLessThanOrEqual(1);
    expect(gaps[0]!).toBeLessThanOrEqual(S / 50);
    expect(times.at(-1)!).toBeLessThan(10 * S);
  });

  it('never has due times that go back, however it is steered', () => {
    const change = fc.oneof(
      fc.record({
        kind: fc.constant('rate' as const),
        ratePerSecond: fc.double({ min: 1, max: 2000, noNaN: true }),
      }),
      fc.record({ kind: fc.constantFrom('pause' as const, 'resume' as const) }),
    );
    fc.assert(
      fc.property(
        fc.array(fc.tuple(change, fc.integer({ min: 0, max: 3 * S })), { maxLength: 5 }),
        (steps) => {
          let atNs = 0;
          const changes = steps.map(([one, gapNs]): PlanChange => ({ ...one, atNs: (atNs += gapNs) }));
          const times = dueTimes(planOf({ pattern: 'poisson' }, 4 * S), 2, changes);
          for (const [index, dueNs] of times.entries())
            if (index > 0) expect(dueNs).toBeGreaterThanOrEqual(times[index - 1]!);
        },
      ),
      { numRuns: 60 },
    );
  });
});

/** Mean and coefficient of variation of the gaps. */
function gapsOf(times: readonly number[]): { readonly mean: number; readonly cv: number } {
  const gaps = times.slice(1).map((dueNs, index) => dueNs - times[index]!);
  const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
  const variance = gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / (gaps.length - 1);
  return { mean, cv: Math.sqrt(variance) / mean };
}

describe('gamma arrivals', () => {
  // As vLLM has them: 0.25 doubles the variation of Poisson, 4 halves it.
  it.each([
    [0.25, 2],
    [1, 1],
    [4, 0.5],
    [100, 0.1],
  ])('of shape %d have gaps whose coefficient of variation is %d', (burstiness, cv) => {
    const plan = planOf(
      { pattern: 'gamma', ratePerSecond: 100, stages: undefined, burstiness },
      Infinity,
      200_000,
    );
    const gaps = gapsOf(dueTimes(plan));
    expect(gaps.mean / (S / 100)).toBeCloseTo(1, 1);
    expect(gaps.cv / cv).toBeGreaterThan(0.97);
    expect(gaps.cv / cv).toBeLessThan(1.03);
  });
});

describe('Poisson arrivals on a ramp', () => {
  it('come to what the ramp says in each part of it, within Poisson noise', () => {
    const profile = new RateProfile(RAMP);
    const times = dueTimes(planOf({ pattern: 'poisson', seed: 3 }, profile.totalNs));
    for (let part = 0; part < 20; part++) {
      const [fromNs, toNs] = [part, part + 1].map((one) => (one * profile.totalNs) / 20) as [number, number];
      const found = times.filter((dueNs) => dueNs >= fromNs && dueNs < toNs).length;
      const wanted = profile.countAt(toNs) - profile.countAt(fromNs);
      expect(Math.abs(found - wanted)).toBeLessThan(4 * Math.sqrt(wanted));
    }
  });
});
