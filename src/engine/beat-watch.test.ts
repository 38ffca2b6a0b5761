import { expect, it } from 'vitest';
import { BeatWatch } from './beat-watch.ts';
import { COUNTERS } from './worker-messages.ts';

function watch(workers: number) {
  const counters = Array.from(
    { length: workers },
    () => new Int32Array(new SharedArrayBuffer(4 * COUNTERS.length)),
  );
  const told: (readonly [worker: number, stuckMs: number, isOver: boolean])[] = [];
  let nowMs = 0;
  const beats = new BeatWatch(
    counters,
    (...news) => told.push(news),
    () => nowMs,
  );
  return {
    told,
    look: (atMs: number, beating: readonly number[]) => {
      nowMs = atMs;
      for (const worker of beating) Atomics.add(counters[worker]!, COUNTERS.beat, 1);
      beats.look();
    },
  };
}

it('tells once that a worker is stuck, and once that it moves again', () => {
  const { told, look } = watch(2);
  for (let ms = 500; ms <= 4000; ms += 500) look(ms, [1]);
  expect(told).toEqual([[0, 2000, false]]);
  look(4500, [0, 1]);
  look(5000, [0, 1]);
  expect(told.slice(1)).toEqual([[0, 4000, true]]);
});

it('does not take a stop of the whole process for a stuck worker', () => {
  const { told, look } = watch(1);
  look(500, [0]);
  look(60_500, []);
  look(61_000, [0]);
  expect(told).toEqual([]);
});
