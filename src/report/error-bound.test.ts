import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { clientErrorText } from './error-bound-text.ts';
import {
  clientErrorToJson,
  findClientError,
  loadOf,
  type CalibratedCell,
  type ClientAtWork,
  type RunLoad,
} from './error-bound.ts';
import { reportFromSnapshot } from './report.ts';
import type { SeriesReport } from './series-report.ts';
import { reportText } from './text.ts';

function loadAt(requestsPerSecond: number, streams: number, chunksPerSecond: number): RunLoad {
  return { requestsPerSecond, streams, chunksPerSecond };
}

function cellAt(load: RunLoad, ttftP50Ns = 41_000): CalibratedCell {
  const error = (p50Ns: number, p99Ns: number) => ({
    count: 100,
    biasNs: p50Ns,
    p50Ns,
    p99Ns,
    maxNs: 2 * p99Ns,
  });
  return {
    load,
    workers: 1,
    calibratedAt: '2026-11-24T12:00:00.000Z',
    ttft: error(ttftP50Ns, 300_000),
    chunkGap: error(5_000, 90_000),
    latency: error(38_000, 310_000),
  };
}

function seriesOf(count: number, average: number): SeriesReport {
  return {
    kind: 'values',
    count,
    total: count * average,
    min: null,
    max: null,
    median: null,
    average,
    standardDeviation: null,
    percentiles: {},
    quantiles: null,
    earlyStoppingPercentiles: null,
    histogram: { buckets: [], counts: [] },
  };
}

const KNOWN_CLIENT: ClientAtWork = { workers: 1, lateP99Ms: 0, connectsOtherwise: false };
const EMPTY: SeriesReport = { kind: 'empty', earlyStoppingPercentiles: null };

describe('findClientError', () => {
  const small = cellAt(loadAt(50, 50, 2500));
  const large = cellAt(loadAt(125, 250, 25_000));
  const fast = cellAt(loadAt(500, 100, 5000));
  const cells = [large, fast, small];

  it.each([
    ['a load below all', loadAt(1, 1, 10), small],
    ['just what was calibrated', small.load, small],
    ['a mean a little above', loadAt(52, 52, 2600), small],
    ['more streams than both others', loadAt(50, 150, 2500), large],
    ['more requests than both others', loadAt(400, 50, 100), fast],
    ['no chunks', loadAt(100, 100, 0), fast],
  ])('finds the smallest cell that covers %s', (_what, load, cell) => {
    expect(findClientError(cells, load)).toEqual({ kind: 'bound', load, cell });
  });

  it('names the largest cell for a load beyond', () => {
    const load = loadAt(400, 240, 20_000);
    expect(findClientError(cells, load)).toEqual({ kind: 'beyond', load, largest: large });
  });

  it('has nothing without a calibration, or without a load', () => {
    expect(findClientError([], small.load)).toEqual({ kind: 'none' });
    expect(findClientError(cells, null)).toEqual({ kind: 'no_load' });
  });

  describe('of a run on other threads', () => {
    const shared = { ...large, workers: 4 };
    const onThreads = (workers: number | null) => ({ workers, lateP99Ms: null, connectsOtherwise: false });
    const half = loadAt(60, 120, 12_000);

    it('looks at the load of a thread when there are fewer', () => {
      expect(findClientError([shared], half, onThreads(2))).toMatchObject({ kind: 'bound' });
      expect(findClientError([shared], half, onThreads(1))).toEqual({
        kind: 'beyond',
        load: half,
        largest: shared,
        workers: 1,
      });
    });

    it('looks at the load as a whole when there are more, or when it is not known', () => {
      for (const workers of [4, 8, null]) {
        expect(findClientError([shared], large.load, onThreads(workers))).toMatchObject({ kind: 'bound' });
        const twice = findClientError([shared], loadAt(250, 500, 50_000), onThreads(workers));
        expect(twice).toMatchObject({ kind: 'beyond' });
        expect(twice).not.toHaveProperty('workers');
      }
    });
  });

  it('has no bound for connections of a kind that is not calibrated', () => {
    const client = { workers: 1, lateP99Ms: 0, connectsOtherwise: true };
    expect(findClientError(cells, small.load, client)).toEqual({ kind: 'other_connections' });
    expect(findClientError([], small.load, client)).toEqual({ kind: 'none' });
  });

  it('tells of a client that was later than the bound, unless a timer alone would be so late', () => {
    const late = (lateP99Ms: number) => ({ workers: 1, lateP99Ms, connectsOtherwise: false });
    expect(findClientError(cells, small.load, late(2))).not.toHaveProperty('lateMs');
    expect(findClientError(cells, small.load, late(2.1))).toMatchObject({ kind: 'bound', lateMs: 2.1 });
    const wide = { ...small, ttft: { ...small.ttft!, p99Ns: 5e6 } };
    expect(findClientError([wide], small.load, late(5))).not.toHaveProperty('lateMs');
    expect(findClientError([wide], small.load, late(6))).toMatchObject({ lateMs: 6 });
  });

  it('never quotes a cell the run exceeds by more than 5 %, nor misses one that covers it', () => {
    const axis = fc.double({ min: 0.1, max: 1000, noNaN: true });
    const load = fc.tuple(axis, axis, axis).map(([a, b, c]) => loadAt(a, b, c));
    fc.assert(
      fc.property(
        fc.array(
          load.map((l) => cellAt(l)),
          { minLength: 1 },
        ),
        load,
        (grid, run) => {
          const covering = grid.filter(
            (cell) =>
              run.requestsPerSecond <= 1.05 * cell.load.requestsPerSecond &&
              run.streams <= 1.05 * cell.load.streams &&
              run.chunksPerSecond <= 1.05 * cell.load.chunksPerSecond,
          );
          const found = findClientError(grid, run);
          if (found.kind === 'beyond') expect(covering).toEqual([]);
          else if (found.kind === 'bound') {
            expect(covering).toContain(found.cell);
            const fewest = Math.min(...covering.map((cell) => cell.load.chunksPerSecond));
            expect(found.cell.load.chunksPerSecond).toBe(fewest);
          } else expect.unreachable();
        },
      ),
    );
  });
});

