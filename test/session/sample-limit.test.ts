import { describe, expect, it } from 'vitest';
import { EventKind } from '../../src/core/event-types.ts';
import { createLog } from '../../src/core/log.ts';
import { createRunClock } from '../../src/core/time.ts';
import type { PhasePlan } from '../../src/plan/plan.ts';
import { MAX_RUN_SAMPLES } from '../../src/plan/sample-limit.ts';
import { MAX_TICKETS } from '../../src/plan/tickets.ts';
import type { PlacedPhase } from '../../src/engine/settings.ts';
import { type LoadEngine, type PhaseResult, Session } from '../../src/session/session.ts';
import { oneAtATime, phase } from './fixture.ts';

/** An engine that carries out any plan at once: what it is about takes days on a real one. */
class InstantEngine implements LoadEngine {
  readonly phases: PlacedPhase[] = [];

  runPhase(placed: PlacedPhase) {
    this.phases.push(placed);
    const { maxSamples } = placed.plan.stop;
    const counts = {
      tickets: maxSamples,
      conversations: 0,
      cutOff: 0,
      sent: maxSamples,
      notSent: 0,
      endedBy: 'count',
    } as const;
    return { issuingDone: Promise.resolve(), finished: Promise.resolve(counts) };
  }

  changePlan(): void {}
  stopIssuing(): void {}
  cancelInFlight(): void {}
}

async function carriedOut(phases: readonly PhasePlan[]) {
  const engine = new InstantEngine();
  const told: PhaseResult[] = [];
  const seen: EventKind[] = [];
  const session = new Session({
    ...{ engine, clock: createRunClock(), phases, drainTimeoutMs: 1000, log: createLog(() => undefined) },
    record: (kind) => seen.push(kind),
    onPhaseEnd: (result) => {
      told.push(result);
      seen.push(-1 as EventKind);
    },
  });
  const outcome = await session.run();
  return { placed: engine.phases, told, outcome, seen };
}

describe('a phase with more samples than can be numbered', () => {
  it('ends at the most one can have, and says why', async () => {
    const { placed, told, outcome } = await carriedOut([phase({ arrivals: oneAtATime, maxDurationMs: 1e9 })]);
    expect(placed[0]!.plan.stop.maxSamples).toBe(MAX_TICKETS);
    expect(told).toEqual(outcome.phases);
    expect(told[0]).toMatchObject({ endedBy: 'limit', tickets: MAX_TICKETS });
  });

  it('has what the phases before it left of the numbers of the run', async () => {
    const { placed, told } = await carriedOut(
      Array.from({ length: 3 }, () => phase({ arrivals: oneAtATime, maxSamples: MAX_TICKETS })),
    );
    expect(placed.map(({ firstSampleSeq }) => firstSampleSeq)).toEqual([0, MAX_TICKETS, 2 * MAX_TICKETS]);
    expect(told.map(({ endedBy }) => endedBy)).toEqual(['count', 'count', 'limit']);
    expect(told.reduce((sum, { tickets }) => sum + tickets, 0)).toBe(MAX_RUN_SAMPLES);
  });
});

it('tells the end of a phase before the metrics stop to track it', async () => {
  const { seen } = await carriedOut([phase({ arrivals: oneAtATime, maxSamples: 3 })]);
  expect(seen.indexOf(-1 as EventKind)).toBeLessThan(seen.indexOf(EventKind.sessionStopTracking));
  expect(seen).toContain(-1);
});
