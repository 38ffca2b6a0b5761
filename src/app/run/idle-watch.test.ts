import { describe, expect, it } from 'vitest';
import type { SampleCounts } from '../../engine/worker-pool.ts';
import { IdleWatch } from './idle-watch.ts';

const NOTHING: SampleCounts = {
  ...{ issued: 0, completed: 0, succeeded: 0, errored: 0, inFlight: 0, waiting: 0, lastReadMs: 0 },
};

function watched(timeoutMs: number) {
  const told: string[] = [];
  const watch = new IdleWatch(timeoutMs, (reason) => told.push(reason));
  const look = (nowMs: number, counts: Partial<SampleCounts>) => {
    watch.look({ ...NOTHING, ...counts }, nowMs);
  };
  return { told, look };
}

describe('IdleWatch', () => {
  it('tells once, when requests are in flight and nothing has come for so long', () => {
    const { told, look } = watched(30_000);
    look(0, { inFlight: 3 });
    look(29_999, { inFlight: 4 });
    expect(told).toEqual([]);
    look(30_000, { inFlight: 4 });
    look(90_000, { inFlight: 4 });
    expect(told).toEqual(['no response for 30 s with 4 requests in flight']);
  });

  it('begins anew with each byte and each end', () => {
    const { told, look } = watched(2000);
    look(0, { inFlight: 1 });
    look(1900, { inFlight: 1, lastReadMs: 1800 });
    look(3800, { inFlight: 1, lastReadMs: 1800, completed: 1 });
    look(5700, { inFlight: 1, lastReadMs: 1800, completed: 1 });
    expect(told).toEqual([]);
    look(5800, { inFlight: 1, lastReadMs: 1800, completed: 1 });
    expect(told).toHaveLength(1);
  });

  it('does not count time in which nothing is in flight', () => {
    const { told, look } = watched(2000);
    look(0, {});
    look(60_000, {});
    look(60_250, { inFlight: 1 });
    look(61_900, { inFlight: 1 });
    expect(told).toEqual([]);
    look(62_000, { inFlight: 1 });
    expect(told).toHaveLength(1);
  });
});
