import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRunClock, NS_PER_MS } from '../core/time.ts';
import { type PacedTask, Pacer, type Pacing } from './pacer.ts';

const clock = createRunClock();

/** Runs each task at its due times; gives [due, time of the run] in the order of the runs. */
async function runAll(pacing: Pacing, dueMs: readonly (readonly number[])[]): Promise<[number, number][]> {
  const pacer = new Pacer(clock, pacing);
  const startNs = clock.nowNs();
  const runs: [number, number][] = [];
  const all = dueMs.map(
    (times) =>
      new Promise<void>((resolve) => {
        const waiting = times.map((ms) => startNs + ms * NS_PER_MS).sort((a, b) => a - b);
        const task: PacedTask = {
          dueNs: waiting[0]!,
          run: () => {
            runs.push([waiting.shift()!, clock.nowNs()]);
            if (waiting.length === 0) resolve();
            else task.dueNs = waiting[0]!;
            return waiting.length > 0;
          },
        };
        pacer.schedule(task);
      }),
  );
  await Promise.all(all);
  pacer.close();
  return runs;
}

describe.each<Pacing>(['economy', 'precise'])('%s pacing', (pacing) => {
  test('runs every task at each of its times, in order and never early', async () => {
    const times = fc.array(fc.double({ min: -1, max: 8, noNaN: true }), { minLength: 1, maxLength: 6 });
    await fc.assert(
      fc.asyncProperty(fc.array(times, { minLength: 1, maxLength: 12 }), async (dueMs) => {
        const runs = await runAll(pacing, dueMs);
        expect(runs).toHaveLength(dueMs.flat().length);
        const due = runs.map(([dueNs]) => dueNs);
        expect(runs.every(([dueNs, atNs]) => atNs >= dueNs)).toBe(true);
        expect(due).toEqual(due.toSorted((a, b) => a - b));
      }),
      { numRuns: 20 },
    );
  });
});

test('an earlier task that comes later runs first', async () => {
  const pacer = new Pacer(clock, 'economy');
  const order: string[] = [];
  await new Promise<void>((resolve) => {
    const task = (name: string, afterMs: number, then?: () => void): PacedTask => ({
      dueNs: clock.nowNs() + afterMs * NS_PER_MS,
      run: () => {
        order.push(name);
        then?.();
        return false;
      },
    });
    pacer.schedule(task('late', 30, resolve));
    pacer.schedule(task('early', 5, () => pacer.schedule(task('between', 5))));
  });
  pacer.close();
  expect(order).toEqual(['early', 'between', 'late']);
});

test('a task that is due runs at once, and only its rest is scheduled', async () => {
  const pacer = new Pacer(clock, 'economy');
  const runs: string[] = [];
  await new Promise<void>((resolve) => {
    const task: PacedTask = {
      dueNs: clock.nowNs(),
      run: () => {
        runs.push('run');
        task.dueNs += 2 * NS_PER_MS;
        if (runs.filter((name) => name === 'run').length === 2) resolve();
        return runs.length < 3;
      },
    };
    pacer.runOrSchedule(task);
    runs.push('returned');
  });
  pacer.close();
  expect(runs).toEqual(['run', 'returned', 'run']);
});

test('nothing runs after close', async () => {
  const pacer = new Pacer(clock, 'economy');
  let ran = false;
  pacer.schedule({ dueNs: clock.nowNs() + NS_PER_MS, run: () => ((ran = true), false) });
  pacer.close();
  await new Promise((resolve) => setTimeout(resolve, 10));
  expect(ran).toBe(false);
});
