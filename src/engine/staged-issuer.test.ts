import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { NS_PER_MS, type Nanoseconds } from '../core/time.ts';
import { ConcurrencyProfile, type ConcurrencyStage } from '../plan/concurrency-profile.ts';
import type { PlanChange } from '../plan/steered-time.ts';
import { createPlanShare } from '../plan/share.ts';
import { createTicketCounter } from '../plan/tickets.ts';
import { Issuer } from './issuer.ts';
import { PacingRecord } from './pacing-record.ts';
import { shareOf } from './settings.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Two workers on a clock that the test moves, which keep all their slots in use. */
class Workers {
  nowMs = 0;
  readonly inFlight = [0, 0];
  readonly issuers: readonly Issuer[];

  constructor(stages: readonly ConcurrencyStage[]) {
    const profile = new ConcurrencyProfile(stages);
    const arrivals = { pattern: 'concurrency', concurrency: stages[0]!.from, stages } as const;
    const stop = { maxSamples: Infinity, maxDurationNs: profile.totalNs };
    const order = { order: 'sequential', datasetSize: 10, seed: 1 } as const;
    const counter = createTicketCounter();
    this.issuers = [0, 1].map(
      (worker) =>
        new Issuer({
          clock: { originNs: 0n, nowNs: () => (this.nowMs * NS_PER_MS) as Nanoseconds },
          pacing: 'economy',
          record: new PacingRecord(),
          share: createPlanShare(
            { name: 'test', kind: 'performance', arrivals, order, stop },
            worker,
            2,
            counter,
          ),
          stop,
          startNs: 0,
          slots: shareOf(arrivals.concurrency, worker, 2),
          slotsAt: (concurrency) => shareOf(concurrency, worker, 2),
          send: () => (this.inFlight[worker]! += 1),
          onIssuingDone: () => undefined,
          onFinished: () => undefined,
        }),
    );
    for (const issuer of this.issuers) issuer.start();
  }

  /** Lets time pass, ms by ms, and what is in flight above a number end. */
  goTo(ms: number, endAbove: (worker: number) => number): void {
    while (this.nowMs < ms) {
      this.nowMs += 1;
      vi.advanceTimersByTime(1);
      for (const [worker, issuer] of this.issuers.entries()) {
        for (; this.inFlight[worker]! > endAbove(worker); this.inFlight[worker]! -= 1) issuer.ticketEnded();
      }
      vi.advanceTimersByTime(0);
    }
  }

  change(change: PlanChange): void {
    const { kind } = change;
    for (const [worker, issuer] of this.issuers.entries()) {
      issuer.change(change, kind === 'concurrency' ? shareOf(change.concurrency, worker, 2) : undefined);
    }
  }
}

const stages: fc.Arbitrary<ConcurrencyStage[]> = fc
  .array(
    fc.record({
      ms: fc.integer({ min: 3, max: 40 }),
      value: fc.integer({ min: 0, max: 30 }),
      isRamp: fc.boolean(),
    }),
    { minLength: 1, maxLength: 5 },
  )
  .map((parts) => {
    let before = 0;
    return parts.map(({ ms, value, isRamp }) => {
      const stage = { forNs: ms * NS_PER_MS, from: isRamp ? before : value, to: value };
      before = value;
      return stage;
    });
  })
  .filter((list) => list.some(({ from, to }) => from + to > 0));

test('each worker has its share in flight at any time', () => {
  fc.assert(
    fc.property(stages, fc.double({ min: 0.1, max: 1, noNaN: true }), (list, share) => {
      const profile = new ConcurrencyProfile(list);
      const workers = new Workers(list);
      // A timer may be a ms behind, so what is looked at is where nothing changed for two.
      const ms = Math.floor((profile.totalNs / NS_PER_MS) * share);
      const planned = (worker: number) => shareOf(profile.at(workers.nowMs * NS_PER_MS), worker, 2);
      workers.goTo(ms, planned);
      const steadySince = [0, 1, 2].map((back) => profile.at((ms - back) * NS_PER_MS));
      if (ms < 2 || ms * NS_PER_MS >= profile.totalNs || new Set(steadySince).size > 1) return;
      expect(workers.inFlight).toEqual([planned(0), planned(1)]);
    }),
    { numRuns: 300 },
  );
});

test('a pause moves the stages behind it, and a number set by hand ends them, not those before', () => {
  const workers = new Workers([
    { forNs: 100 * NS_PER_MS, from: 4, to: 4 },
    { forNs: 100 * NS_PER_MS, from: 10, to: 10 },
    { forNs: 100 * NS_PER_MS, from: 20, to: 20 },
  ]);
  const all = () => workers.inFlight[0]! + workers.inFlight[1]!;
  workers.goTo(20, () => Infinity);
  expect(all()).toBe(4);
  workers.change({ kind: 'pause', atNs: 50 * NS_PER_MS });
  workers.goTo(60, () => Infinity);
  workers.change({ kind: 'resume', atNs: 100 * NS_PER_MS });
  workers.goTo(140, () => Infinity);
  expect(all()).toBe(4);
  // 100 ms that were not paused are over at 150 ms, which comes before what is set now.
  workers.change({ kind: 'concurrency', concurrency: 13, atNs: 180 * NS_PER_MS });
  workers.goTo(170, () => Infinity);
  expect(all()).toBe(10);
  workers.goTo(190, () => Infinity);
  expect(all()).toBe(13);
  workers.goTo(320, () => Infinity);
  expect(all()).toBe(13);
});
