import { expect, test } from 'vitest';
import type { SampleCounts } from '../../engine/worker-pool.ts';
import { ProgressWatch } from './progress-watch.ts';

const REFUSED = { errorType: 'connection_refused', errorMessage: 'nobody listens' };

/** A watch, and what it told: warnings as they are, the hopeless behind `!`. */
function watched() {
  const told: string[] = [];
  const watch = new ProgressWatch(
    { onWarning: (message) => told.push(message), onHopeless: (message) => told.push(`! ${message}`) },
    { maxConnections: 4, isMaxInFlight: false, flag: '--max-connections' },
  );
  const look = (nowMs: number, counts: Partial<SampleCounts>) => {
    watch.look(
      {
        issued: 1,
        completed: 0,
        inFlight: 0,
        succeeded: 0,
        errored: 0,
        waiting: 0,
        lastReadMs: 0,
        ...counts,
      },
      nowMs,
    );
  };
  return { watch, look, told };
}

test('tells the first failure at once, no success after 5 s, and gives up after 30', () => {
  const { watch, look, told } = watched();
  look(0, {});
  watch.onFirstFailure(REFUSED);
  look(250, { completed: 3 });
  expect(told.splice(0)).toEqual(['the first response failed: connection_refused: nobody listens']);
  look(4900, { completed: 40 });
  expect(told).toEqual([]);
  look(5000, { completed: 41 });
  expect(told.splice(0)).toEqual([
    'no request has succeeded so far: 41 failed, the first with connection_refused: nobody listens',
  ]);
  look(29_900, { completed: 200 });
  expect(told).toEqual([]);
  look(30_000, { completed: 201 });
  look(40_000, { completed: 300 });
  expect(told).toEqual([
    '! no request succeeded in 30 s: 201 failed, the first with connection_refused: nobody listens',
  ]);
});

test('tells no success after 100 failures however fast they came', () => {
  const { watch, look, told } = watched();
  watch.onFirstFailure(REFUSED);
  look(0, { completed: 99 });
  look(10, { completed: 100 });
  expect(told.at(-1)).toContain('no request has succeeded so far: 100 failed');
});

test('waits for a target that is slow, and says nothing of one that has succeeded', () => {
  const { watch, look, told } = watched();
  look(0, {});
  look(60_000, { issued: 50, inFlight: 50 });
  watch.onFirstFailure(REFUSED);
  look(61_000, { completed: 500, succeeded: 1 });
  expect(told).toEqual([]);
});

test('does not give up while nothing is sent, as during a pause, but on the next failure', () => {
  const { watch, look, told } = watched();
  watch.onFirstFailure(REFUSED);
  for (let second = 0; second < 60; second++) look(second * 1000, { completed: 1 });
  expect(told.filter((line) => line.startsWith('!'))).toEqual([]);
  look(61_000, { issued: 2, completed: 2 });
  expect(told.at(-1)).toBe(
    '! no request succeeded in 61 s: 2 failed, the first with connection_refused: nobody listens',
  );
});

test('does not give up a slow target that turned a few away', () => {
  const { watch, look, told } = watched();
  watch.onFirstFailure({ errorType: 'http_503', errorMessage: 'HTTP 503' });
  for (let second = 0; second < 60; second++) {
    look(second * 1000, { issued: 100, completed: 1 + Math.floor(second / 10), inFlight: 90 });
  }
  expect(told.filter((line) => line.startsWith('!'))).toEqual([]);
});

test('tells a backlog that does not shrink for 5 s, once', () => {
  const { look, told } = watched();
  for (let second = 0; second < 20; second++) look(second * 1000, { waiting: second < 8 ? 20 - second : 20 });
  expect(told).toEqual([
    '20 requests are due and waiting for one of 4 connections: raise --max-connections, or lower the rate',
  ]);
});
