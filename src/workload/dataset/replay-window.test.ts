import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { replayWindow } from './replay-window.ts';

const windowOf = (timesMs: readonly number[], options: Parameters<typeof replayWindow>[2] = {}) => {
  const { order, dueNs, outOfOrder } = replayWindow('t.jsonl', Float64Array.from(timesMs), options);
  return { order: [...order], dueMs: [...new Float64Array(dueNs)].map((ns) => ns / 1e6), outOfOrder };
};

describe('the part of a trace that is replayed', () => {
  test('is in order of time; what comes at once stays in the order of the file', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(50), { minLength: 1, maxLength: 40 }), (times) => {
        const { order, dueMs } = windowOf(times);
        const wanted = times
          .map((ms, index) => ({ ms, index }))
          .sort((a, b) => a.ms - b.ms || a.index - b.index);
        expect(order).toEqual(wanted.map(({ index }) => index));
        expect(dueMs).toEqual(wanted.map(({ ms }) => ms - wanted[0]!.ms));
      }),
    );
  });

  test('is counted where it is out of order', () => {
    expect(windowOf([5, 1, 9, 8, 8, 10]).outOfOrder).toBe(3);
    expect(windowOf([1, 2, 2, 3]).outOfOrder).toBe(0);
  });

  test('is cut on the clock of the trace, and begins with its first arrival', () => {
    const times = [1000, 1200, 1500, 1900, 3000];
    expect(windowOf(times, { fromMs: 300, toMs: 2000 })).toMatchObject({ order: [2, 3], dueMs: [0, 400] });
    expect(windowOf(times, { fromMs: 200, toMs: 900, speed: 2 })).toMatchObject({
      order: [1, 2],
      dueMs: [0, 150],
    });
    expect(windowOf(times, { fromMs: 2000 })).toMatchObject({ order: [4], dueMs: [0] });
    expect(windowOf(times, { idleCapMs: 250 }).dueMs).toEqual([0, 200, 450, 700, 950]);
  });

  test('windows that follow one another have each arrival once', () => {
    const times = fc.array(fc.nat(1000), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(times, fc.integer({ min: 1, max: 999 }), (timesMs, cutMs) => {
        const span = Math.max(...timesMs) - Math.min(...timesMs);
        fc.pre(cutMs <= span);
        const both = [windowOf(timesMs, { toMs: cutMs }), windowOf(timesMs, { fromMs: cutMs })];
        expect(both.flatMap(({ order }) => order)).toEqual(windowOf(timesMs).order);
      }),
    );
  });

  test('has no more than a run sends, and one behind its duration that it waits for in vain', () => {
    const times = [0, 100, 200, 300, 400];
    expect(windowOf(times, { maxArrivals: 2 }).order).toEqual([0, 1]);
    expect(windowOf(times, { maxDurationNs: 200e6 }).order).toEqual([0, 1, 2]);
    expect(windowOf(times, { maxDurationNs: 400e6, speed: 0.5 }).order).toEqual([0, 1, 2]);
    expect(windowOf(times, { maxDurationNs: 9e9 }).order).toEqual([0, 1, 2, 3, 4]);
  });

  test.each([
    [
      { fromMs: 600_000 },
      't.jsonl: --from 10m 00s is behind the end of the trace, whose last arrival comes 9.00 s after its first',
    ],
    [
      { fromMs: 1000, toMs: 2000 },
      't.jsonl: has no arrival from 1.00 s to 2.00 s of its time (--from, --to); it has 3 arrivals in all',
    ],
  ])('%j is refused', (options, message) => {
    expect(() => windowOf([0, 500, 9000], options)).toThrow(message);
  });
});
