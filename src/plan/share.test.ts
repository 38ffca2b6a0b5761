import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type ArrivalSettings,
  type PhasePlan,
  type PlanSegment,
  type PlanShare,
  type SampleOrderSettings,
  WHOLE_PLAN,
} from './plan.ts';
import { createSampleOrder } from './sample-order.ts';
import { createPlanShare, segmentSize } from './share.ts';
import { createTicketCounter } from './tickets.ts';

interface Issued {
  readonly index: number;
  readonly row: number;
  readonly dueNs: number;
}

const order: fc.Arbitrary<SampleOrderSettings> = fc.record({
  order: fc.constantFrom('without_replacement', 'with_replacement', 'sequential'),
  datasetSize: fc.integer({ min: 1, max: 12 }),
  seed: fc.nat(1000),
});

const openLoop: fc.Arbitrary<ArrivalSettings> = fc.oneof(
  fc.record({
    pattern: fc.constant('constant' as const),
    ratePerSecond: fc.double({ min: 0.5, max: 1e6, noNaN: true }),
  }),
  fc.record({
    pattern: fc.constant('poisson' as const),
    ratePerSecond: fc.double({ min: 0.5, max: 1e6, noNaN: true }),
    seed: fc.nat(1000),
  }),
);

const closedLoop: fc.Arbitrary<ArrivalSettings> = fc.constantFrom(
  { pattern: 'burst' },
  { pattern: 'concurrency', concurrency: 3 },
);

function plan(
  arrivals: ArrivalSettings,
  rows: SampleOrderSettings,
  stop: Partial<PhasePlan['stop']>,
): PhasePlan {
  return {
    name: 'phase',
    kind: 'performance',
    arrivals,
    order: rows,
    stop: { maxSamples: Infinity, maxDurationNs: Infinity, ...stop },
  };
}

function issued({ index, row, dueNs }: PlanShare): Issued {
  return { index, row, dueNs };
}

function drain(share: PlanShare): Issued[] {
  const samples: Issued[] = [];
  while (share.advance(0)) samples.push(issued(share));
  return samples;
}

function shares(of: PhasePlan, workerCount: number, segment: PlanSegment = WHOLE_PLAN): PlanShare[] {
  const counter = createTicketCounter();
  return Array.from({ length: workerCount }, (_, worker) =>
    createPlanShare(of, worker, workerCount, counter, segment),
  );
}

/** Of each of several load generators, whose numbers of workers differ. */
function segments(of: PhasePlan, workerCounts: readonly number[]): Issued[][] {
  const count = workerCounts.length;
  return workerCounts.map((workers, index) => shares(of, workers, { index, count }).flatMap(drain));
}

const byIndex = (a: Issued, b: Issued) => a.index - b.index;

describe('several load generators', () => {
  const workerCounts = fc.array(fc.integer({ min: 1, max: 4 }), { minLength: 1, maxLength: 5 });

  test('their segments are the plan of one, number i with generator i mod N, whatever their numbers of workers', () => {
    fc.assert(
      fc.property(
        fc.oneof(openLoop, closedLoop),
        order,
        fc.integer({ min: 1, max: 60 }),
        workerCounts,
        (arrivals, rows, maxSamples, workers) => {
          const phase = plan(arrivals, rows, { maxSamples });
          const alone = drain(shares(phase, 1)[0]!);
          const parts = segments(phase, workers);
          expect(parts.flat().sort(byIndex)).toEqual(alone);
          for (const [at, part] of parts.entries()) {
            expect(part.every(({ index }) => index % workers.length === at)).toBe(true);
            expect(part).toHaveLength(segmentSize(maxSamples, { index: at, count: workers.length }));
          }
        },
      ),
    );
  });

  test('a segment beyond the count is refused', () => {
    const phase = plan({ pattern: 'burst' }, { order: 'sequential', datasetSize: 1, seed: 0 }, {});
    expect(() => shares(phase, 1, { index: 2, count: 2 })).toThrow(
      'plan share: there is no segment 2 of 2; they are numbered from 0',
    );
  });
});

