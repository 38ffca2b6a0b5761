import { describe, expect, it } from 'vitest';
import { resolveConfig } from '../../config/resolve.ts';
import { replaySchedule } from '../../plan/arrivals/replay.ts';
import { phasesOf } from './phases.ts';

const MS = 1e6;

function phases(timesMs: readonly number[], flags: Readonly<Record<string, string>> = {}) {
  const given = { '--endpoint': 'http://h', '--model': 'm', '--dataset': 't', '--replay': 'on', ...flags };
  const texts = new Map(Object.entries(given).map(([flag, text]) => [flag, [text]]));
  const dueNs = replaySchedule(Float64Array.from(timesMs));
  const part = { firstTicket: 0, ticketCount: timesMs.length, dueNs };
  return phasesOf(resolveConfig({ environment: {}, flags: texts }), [part]);
}

describe('the phases of a replay', () => {
  it('are each row of the trace once, in its order', () => {
    const [performance, ...others] = phases([0, 100, 250, 1000]);
    expect(others).toEqual([]);
    expect(performance).toMatchObject({
      kind: 'performance',
      arrivals: { pattern: 'replay', ratePerSecond: 3 },
      order: { order: 'sequential', datasetSize: 4 },
      stop: { maxSamples: 4, maxDurationNs: Infinity },
    });
  });

  it('end with the duration where the trace goes on behind it, else with the trace', () => {
    expect(phases([0, 100, 250, 1000], { '--duration': '500ms' })[0]).toMatchObject({
      arrivals: { ratePerSecond: 6 },
      stop: { maxSamples: Infinity, maxDurationNs: 500 * MS },
    });
    expect(phases([0, 100, 250], { '--duration': '500ms' })[0]).toMatchObject({
      arrivals: { ratePerSecond: 8 },
      stop: { maxSamples: 3 },
    });
    expect(phases([0, 100, 250], { '--samples': '2' })[0]).toMatchObject({ stop: { maxSamples: 2 } });
  });

  it('warm up at the mean rate, with rows drawn from the trace', () => {
    const [warmup, performance] = phases([0, 100, 250, 1000], { '--warmup': '7' });
    expect(warmup).toMatchObject({
      kind: 'warmup',
      arrivals: { pattern: 'poisson', ratePerSecond: 3 },
      order: { order: 'without_replacement', datasetSize: 4, seed: 43 },
      stop: { maxSamples: 7 },
    });
    expect(performance!.arrivals.pattern).toBe('replay');
  });

  it('have no warm-up for a trace without a rate', () => {
    expect(phases([5, 5])[0]!.arrivals).toMatchObject({ ratePerSecond: null });
    expect(() => phases([5, 5], { '--warmup': '7' })).toThrow(
      '--warmup of a replay goes at the mean rate of the trace, but all requests of this one come at once',
    );
  });
});
