import { expect, test } from 'vitest';
import type { ArrivalSettings, PhasePlan } from '../plan/plan.ts';
import { PhaseProgress } from './phase-progress.ts';

function planOf(maxSamples: number, arrivals: ArrivalSettings = { pattern: 'burst' }): PhasePlan {
  return {
    name: 'test',
    kind: 'performance',
    arrivals,
    order: { order: 'sequential', datasetSize: 1, seed: 1 },
    stop: { maxSamples, maxDurationNs: 1e9 },
  };
}

test.each([
  ['count', 7, false],
  ['duration', 8, false],
  ['idle', 8, false],
  ['stop', 7, true],
] as const)(
  'adds up what the workers sent and gave up; ended by %s',
  async (endedBy, maxSamples, stopped) => {
    const progress = new PhaseProgress(planOf(maxSamples), 2);
    if (endedBy === 'idle') progress.measuringStopped();
    progress.issuingDoneBy(0, false);
    progress.doneBy(0, { tickets: 3, sent: 3, conversations: 0, cutOff: 0, notSent: 0 });
    progress.issuingDoneBy(1, stopped);
    await progress.issuingDone;
    progress.doneBy(1, { tickets: 4, sent: 2, conversations: 0, cutOff: 0, notSent: 2 });
    expect(await progress.finished).toEqual({
      tickets: 7,
      sent: 5,
      conversations: 0,
      cutOff: 0,
      notSent: 2,
      endedBy,
      hasStoppedMeasuring: endedBy === 'idle',
    });
  },
);

test('is over only when each worker is', async () => {
  const progress = new PhaseProgress(planOf(1), 2);
  let settled = 0;
  void progress.issuingDone.then(() => (settled += 1));
  void progress.finished.then(() => (settled += 1));
  progress.issuingDoneBy(0, false);
  progress.issuingDoneBy(0, false);
  progress.doneBy(0, { tickets: 1, sent: 1, conversations: 0, cutOff: 0, notSent: 0 });
  await new Promise((resolve) => setImmediate(resolve));
  expect(settled).toBe(0);
});

test('a death waits for the others, then rejects; issuing is over all the same', async () => {
  const progress = new PhaseProgress(planOf(9), 2);
  let rejected = false;
  progress.finished.catch(() => (rejected = true));
  progress.diedWith(0, new Error('first'));
  progress.diedWith(0, new Error('again'));
  await new Promise((resolve) => setImmediate(resolve));
  expect(rejected).toBe(false);
  progress.issuingDoneBy(1, true);
  progress.doneBy(1, { tickets: 2, sent: 2, conversations: 0, cutOff: 0, notSent: 0 });
  await progress.issuingDone;
  await expect(progress.finished).rejects.toThrow('first');
});

test('knows whose tickets are shared', () => {
  expect(new PhaseProgress(planOf(1), 1).isClosedLoop).toBe(true);
  expect(new PhaseProgress(planOf(1, { pattern: 'concurrency', concurrency: 1 }), 1).isClosedLoop).toBe(true);
  expect(new PhaseProgress(planOf(1, { pattern: 'constant', ratePerSecond: 1 }), 1).isClosedLoop).toBe(false);
});
