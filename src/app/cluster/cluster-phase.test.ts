import { describe, expect, test } from 'vitest';
import type { AgentNews } from '../../core/agent-news.ts';
import type { PhasePlan } from '../../plan/plan.ts';
import { ClusterPhase } from './cluster-phase.ts';

type PhaseDone = Extract<AgentNews, { readonly event: 'phase_done' }>;

const plan = (maxSamples: number): PhasePlan => ({
  ...{ name: 'p', kind: 'performance', arrivals: { pattern: 'burst' } },
  order: { order: 'sequential', datasetSize: 1, seed: 0 },
  stop: { maxSamples, maxDurationNs: Infinity },
});

const done = (agent: number, tickets: number, ended: PhaseDone['ended_by'] = 'duration'): PhaseDone => ({
  ...{ agent, at_ns: 0, event: 'phase_done', phase: 0, tickets, conversations: 0, cut_off: 0 },
  ...{ sent: tickets, not_sent: 0, ended_by: ended, stopped_measuring: false },
});

/** Whether a promise has settled by now. */
async function hasSettled(promise: Promise<unknown>): Promise<boolean> {
  const pending = Symbol();
  return (await Promise.race([promise, Promise.resolve(pending)])) !== pending;
}

describe('a phase of several agents', () => {
  test('is over when each is done, and its numbers reach as far as those of the one with most', async () => {
    const phase = new ClusterPhase(plan(Infinity), 3);
    phase.issuingDoneBy(0);
    phase.doneBy(done(0, 10));
    phase.doneBy(done(1, 4));
    expect(await hasSettled(phase.issuingDone)).toBe(false);
    phase.issuingDoneBy(2);
    expect(await hasSettled(phase.issuingDone)).toBe(true);
    expect(await hasSettled(phase.finished)).toBe(false);
    phase.doneBy(done(2, 9));
    expect(await phase.finished).toMatchObject({
      ...{ tickets: 23, sent: 23, endedBy: 'duration', areCountsPartial: false },
      // Agent 0 has the numbers 0, 3, … 27.
      numbered: { samples: 28, conversations: 0 },
    });
  });

  test.each([
    ['count', 20, ['count', 'count']],
    ['stop', 20, ['count', 'stop']],
    ['duration', 21, ['count', 'duration']],
  ] as const)('ends by %s', async (endedBy, maxSamples, [first, second]) => {
    const phase = new ClusterPhase(plan(maxSamples), 2);
    phase.doneBy(done(0, 10, first));
    phase.doneBy(done(1, 10, second));
    expect(await phase.finished).toMatchObject({ endedBy, tickets: 20 });
  });

  test('does not wait for a lost agent, unless that returns in time', async () => {
    const phase = new ClusterPhase(plan(20), 2);
    phase.lost(1);
    phase.returned(1);
    phase.doneBy(done(0, 10, 'count'));
    expect(await hasSettled(phase.finished)).toBe(false);
    phase.lost(1);
    const counts = await phase.finished;
    expect(counts).toMatchObject({ tickets: 10, areCountsPartial: true });
    // Each of two agents may have sent so many more.
    expect(counts.numbered!.samples).toBe(19 + 2 * 2 ** 22);
  });

  test('fails with an agent that can’t carry it out, once the others are done', async () => {
    const phase = new ClusterPhase(plan(20), 2);
    phase.failedBy(0, new Error('no sockets'));
    expect(await hasSettled(phase.finished.catch(() => undefined))).toBe(false);
    phase.doneBy(done(1, 3, 'stop'));
    await expect(phase.finished).rejects.toThrow('no sockets');
  });
});
