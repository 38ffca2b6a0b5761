import { describe, expect, it } from 'vitest';
import { SILENT_LOG } from '../../core/log.ts';
import type { RunHistory } from '../../core/run-history.ts';
import { MetricsRegistry } from '../../metrics/registry.ts';
import { asJson, type Json, type MetricsSnapshot, type SessionState } from '../../metrics/snapshot.ts';
import { LiveUpdates, verdictSoFar } from './live-updates.ts';

interface MadeUp {
  readonly atSeconds?: number;
  readonly state?: SessionState;
  readonly ended?: number;
  readonly errored?: number;
  readonly extras?: { readonly [key: string]: Json };
}

function snapshotOf({ atSeconds = 1, state = 'live', ended = 1000, errored = 0, extras }: MadeUp) {
  const registry = new MetricsRegistry({ log: SILENT_LOG });
  const counters = {
    total_samples_issued: ended,
    tracked_samples_issued: ended,
    tracked_samples_completed: ended,
    tracked_samples_succeeded: ended - errored,
    tracked_samples_errored: errored,
  };
  for (const [name, value] of Object.entries(counters)) registry.registerCounter(name).set(value);
  const snapshot: MetricsSnapshot = registry.buildSnapshot({
    timestampNs: atSeconds * 1e9,
    state,
    pendingTaskCount: 3,
    ...(extras === undefined ? {} : { extras }),
  });
  registry.close();
  return snapshot;
}

const HISTORY = { format: 1, start_ns: 0, marks: [] } as unknown as RunHistory;
const DISTRIBUTION = { first: 3, counts: [1], zero: 0 };

describe('verdict so far', () => {
  it('leaves out what says that the run goes on', () => {
    expect(verdictSoFar(snapshotOf({}))).toMatchObject({ level: 'valid', findings: [] });
    expect(verdictSoFar(snapshotOf({ state: 'interrupted' })).findings.map(({ check }) => check)).toEqual(
      expect.arrayContaining(['run_interrupted', 'token_counts_pending']),
    );
  });

  it('is as bad as the worst of the rest', () => {
    const { level, findings } = verdictSoFar(snapshotOf({ errored: 50 }));
    expect(level).toBe('degraded');
    expect(findings[0]).toMatchObject({ check: 'samples_errored', level: 'degraded' });
    expect(verdictSoFar(snapshotOf({ extras: { run: { stopped_early: true } } })).level).toBe('degraded');
  });

  it('comes once a second, when something was measured, and at the end', () => {
    const updates = new LiveUpdates();
    const verdicts = [
      { atSeconds: 1, ended: 0 },
      { atSeconds: 1.9 },
      { atSeconds: 2 },
      { atSeconds: 2.5 },
      { atSeconds: 3 },
      { atSeconds: 3.1, state: 'complete' as const },
    ].map((madeUp) => updates.update(snapshotOf(madeUp)).verdict !== undefined);
    expect(verdicts).toEqual([false, false, true, false, true, true]);
  });
});

describe('updates', () => {
  it('bring what is new, and the latest is whole', () => {
    const updates = new LiveUpdates();
    expect(updates.latest).toBeUndefined();
    const extras = {
      history: asJson(HISTORY),
      distributions: { ttft_ns: DISTRIBUTION },
    };
    expect(updates.update(snapshotOf({ extras }))).toMatchObject({
      history: HISTORY,
      distributions: { ttft_ns: DISTRIBUTION },
      verdict: { level: 'valid' },
    });
    const next = updates.update(snapshotOf({ atSeconds: 1.2, ended: 1100 }));
    expect(next).toMatchObject({ history: undefined, distributions: {}, verdict: undefined });
    expect(updates.latest).toMatchObject({
      view: { issued: 1100 },
      history: HISTORY,
      distributions: { ttft_ns: DISTRIBUTION },
      verdict: { level: 'valid' },
    });
  });
});
