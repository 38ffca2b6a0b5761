import { setImmediate as read } from 'node:timers/promises';
import fc from 'fast-check';
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import type { Nanoseconds, RunClock } from '../core/time.ts';
import { Deadlines, type Timed } from './deadlines.ts';

class Item implements Timed {
  deadlineNs = 0;
  previous: Timed | undefined;
  next: Timed | undefined;
  readonly name: number;
  readonly #late: number[];

  constructor(name: number, late: number[]) {
    this.name = name;
    this.#late = late;
  }

  onTimeout(): void {
    this.#late.push(this.name);
  }
}

let nowMs = 0;
const clock: RunClock = { originNs: 0n, nowNs: () => (nowMs * 1e6) as Nanoseconds };

async function advance(ms: number): Promise<void> {
  nowMs += ms;
  vi.advanceTimersByTime(ms);
  await read();
}

beforeEach(() => {
  nowMs = 0;
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
});

afterEach(() => void vi.useRealTimers());

test('tells each item that was not stopped, in order and when its time is up', async () => {
  const step = fc.tuple(fc.constantFrom('start', 'stop'), fc.nat({ max: 5 }), fc.nat({ max: 40 }));
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 60 }), async (steps) => {
      nowMs = 0;
      const late: number[] = [];
      const deadlines = new Deadlines(clock, 100);
      const items = Array.from({ length: 6 }, (_, name) => new Item(name, late));
      const expected: number[] = [];
      let running: { readonly name: number; readonly untilMs: number }[] = [];
      const pass = async (ms: number) => {
        for (let passed = 0; passed < ms; passed++) {
          await advance(1);
          expected.push(...running.filter(({ untilMs }) => untilMs <= nowMs).map(({ name }) => name));
          running = running.filter(({ untilMs }) => untilMs > nowMs);
        }
      };
      for (const [what, name, waitMs] of steps) {
        running = running.filter((item) => item.name !== name);
        if (what === 'start') {
          deadlines.start(items[name]!, clock.nowNs());
          running.push({ name, untilMs: nowMs + 100 });
        } else deadlines.stop(items[name]!);
        await pass(waitMs);
        expect(late).toEqual(expected);
      }
      await pass(200);
      expect(late).toEqual(expected);
      expect(vi.getTimerCount()).toBe(0);
    }),
    { numRuns: 60 },
  );
});

test('needs one timer however many items there are, and none after the end', async () => {
  const late: number[] = [];
  const deadlines = new Deadlines(clock, 1000);
  for (let name = 0; name < 50; name++) {
    deadlines.start(new Item(name, late), clock.nowNs());
    await advance(1);
  }
  expect(vi.getTimerCount()).toBe(1);
  deadlines.close();
  expect(vi.getTimerCount()).toBe(0);
});

test('a limit beyond what a timer can take is no reason to fire at once', async () => {
  const late: number[] = [];
  const deadlines = new Deadlines(clock, 2 ** 40);
  deadlines.start(new Item(0, late), clock.nowNs());
  await advance(2 ** 31);
  expect(late).toEqual([]);
});

test('counts from the time given, also when that is before others began', async () => {
  const late: number[] = [];
  const deadlines = new Deadlines(clock, 100);
  const startedAt = (name: number, ms: number) => deadlines.start(new Item(name, late), ms * 1e6);
  await advance(90);
  startedAt(0, 10);
  startedAt(1, 90);
  startedAt(2, 50);
  startedAt(3, 5);
  await advance(15);
  expect(late).toEqual([3]);
  await advance(5);
  expect(late).toEqual([3, 0]);
  await advance(40);
  expect(late).toEqual([3, 0, 2]);
  await advance(40);
  expect(late).toEqual([3, 0, 2, 1]);
  deadlines.close();
});
