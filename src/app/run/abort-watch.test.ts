import { describe, expect, it } from 'vitest';
import type { SampleCounts } from '../../engine/worker-pool.ts';
import { type AbortRule, parseAbortRule } from '../../rules/abort-rule.ts';
import { AbortWatch } from './abort-watch.ts';

function watched(...texts: readonly string[]) {
  const told: string[] = [];
  const watch = new AbortWatch(
    texts.map((text) => parseAbortRule(text) as AbortRule),
    (reason) => told.push(reason),
  );
  const look = (nowMs: number, counts: Partial<SampleCounts>) => {
    watch.look(
      {
        ...{ issued: 0, completed: 0, succeeded: 0, errored: 0, inFlight: 0, waiting: 0, lastReadMs: 0 },
        ...counts,
      },
      nowMs,
    );
  };
  return { told, look };
}

describe('AbortWatch', () => {
  it('takes errors of the last seconds only, and not before there were so many', () => {
    const { told, look } = watched('errors > 10% for 2s');
    for (let second = 0; second <= 60; second++) look(1000 * second, { succeeded: 100 * second });
    // 16 of 200 in the last two seconds, then 32 of 200.
    look(61_000, { succeeded: 6084, errored: 16 });
    expect(told).toEqual([]);
    look(62_000, { succeeded: 6168, errored: 32 });
    expect(told).toEqual(['errors > 10 % for 2 s: 16.0 % of 200 samples failed']);
  });

  it('waits for the time of the rule, and for ten samples', () => {
    const young = watched('errors > 10% for 2s');
    young.look(0, {});
    young.look(1900, { errored: 50 });
    expect(young.told).toEqual([]);
    young.look(2000, { errored: 50 });
    expect(young.told).toHaveLength(1);
    const few = watched('errors > 10% for 2s');
    few.look(0, {});
    few.look(2000, { errored: 9 });
    expect(few.told).toEqual([]);
    few.look(2250, { errored: 10 });
    expect(few.told).toEqual(['errors > 10 % for 2 s: 100 % of 10 samples failed']);
  });

  it('wants other figures beyond the limit at every look', () => {
    const { told, look } = watched('in flight > 20 for 1s', 'waiting > 5');
    look(0, { inFlight: 21 });
    look(900, { inFlight: 30 });
    look(950, { inFlight: 20 });
    look(1100, { inFlight: 25 });
    look(2000, { inFlight: 25, waiting: 5 });
    expect(told).toEqual([]);
    look(2100, { inFlight: 26 });
    look(2200, { inFlight: 27, waiting: 99 });
    expect(told).toEqual(['in flight > 20 for 1 s: there were 26']);
  });
});
