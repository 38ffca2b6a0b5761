import { Worker } from 'node:worker_threads';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RandomSource } from '../core/random.ts';
import { scheduleAtRate } from './arrivals/arrival-processes.ts';
import { PoissonArrivals } from './arrivals/poisson.ts';
import { createSampleOrder } from './sample-order.ts';
import { createStopRule } from './stop-rule.ts';
import { createTicketCounter } from './tickets.ts';

test('constant arrivals do not drift: arrival i is i / rate to the nearest ns', () => {
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 300_000 }), (rate) => {
      const arrivals = scheduleAtRate('constant', rate, { seed: 0, burstiness: 1 });
      for (let i = 0n; i < 2000n; i++) {
        const exact = (2_000_000_000n * i + BigInt(rate)) / (2n * BigInt(rate));
        expect(arrivals.nextDueNs()).toBe(Number(exact));
      }
    }),
    { numRuns: 20 },
  );
});

test('poisson gaps average 1 / rate and each is at least 1 ns', () => {
  const arrivals = new PoissonArrivals(2e9, 3);
  let beforeNs = 0;
  for (let i = 0; i < 1000; i++) {
    const dueNs = arrivals.nextDueNs();
    expect(dueNs - beforeNs).toBeGreaterThanOrEqual(1);
    beforeNs = dueNs;
  }
  const slow = new PoissonArrivals(1000, 3);
  let lastNs = 0;
  for (let i = 0; i < 20_000; i++) lastNs = slow.nextDueNs();
  expect(lastNs / 20_000 / 1e6).toBeCloseTo(1, 1);
});

/** The order as the reference makes it: one list, shuffled anew whenever it is used up. */
function naiveWithoutReplacement(datasetSize: number, seed: number, count: number): number[] {
  const random = new RandomSource(seed);
  const rows = Array.from({ length: datasetSize }, (_, row) => row);
  const order: number[] = [];
  while (order.length < count) {
    random.shuffle(rows);
    order.push(...rows);
  }
  return order;
}

test('without replacement is the repeated shuffle, also for a caller that leaves samples out', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 9 }),
      fc.nat(100),
      fc.array(fc.nat(25), { minLength: 1, maxLength: 20 }),
      (datasetSize, seed, steps) => {
        const order = createSampleOrder({ order: 'without_replacement', datasetSize, seed });
        let index = 0;
        const wanted = naiveWithoutReplacement(datasetSize, seed, 25 * 20 + 1);
        for (const step of steps) {
          index += step;
          expect(order.rowOf(index)).toBe(wanted[index]);
        }
      },
    ),
  );
});

test('limits that are absent do not exist', () => {
  expect(createStopRule({})).toEqual({ maxSamples: Infinity, maxDurationNs: Infinity });
  expect(createStopRule({ maxSamples: 3, maxDurationMs: 2 })).toEqual({ maxSamples: 3, maxDurationNs: 2e6 });
});

test('threads that draw at once get each ticket exactly once', async () => {
  const counter = createTicketCounter();
  const module = new URL('./tickets.ts', import.meta.url).href;
  const source = `
    const { parentPort, workerData } = require('node:worker_threads');
    import(workerData.module).then(({ drawTicket }) => {
      const drawn = [];
      for (let ticket; (ticket = drawTicket(workerData.counter, 20000)) >= 0; ) drawn.push(ticket);
      parentPort.postMessage(drawn);
    });`;
  const threads = [0, 1, 2].map(() => new Worker(source, { eval: true, workerData: { module, counter } }));
  const drawn = await Promise.all(
    threads.map(
      (thread) =>
        new Promise<number[]>((resolve, reject) => thread.once('message', resolve).once('error', reject)),
    ),
  );
  await Promise.all(threads.map((thread) => thread.terminate()));
  expect(counter[0]).toBe(20_000);
  expect(drawn.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: 20_000 }, (_, i) => i));
});
