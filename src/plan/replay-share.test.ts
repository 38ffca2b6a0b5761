import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { arrivalsBefore, busiestSecond, meanArrivalRate, replaySchedule } from './arrivals/replay.ts';
import type { PhasePlan } from './plan.ts';
import { checkPlanLimits } from './sample-limit.ts';
import { createPlanShare } from './share.ts';
import type { PlanChange } from './steered-time.ts';
import { createTicketCounter } from './tickets.ts';

const MS = 1e6;
const S = 1e9;

/** Times of a trace, ms, as many formats have them: some at once, some far apart. */
const traceMs = fc
  .array(fc.oneof(fc.constant(0), fc.double({ min: 0, max: 3000, noNaN: true })), {
    minLength: 1,
    maxLength: 60,
  })
  .chain((gaps) => fc.integer({ min: 0, max: 1e9 }).map((first) => times(gaps, first)));

function times(gapsMs: readonly number[], firstMs: number): Float64Array {
  let at = firstMs;
  return Float64Array.from([0, ...gapsMs], (gap) => (at += gap));
}

function planOf(dueNs: SharedArrayBuffer, stop: Partial<PhasePlan['stop']> = {}): PhasePlan {
  return {
    name: 'performance',
    kind: 'performance',
    arrivals: { pattern: 'replay', dueNs, ratePerSecond: meanArrivalRate(dueNs) },
    order: { order: 'sequential', datasetSize: dueNs.byteLength / 8, seed: 1 },
    stop: { maxSamples: Infinity, maxDurationNs: Infinity, ...stop },
  };
}

interface Issued {
  readonly index: number;
  readonly row: number;
  readonly dueNs: number;
}

/** What all workers together issue, in order of arrival. */
function issued(plan: PhasePlan, workers = 1, changes: readonly PlanChange[] = []): Issued[] {
  const samples: Issued[] = [];
  for (let worker = 0; worker < workers; worker++) {
    const share = createPlanShare(plan, worker, workers, createTicketCounter());
    for (const change of changes) share.change(change);
    while (share.advance(0)) samples.push({ index: share.index, row: share.row, dueNs: share.dueNs });
  }
  return samples.sort((a, b) => a.index - b.index);
}

const dueTimes = (...args: Parameters<typeof issued>) => issued(...args).map(({ dueNs }) => dueNs);
const list = (dueNs: SharedArrayBuffer) => [...new Float64Array(dueNs)];

describe('the schedule of a trace', () => {
  test('keeps its times from the first arrival on, at any speed', () => {
    fc.assert(
      fc.property(traceMs, fc.double({ min: 0.01, max: 1000, noNaN: true }), (trace, speed) => {
        const due = list(replaySchedule(trace, { speed }));
        expect(due[0]).toBe(0);
        for (const [index, dueNs] of due.entries()) {
          expect(Number.isInteger(dueNs)).toBe(true);
          const exact = ((trace[index]! - trace[0]!) * MS) / speed;
          // The last bit of a time of days is more than a ns.
          expect(Math.abs(dueNs - exact)).toBeLessThanOrEqual(1 + exact * 2 ** -50);
        }
      }),
    );
  });

  test('cuts gaps to the idle cap, which is time of the run, and keeps the others', () => {
    fc.assert(
      fc.property(
        traceMs,
        fc.double({ min: 0.1, max: 10, noNaN: true }),
        fc.integer({ min: 1, max: 2000 }),
        (trace, speed, idleCapMs) => {
          const due = list(replaySchedule(trace, { speed, idleCapMs }));
          const all = list(replaySchedule(trace, { speed }));
          for (let i = 1; i < due.length; i++) {
            const wanted = Math.min(all[i]! - all[i - 1]!, idleCapMs * MS);
            expect(Math.abs(due[i]! - due[i - 1]! - wanted)).toBeLessThanOrEqual(2);
          }
        },
      ),
    );
  });

  test('does not drift: arrival i of an even trace at three times its speed is i thirds of its gap', () => {
    const due = list(
      replaySchedule(
        Float64Array.from({ length: 100_000 }, (_, i) => i),
        { speed: 3 },
      ),
    );
    expect(due).toEqual(Array.from({ length: 100_000 }, (_, i) => Math.round((i * MS) / 3)));
  });

  test.each([
    [{ speed: 0 }, 'speed: must be a finite number above 0 (got 0)'],
    [{ speed: NaN }, 'speed: must be a finite number above 0 (got NaN)'],
    [{ speed: 1e-9 }, 'the replay would take'],
  ])('refuses %j', (timing, message) => {
    expect(() => replaySchedule(Float64Array.of(0, 1000), timing)).toThrow(message);
  });
});

