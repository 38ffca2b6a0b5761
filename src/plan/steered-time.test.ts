import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { scheduleAtRate } from './arrivals/arrival-processes.ts';
import type { ArrivalSettings, PhasePlan, PlanShare } from './plan.ts';
import { createPlanShare } from './share.ts';
import { type PlanChange, SteeredTime } from './steered-time.ts';
import { createTicketCounter } from './tickets.ts';

const MS = 1e6;

type OpenLoop = Extract<ArrivalSettings, { readonly ratePerSecond: number }>;

const openLoop: fc.Arbitrary<OpenLoop> = fc.oneof(
  fc.record({ pattern: fc.constant('constant' as const), ratePerSecond: fc.integer({ min: 20, max: 2000 }) }),
  fc.record({
    pattern: fc.constant('poisson' as const),
    ratePerSecond: fc.integer({ min: 20, max: 2000 }),
    seed: fc.nat(1000),
  }),
);

/** Any changes of an open loop, up to 200 ms apart; several at one moment too. */
const changes: fc.Arbitrary<readonly PlanChange[]> = fc
  .array(
    fc.tuple(
      fc.integer({ min: 0, max: 200 * MS }),
      fc.oneof(
        fc.constant({ kind: 'pause' as const }),
        fc.constant({ kind: 'resume' as const }),
        fc.record({ kind: fc.constant('rate' as const), ratePerSecond: fc.integer({ min: 5, max: 5000 }) }),
      ),
    ),
    { maxLength: 8 },
  )
  .map((steps) => {
    let atNs = 0;
    return steps.map(([gapNs, steering]) => ({ atNs: (atNs += gapNs), ...steering }));
  });

interface Issued {
  readonly index: number;
  readonly dueNs: number;
}

function planOf(arrivals: ArrivalSettings, stop: Partial<PhasePlan['stop']>): PhasePlan {
  return {
    name: 'phase',
    kind: 'performance',
    arrivals,
    order: { order: 'with_replacement', datasetSize: 7, seed: 3 },
    stop: { maxSamples: Infinity, maxDurationNs: Infinity, ...stop },
  };
}

function sharesOf(plan: PhasePlan, workers: number): readonly PlanShare[] {
  const counter = createTicketCounter();
  return Array.from({ length: workers }, (_, worker) => createPlanShare(plan, worker, workers, counter));
}

function drain(share: PlanShare): Issued[] {
  const samples: Issued[] = [];
  while (share.advance(0)) samples.push({ index: share.index, dueNs: share.dueNs });
  return samples;
}

/** The same schedule the naive way: time runs from change to change, and the plan's work is done at the rate of the moment. */
function naiveSchedule(
  arrivals: OpenLoop,
  steps: readonly PlanChange[],
  maxSamples: number,
  maxDurationNs: number,
): number[] {
  const { pattern, ratePerSecond, seed = 0, burstiness = 1 } = arrivals;
  const schedule = scheduleAtRate(pattern, ratePerSecond, { seed, burstiness });
  const dueNs: number[] = [];
  const left = [...steps];
  let [nowNs, doneNs, activeNs, speed, isPaused] = [0, 0, 0, 1, false];
  while (dueNs.length < maxSamples) {
    const planNs = schedule.nextDueNs();
    while (left.length > 0 && (isPaused || doneNs + (left[0]!.atNs - nowNs) * speed <= planNs)) {
      const change = left.shift()!;
      if (!isPaused) {
        doneNs += (change.atNs - nowNs) * speed;
        activeNs += change.atNs - nowNs;
        if (activeNs >= maxDurationNs) return dueNs;
      }
      nowNs = change.atNs;
      if (change.kind === 'rate') speed = change.ratePerSecond / arrivals.ratePerSecond;
      if (change.kind === 'pause') isPaused = true;
      if (change.kind === 'resume') isPaused = false;
    }
    const waitNs = (planNs - doneNs) / speed;
    if (isPaused || Math.round(activeNs + waitNs) >= maxDurationNs) return dueNs;
    dueNs.push(nowNs + waitNs);
  }
  return dueNs;
}