describe('loadOf', () => {
  it("follows from arrivals and mean latency by Little's law", () => {
    const series = { latency: seriesOf(100, 2e9), ttft: seriesOf(100, 1e7), chunkGap: seriesOf(19_900, 1e7) };
    expect(loadOf(125, series)).toEqual(loadAt(125, 250, 25_000));
  });

  it('has no chunks without streaming, and is unknown without a rate or a latency', () => {
    const whole = { latency: seriesOf(10, 5e8), ttft: EMPTY, chunkGap: EMPTY };
    expect(loadOf(4, whole)).toEqual(loadAt(4, 2, 0));
    expect(loadOf(null, whole)).toBeNull();
    expect(loadOf(4, { ...whole, latency: EMPTY })).toBeNull();
  });
});

describe('what a report says', () => {
  const load = loadAt(125, 250, 25_000);
  const largest = cellAt(load);

  it.each([
    [findClientError([], load), 'none of this machine; to measure its error at rest: inferometer calibrate'],
    [
      findClientError([largest], null),
      'no bound: requests were sent in one burst, or too few to estimate a rate',
    ],
    [
      findClientError([largest], loadAt(300.4, 600, 60_000)),
      'no bound: 300 requests/s, 600 streams × 100 chunks/s is beyond what was calibrated (up to 125 requests/s, 250 streams × 100 chunks/s); to measure it: inferometer calibrate --grid 310x600x10',
    ],
    [
      findClientError([largest], load),
      'TTFT is overstated by at most 41.0 µs at p50 and 300 µs at p99, latency by 38.0 µs and 310 µs, chunk gaps are off by 5.00 µs and 90.0 µs (calibrated 2026-11-24 at 125 requests/s, 250 streams × 100 chunks/s)',
    ],
    [
      findClientError([{ ...largest, workers: 4 }], load, { ...KNOWN_CLIENT, workers: 1 }),
      'no bound: 125 requests/s, 250 streams × 100 chunks/s on 1 engine thread is beyond what was calibrated (up to 125 requests/s, 250 streams × 100 chunks/s on 4 engine threads); to measure it: inferometer calibrate --grid 500x1000x10',
    ],
    [
      findClientError([largest], load, { ...KNOWN_CLIENT, connectsOtherwise: true }),
      'no bound: calibrate measures plain HTTP/1.1 over connections that are kept alive, and this run had TLS or HTTP/2, or closed its connections',
    ],
    [
      findClientError([{ ...largest, ttft: null, chunkGap: null }], load, { ...KNOWN_CLIENT, lateP99Ms: 6 }),
      'latency is overstated by at most 38.0 µs at p50 and 310 µs at p99 (calibrated 2026-11-24 at 125 requests/s, 250 streams × 100 chunks/s); but in this run the client was later than that: by 6.00 ms in 1 % of the time',
    ],
    [
      findClientError([{ ...largest, ttft: null, chunkGap: null }], loadAt(5, 5, 0)),
      'latency is overstated by at most 38.0 µs at p50 and 310 µs at p99 (calibrated 2026-11-24 at 125 requests/s, 250 streams × 100 chunks/s)',
    ],
  ])('%j', (error, text) => {
    expect(clientErrorText(error)).toBe(text);
  });

  it.each([
    [loadAt(0.42, 12.3, 410), '0.42x13x30'],
    [loadAt(0.421, 12.3, 410), '0.43x13x30'],
    [loadAt(3000, 90, 0), '3000x90x30'],
    [loadAt(10, 5, 4000), '10x5x1.2'],
  ])('proposes a grid that covers %j', (run, grid) => {
    const tiny = cellAt(loadAt(0.1, 0.1, 1));
    expect(clientErrorText(findClientError([tiny], run))).toContain(`calibrate --grid ${grid}`);
  });

  it('is in JSON with all it rests on', () => {
    expect(clientErrorToJson(findClientError([largest], load))).toMatchObject({
      kind: 'bound',
      load: { requests_per_second: 125, streams: 250, chunks_per_second: 25_000 },
      cell: { calibrated_at: '2026-11-24T12:00:00.000Z', ttft: { p50_ns: 41_000, p99_ns: 300_000 } },
    });
  });

  it('is silent unless the report is asked to tell', () => {
    const snapshot = { metrics: [{ type: 'counter', name: 'tracked_samples_succeeded', value: 0 }] };
    const text = (options: object) => reportText(reportFromSnapshot(snapshot, { version: '0', ...options }));
    expect(text({})).not.toContain('Calibration');
    expect(text({ calibration: [] })).toContain('Calibration: none of this machine');
  });
});