describe('a replay', () => {
  test('is the same for any number of workers: arrival i is row i, and belongs to worker i mod W', () => {
    fc.assert(
      fc.property(traceMs, fc.integer({ min: 2, max: 7 }), (trace, workers) => {
        const plan = planOf(replaySchedule(trace));
        const alone = issued(plan);
        expect(alone.map(({ dueNs }) => dueNs)).toEqual(list(replaySchedule(trace)));
        expect(alone.every(({ index, row }) => index === row)).toBe(true);
        expect(issued(plan, workers)).toEqual(alone);
        const share = createPlanShare(plan, workers - 1, workers, createTicketCounter());
        while (share.advance(0)) expect(share.index % workers).toBe(workers - 1);
        expect(share.isUsedUp).toBe(true);
      }),
    );
  });

  test('ends with its last arrival, or before by a number or a duration', () => {
    const dueNs = replaySchedule(Float64Array.of(0, 100, 100, 250, 900));
    expect(dueTimes(planOf(dueNs))).toHaveLength(5);
    expect(dueTimes(planOf(dueNs, { maxSamples: 2 }))).toHaveLength(2);
    expect(dueTimes(planOf(dueNs, { maxDurationNs: 250 * MS }), 2)).toEqual([0, 100 * MS, 100 * MS]);
    // Behind it the phase goes on until its time is over.
    const share = createPlanShare(planOf(dueNs, { maxDurationNs: 800 * MS }), 0, 1, createTicketCounter());
    while (share.advance(0));
    expect([share.isUsedUp, share.endNs]).toEqual([false, 800 * MS]);
  });

  test('is put off by a pause, and goes faster at a higher rate, whatever the number of workers', () => {
    const dueNs = replaySchedule(Float64Array.of(0, 100, 200, 300, 400));
    const paused: PlanChange[] = [
      { atNs: 150 * MS, kind: 'pause' },
      { atNs: 1150 * MS, kind: 'resume' },
    ];
    const later = [0, 100, 1200, 1300, 1400].map((ms) => ms * MS);
    // It has 10 arrivals a second on average, so 20 is twice its speed.
    const faster: PlanChange[] = [{ atNs: 200 * MS, kind: 'rate', ratePerSecond: 20 }];
    const sooner = [0, 100, 200, 250, 300].map((ms) => ms * MS);
    for (const workers of [1, 2, 3]) {
      expect(dueTimes(planOf(dueNs), workers, paused)).toEqual(later);
      expect(dueTimes(planOf(dueNs), workers, faster)).toEqual(sooner);
    }
  });

  test('without any limit has as many samples as arrivals, which a run can number', () => {
    const plan = planOf(replaySchedule(Float64Array.of(0, 100, 200)));
    expect(() => checkPlanLimits([plan])).not.toThrow();
  });
});

describe('what is told of a schedule', () => {
  test('agrees with counting', () => {
    fc.assert(
      fc.property(traceMs, fc.integer({ min: 0, max: 100 * S }), (trace, endNs) => {
        const dueNs = replaySchedule(trace);
        const due = list(dueNs);
        expect(arrivalsBefore(dueNs, endNs)).toBe(due.filter((at) => at < endNs).length);
        const busiest = Math.max(
          ...due.map((from, first) => due.slice(first).filter((at) => at - from < S).length),
        );
        expect(busiestSecond(dueNs)).toBe(busiest);
      }),
    );
  });

  test('the average is over the time in which arrivals are due', () => {
    const dueNs = replaySchedule(Float64Array.of(0, 1000, 2000, 4000));
    expect(meanArrivalRate(dueNs)).toBe(0.75);
    expect(meanArrivalRate(dueNs, 3 * S)).toBe(1);
    expect(meanArrivalRate(dueNs, 60 * S)).toBe(0.75);
    expect(meanArrivalRate(replaySchedule(Float64Array.of(5, 5, 5)))).toBeNull();
  });
});