describe('an open loop that is steered', () => {
  test('is the plan at the rate of each moment, standing still in pauses', () => {
    fc.assert(
      fc.property(
        openLoop,
        changes,
        fc.integer({ min: 1, max: 200 }),
        fc.constantFrom(Infinity, 30 * MS, 150 * MS),
        (arrivals, steps, maxSamples, maxDurationNs) => {
          const share = sharesOf(planOf(arrivals, { maxSamples, maxDurationNs }), 1)[0]!;
          for (const step of steps) share.change(step);
          const issued = drain(share);
          const wanted = naiveSchedule(arrivals, steps, maxSamples, maxDurationNs);
          // At the very end of a duration rounding may decide.
          expect(Math.abs(issued.length - wanted.length)).toBeLessThanOrEqual(
            maxDurationNs === Infinity ? 0 : 1,
          );
          expect(issued.map(({ index }) => index)).toEqual(issued.map((_, index) => index));
          issued.forEach(({ dueNs }, index) => {
            if (index < wanted.length) expect(Math.abs(dueNs - wanted[index]!)).toBeLessThanOrEqual(2);
          });
        },
      ),
      { numRuns: 300 },
    );
  });

  test('is one schedule for any number of workers, whenever each of them hears of a change before it holds', () => {
    fc.assert(
      fc.property(
        openLoop,
        changes,
        fc.integer({ min: 1, max: 5 }),
        fc.array(fc.nat(40), { minLength: 40, maxLength: 40 }),
        (arrivals, steps, workers, aheads) => {
          const aheadOf = aheads.values();
          const plan = planOf(arrivals, { maxSamples: 150 });
          const alone = sharesOf(plan, 1)[0]!;
          for (const step of steps) alone.change(step);
          const together = sharesOf(plan, workers).flatMap((share) => {
            const issued: Issued[] = [];
            for (const step of steps) {
              // Some of what is due before the change goes out before the worker hears of it.
              for (let ahead = aheadOf.next().value ?? 0; ahead > 0 && share.advance(0); ahead--) {
                if (share.dueNs >= step.atNs) {
                  share.putBack();
                  break;
                }
                issued.push({ index: share.index, dueNs: share.dueNs });
              }
              share.change(step);
            }
            return [...issued, ...drain(share)];
          });
          const wanted = drain(alone);
          expect(together.sort((a, b) => a.index - b.index)).toEqual(wanted);
          const dueNs = wanted.map((sample) => sample.dueNs);
          expect(dueNs).toEqual(dueNs.toSorted((a, b) => a - b));
        },
      ),
      { numRuns: 300 },
    );
  });

  test('leaves what is due before a change alone, and nothing due behind it is due earlier than it', () => {
    fc.assert(
      fc.property(openLoop, changes, (arrivals, steps) => {
        const plan = planOf(arrivals, { maxSamples: 100 });
        const [before, after] = [sharesOf(plan, 1)[0]!, sharesOf(plan, 1)[0]!];
        const last = steps.at(-1);
        for (const step of steps.slice(0, -1)) before.change(step);
        for (const step of steps) after.change(step);
        const unsteered = drain(before);
        const steered = drain(after);
        const atNs = last?.atNs ?? 0;
        const early = unsteered.filter(({ dueNs }) => dueNs < atNs);
        expect(steered.slice(0, early.length)).toEqual(early);
        for (const { dueNs } of steered.slice(early.length)) expect(dueNs).toBeGreaterThanOrEqual(atNs);
      }),
    );
  });

  test('numbers its samples without a hole even when a worker hears of a change late', () => {
    fc.assert(
      fc.property(
        openLoop,
        changes,
        fc.integer({ min: 1, max: 4 }),
        fc.nat(30),
        (arrivals, steps, workers, late) => {
          const issued = sharesOf(planOf(arrivals, { maxSamples: 80 }), workers).flatMap((share) => {
            const early: number[] = [];
            while (early.length < late && share.advance(0)) early.push(share.index);
            for (const step of steps) share.change(step);
            share.change({ kind: 'resume', atNs: steps.at(-1)?.atNs ?? 0 });
            return [...early, ...drain(share).map(({ index }) => index)];
          });
          expect(issued.sort((a, b) => a - b)).toEqual(Array.from({ length: 80 }, (_, index) => index));
        },
      ),
    );
  });

  test('a new rate holds at once, within a gap of minutes too', () => {
    const share = sharesOf(planOf({ pattern: 'constant', ratePerSecond: 0.01 }, { maxSamples: 4 }), 1)[0]!;
    expect([share.advance(0), share.dueNs]).toEqual([true, 0]);
    expect([share.advance(0), share.dueNs]).toEqual([true, 100e9]);
    share.putBack();
    share.change({ kind: 'rate', atNs: 50e9, ratePerSecond: 100 });
    expect(drain(share).map(({ dueNs }) => dueNs)).toEqual([50.005e9, 50.015e9, 50.025e9]);
  });

  test('an end by duration is none before it has come: a higher rate brings more', () => {
    const plan = planOf({ pattern: 'constant', ratePerSecond: 1 }, { maxDurationNs: 2.5e9 });
    const share = sharesOf(plan, 1)[0]!;
    expect(drain(share)).toHaveLength(3);
    expect([share.isUsedUp, share.endNs]).toEqual([false, 2.5e9]);
    share.change({ kind: 'rate', atNs: 2.1e9, ratePerSecond: 10 });
    expect(drain(share).map(({ dueNs }) => dueNs)).toEqual([2.19e9, 2.29e9, 2.39e9, 2.49e9]);
  });
});

describe('the duration', () => {
  test('is about time that is not paused', () => {
    const time = new SteeredTime(10, 1e9);
    time.apply({ kind: 'pause', atNs: 0.25e9 });
    expect(time.endNs).toBe(Infinity);
    time.apply({ kind: 'rate', atNs: 0.5e9, ratePerSecond: 20 });
    expect(time.endNs).toBe(Infinity);
    time.apply({ kind: 'resume', atNs: 0.75e9 });
    expect(time.endNs).toBe(1.5e9);
    time.apply({ kind: 'rate', atNs: 1e9, ratePerSecond: 5 });
    expect(time.endNs).toBe(1.5e9);
  });

  test('once over stays over', () => {
    const time = new SteeredTime(10, 1e9);
    time.apply({ kind: 'pause', atNs: 1e9 });
    expect(time.endNs).toBe(1e9);
    expect(time.isPausedAt(2e9)).toBe(false);
  });
});

describe('a closed loop that is steered', () => {
  test('draws no ticket while it is paused, and its duration waits', () => {
    const plan = planOf({ pattern: 'concurrency', concurrency: 2 }, { maxDurationNs: 1000 });
    const counter = createTicketCounter();
    const share = createPlanShare(plan, 0, 1, counter);
    share.change({ kind: 'pause', atNs: 100 });
    share.change({ kind: 'resume', atNs: 5000 });
    expect([0, 99, 100, 4999, 5000, 5899].map((elapsedNs) => share.advance(elapsedNs))).toEqual([
      ...[true, true, false, false, true, true],
    ]);
    expect(share.isUsedUp).toBe(false);
    expect(share.advance(5900)).toBe(false);
    expect(share.isUsedUp).toBe(true);
    expect(counter[0]).toBe(4);
  });
});
