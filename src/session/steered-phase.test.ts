import { describe, expect, it } from 'vitest';
import { meanArrivalRate, replaySchedule } from '../plan/arrivals/replay.ts';
import { SteeredPhase } from './steered-phase.ts';

const MS = 1e6;

function replayOf(...timesMs: readonly number[]): SteeredPhase {
  const dueNs = replaySchedule(Float64Array.from(timesMs));
  return new SteeredPhase(
    {
      ...{ name: 'performance', kind: 'performance' },
      arrivals: { pattern: 'replay', dueNs, ratePerSecond: meanArrivalRate(dueNs) },
      order: { order: 'sequential', datasetSize: timesMs.length, seed: 1 },
      stop: { maxSamples: timesMs.length, maxDurationNs: Infinity },
    },
    0,
  );
}

describe('a replay', () => {
  it('is at its mean rate until it is given another one', () => {
    const phase = replayOf(0, 100, 700, 1000);
    expect(phase.stateAt(0)).toEqual({ isPaused: false, ratePerSecond: 3, concurrency: null });
    expect(phase.steer({ kind: 'rate', ratePerSecond: 6 }, 200 * MS)).toEqual({
      ...{ atNs: 250 * MS, kind: 'rate', ratePerSecond: 6 },
    });
    expect(phase.stateAt(300 * MS)).toMatchObject({ ratePerSecond: 6 });
  });

  it('of requests that all come at once has no rate, and can be paused all the same', () => {
    const phase = replayOf(5, 5, 5);
    expect(phase.stateAt(0)).toMatchObject({ ratePerSecond: null });
    expect(phase.steer({ kind: 'rate', ratePerSecond: 6 }, 0)).toBeUndefined();
    expect(phase.steer({ kind: 'pause' }, 0)).toMatchObject({ kind: 'pause' });
  });
});