describe('open loop', () => {
  test('the shares of any number of workers are the plan of one, worker i mod W', () => {
    fc.assert(
      fc.property(
        openLoop,
        order,
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 1, max: 7 }),
        (arrivals, rows, maxSamples, workers) => {
          const phase = plan(arrivals, rows, { maxSamples });
          const alone = drain(shares(phase, 1)[0]!);
          const parts = shares(phase, workers).map(drain);
          expect(alone).toHaveLength(maxSamples);
          expect(parts.flat().sort(byIndex)).toEqual(alone);
          parts.forEach((part, worker) =>
            expect(part.every(({ index }) => index % workers === worker)).toBe(true),
          );
        },
      ),
    );
  });

  test('a duration ends the schedule at the first due time that reaches it, whatever the delay of a worker', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), fc.nat(20), (workers, elapsedNs) => {
        const phase = plan(
          { pattern: 'constant', ratePerSecond: 100 },
          { order: 'sequential', datasetSize: 3, seed: 0 },
          { maxDurationNs: 1e9 },
        );
        const samples: Issued[] = [];
        for (const share of shares(phase, workers))
          while (share.advance(elapsedNs * 1e9)) samples.push(issued(share));
        expect(samples.map(({ index }) => index).sort((a, b) => a - b)).toEqual(
          Array.from({ length: 100 }, (_, i) => i),
        );
      }),
    );
  });
});

describe('closed loop', () => {
  test('workers in any turn number the samples without a hole and follow one order', () => {
    fc.assert(
      fc.property(
        closedLoop,
        order,
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 1, max: 5 }),
        fc.infiniteStream(fc.nat(100)),
        (arrivals, rows, maxSamples, workers, turns) => {
          const wantedRows = createSampleOrder(rows);
          const parts = shares(plan(arrivals, rows, { maxSamples }), workers);
          const running = new Set(parts);
          for (let index = 0; running.size > 0;) {
            const share = [...running][turns.next().value! % running.size]!;
            if (!share.advance(0)) running.delete(share);
            else expect(issued(share)).toEqual({ index, row: wantedRows.rowOf(index++), dueNs: 0 });
            expect(index).toBeLessThanOrEqual(maxSamples);
          }
          expect(Math.max(...parts.map(({ index }) => index))).toBe(maxSamples - 1);
        },
      ),
    );
  });

  test('the counter is how many were issued, also after all workers were refused', () => {
    const counter = createTicketCounter();
    const phase = plan(
      { pattern: 'burst' },
      { order: 'sequential', datasetSize: 2, seed: 0 },
      { maxSamples: 5 },
    );
    const parts = [0, 1, 2].map((worker) => createPlanShare(phase, worker, 3, counter));
    for (let round = 0; round < 4; round++) for (const share of parts) share.advance(0);
    expect(counter[0]).toBe(5);
  });

  test('the duration is over at its end, takes no ticket, and stays over', () => {
    const counter = createTicketCounter();
    const phase = plan(
      { pattern: 'burst' },
      { order: 'sequential', datasetSize: 2, seed: 0 },
      { maxDurationNs: 1000 },
    );
    const share = createPlanShare(phase, 0, 1, counter);
    expect(share.advance(999)).toBe(true);
    expect(share.advance(1000)).toBe(false);
    expect(share.advance(0)).toBe(false);
    expect(counter[0]).toBe(1);
  });
});

describe('a plan that can not be followed is refused', () => {
  const rows: SampleOrderSettings = { order: 'sequential', datasetSize: 2, seed: 0 };
  test.each([
    [plan({ pattern: 'constant', ratePerSecond: 0 }, rows, {}), 'INFEROMETER_PLAN_RATE'],
    [plan({ pattern: 'poisson', ratePerSecond: Infinity, seed: 1 }, rows, {}), 'INFEROMETER_PLAN_RATE'],
    [plan({ pattern: 'concurrency', concurrency: 0 }, rows, {}), 'INFEROMETER_PLAN_CONCURRENCY'],
    [plan({ pattern: 'burst' }, { ...rows, datasetSize: 0 }, {}), 'INFEROMETER_PLAN_DATASET_SIZE'],
    [plan({ pattern: 'burst' }, rows, { maxSamples: 0 }), 'INFEROMETER_PLAN_STOP'],
    [plan({ pattern: 'burst' }, rows, { maxDurationNs: Number.NaN }), 'INFEROMETER_PLAN_STOP'],
  ])('%j', (phase, code) => {
    expect(() => createPlanShare(phase, 0, 1, createTicketCounter())).toThrow(
      expect.objectContaining({ code }),
    );
  });

  test('a worker beyond the count', () => {
    const phase = plan({ pattern: 'burst' }, rows, {});
    expect(() => createPlanShare(phase, 2, 2, createTicketCounter())).toThrow('worker 2 of 2');
  });
});
