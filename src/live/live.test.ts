import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SILENT_LOG } from '../core/log.ts';
import type { RunMark } from '../core/run-history.ts';
import { MetricsRegistry } from '../metrics/registry.ts';
import type { Json, MetricsSnapshot, SessionState } from '../metrics/snapshot.ts';
import { clockText, progressLine, rewriteLine, statusLine } from './lines.ts';
import { progressBar, sparkLine } from './progress-bar.ts';
import { planProgress } from './steering.ts';
import { LiveViewModel, type LiveView } from './view-model.ts';
import { redrawScreen, watchScreen } from './watch-screen.ts';

interface MadeUp {
  readonly atSeconds?: number;
  readonly state?: SessionState;
  readonly pending?: number;
  readonly counters?: Readonly<Record<string, number>>;
  readonly series?: Readonly<Record<string, readonly number[]>>;
  readonly extras?: { readonly [key: string]: Json };
}

function snapshotOf(madeUp: MadeUp): MetricsSnapshot {
  const { atSeconds = 1, state = 'live', pending = 0, counters = {}, series = {}, extras } = madeUp;
  const registry = new MetricsRegistry({ log: SILENT_LOG });
  for (const [name, value] of Object.entries(counters)) registry.registerCounter(name).set(value);
  for (const [name, values] of Object.entries(series)) {
    const sampler = registry.registerSeries(name, { hdrLow: 1, hdrHigh: 3_600_000_000_000 });
    for (const value of values) sampler.record(value);
  }
  const snapshot = registry.buildSnapshot({
    timestampNs: BigInt(Math.round(atSeconds * 1e9)) + 2n ** 60n,
    state,
    pendingTaskCount: pending,
    ...(extras === undefined ? {} : { extras }),
  });
  registry.close();
  return snapshot;
}

function viewOf(...snapshots: readonly MadeUp[]): LiveView {
  const model = new LiveViewModel();
  const views = snapshots.map((madeUp) => model.update(snapshotOf(madeUp)));
  return views.at(-1)!;
}

const total = (issued: number, ended: number) => ({
  total_samples_issued: issued,
  total_samples_completed: ended,
});

const RUNNING: MadeUp = {
  counters: {
    ...total(130, 120),
    tracked_samples_issued: 100,
    tracked_samples_succeeded: 86,
    tracked_samples_errored: 3,
    tracked_samples_cancelled: 1,
    total_duration_ns: 75_000_000_000,
  },
  series: { ttft_ns: [50e6, 60e6, 70e6], sample_latency_ns: [500e6], osl: [20, 30] },
  extras: {
    run: { run_id: 'abc', planned_samples: 400, requested_rate_per_second: 50 },
    errors_by_type: [{ type: 'http_503', count: 3, example: 'busy\nbusy' }],
    event_stream: { heals: 2, aggregator_restarts: 1 },
  },
};

describe('counts', () => {
  it('are those of the measured samples', () => {
    expect(viewOf(RUNNING)).toMatchObject({
      warmingUp: false,
      issued: 100,
      succeeded: 86,
      errored: 3,
      cancelled: 1,
      inFlight: 10,
      runId: 'abc',
      plannedSamples: 400,
      heals: 2,
      aggregatorRestarts: 1,
    });
  });

  it('are those of the warm-up until something is measured', () => {
    const counters = { ...total(20, 12), total_samples_failed: 2, tracked_samples_issued: 0 };
    expect(viewOf({ counters })).toMatchObject({
      warmingUp: true,
      issued: 20,
      succeeded: 10,
      errored: 2,
      inFlight: 8,
    });
    expect(viewOf({})).toMatchObject({ warmingUp: false, issued: 0, inFlight: 0 });
  });
});

describe('rates', () => {
  const at = (atSeconds: number, ended: number, tokens: readonly number[] = []): MadeUp => ({
    atSeconds,
    counters: total(2 * ended, ended),
    series: { osl: tokens },
  });

  it('need two snapshots', () => {
    expect(viewOf(at(1, 10))).toMatchObject({ issuedPerSecond: null, endedPerSecond: null });
    expect(viewOf(at(1, 10), at(1.5, 20))).toMatchObject({ issuedPerSecond: 40, endedPerSecond: 20 });
  });

  it('cover the last three seconds', () => {
    const snapshots = Array.from({ length: 41 }, (_, i) => at(i / 4, i < 20 ? 0 : 10 * (i - 20)));
    expect(viewOf(...snapshots).endedPerSecond).toBeCloseTo(40, 9);
  });

  it('cover long intervals too', () => {
    expect(viewOf(at(0, 0), at(10, 100), at(20, 400)).endedPerSecond).toBe(30);
  });

  it('count output tokens when there are any', () => {
    expect(viewOf(at(1, 1), at(2, 2)).outputTokensPerSecond).toBeNull();
    expect(viewOf(at(1, 1, [5]), at(2, 2, [5, 7])).outputTokensPerSecond).toBe(7);
  });

  it('start anew when the counts go back', () => {
    expect(viewOf(at(1, 100), at(2, 10)).endedPerSecond).toBeNull();
    expect(viewOf(at(1, 100), at(2, 10), at(3, 15)).endedPerSecond).toBe(5);
  });

  it('are those of the whole run when it is over', () => {
    const counters = {
      ...total(70, 70),
      tracked_samples_issued: 50,
      tracked_samples_completed: 50,
      tracked_duration_ns: 10e9,
    };
    const over: MadeUp = { atSeconds: 9, state: 'complete', counters, series: { osl: [100] } };
    expect(viewOf(at(1, 10), over)).toMatchObject({ endedPerSecond: 5, outputTokensPerSecond: 10 });
  });

  it('leave a bounded history', () => {
    const model = new LiveViewModel();
    const views = Array.from({ length: 500 }, (_, i) => model.update(snapshotOf(at(i, 3 * i))));
    expect(views[3]!.endedPerSecondHistory).toEqual([3, 3, 3]);
    expect(views.at(-1)!.endedPerSecondHistory.length).toBeLessThanOrEqual(240);
  });
});

describe('rows', () => {
  it('are the series with values', () => {
    const { rows } = viewOf({ ...RUNNING, series: { ttft_ns: [10, 20, 30], osl: [5], isl: [] } });
    expect(rows).toEqual([
      {
        ...{ series: 'ttft_ns', label: 'TTFT', unit: 'ns', count: 3 },
        p50: 20,
        p90: 30,
        p99: 30,
        p999: 30,
        max: 30,
      },
      {
        ...{ series: 'osl', label: 'Output tokens', unit: 'tokens', count: 1 },
        p50: 5,
        p90: 5,
        p99: 5,
        p999: 5,
        max: 5,
      },
    ]);
  });

  it('show what is late in open loop only', () => {
    const labels = (delays: readonly number[]) =>
      viewOf({ series: { response_ttft_ns: [5], issue_delay_ns: delays } }).rows.map(({ label }) => label);
    expect(labels([0, 0])).toEqual([]);
    expect(labels([0, 9])).toEqual(['Response TTFT', 'Issue delay']);
  });
});

describe('clock', () => {
  const at = (atSeconds: number, eventSeconds: number, state: SessionState = 'live'): MadeUp => ({
    ...{ atSeconds, state },
    counters: { total_duration_ns: eventSeconds * 1e9 },
  });

  it('goes on without events while the run is live', () => {
    expect(viewOf(at(10, 4), at(12, 4)).elapsedNs).toBe(6e9);
    expect(viewOf(at(10, 4), at(12, 4), at(13, 7)).elapsedNs).toBe(7e9);
    expect(viewOf(at(10, 4), at(12, 4, 'draining')).elapsedNs).toBe(4e9);
  });
});

describe('steering', () => {
  const history = (...marks: readonly Partial<RunMark>[]): MadeUp => ({
    counters: { ...total(40, 40), tracked_samples_issued: 40, total_duration_ns: 12e9 },
    extras: {
      run: { planned_samples: 400, planned_duration_ns: 50e9, requested_rate_per_second: 20 },
      history: { format: 1, start_ns: 1e9, marks } as unknown as Json,
    },
  });
  const began: Partial<RunMark> = { at_ns: 3e9, kind: 'phase', text: 'performance' };

  it('is the plan until somebody touches it', () => {
    expect(viewOf(history(began))).toMatchObject({
      phase: 'performance',
      isPaused: false,
      isStopping: false,
      requestedRatePerSecond: 20,
      requestedConcurrency: null,
    });
  });

  it('follows the marks', () => {
    const touched = history(
      began,
      { kind: 'pause' },
      { kind: 'resume' },
      { kind: 'rate', value: 30 },
      { kind: 'rate', value: 40 },
      { kind: 'pause' },
    );
    expect(viewOf(touched)).toMatchObject({ isPaused: true, requestedRatePerSecond: 40 });
    expect(viewOf(history({ kind: 'stop' }))).toMatchObject({ isStopping: true, planShare: null });
    expect(viewOf(history({ kind: 'concurrency', value: 8 })).requestedConcurrency).toBe(8);
  });

  it('keeps the history of an earlier snapshot', () => {
    expect(viewOf(history(began), { atSeconds: 2 })).toMatchObject({ phase: 'performance' });
  });

  it('tells how much of the plan is done, by number or by time', () => {
    // 10 s of 50 s since the phase began, against 40 of 400 samples.
    expect(viewOf(history(began))).toMatchObject({ planShare: 0.2, remainingNs: 40e9 });
    const byNumber = planProgress({
      ...{ issued: 90, plannedSamples: 100, plannedDurationNs: 50e9, phaseElapsedNs: 10e9, ratePerSecond: 5 },
    });
    expect(byNumber).toEqual({ planShare: 0.9, remainingNs: 2e9 });
    expect(
      planProgress({
        ...{ issued: 9, plannedSamples: null, plannedDurationNs: null, phaseElapsedNs: 1, ratePerSecond: 5 },
      }),
    ).toEqual({ planShare: null, remainingNs: null });
  });
});

describe('lines', () => {
  it('tell the run in one', () => {
    expect(progressLine(viewOf(RUNNING))).toBe(
      '1:15  live  100 of 400 issued  10 in flight  3 failed  1 cancelled' +
        '  TTFT p50 60.0 ms p99 70.0 ms  Latency p50 500 ms p99 500 ms',
    );
  });

  it('tell warm-up and drain', () => {
    expect(progressLine(viewOf({ counters: total(3, 1) }))).toBe('0:00  warming up  3 issued  2 in flight');
    expect(progressLine(viewOf({ state: 'draining', pending: 5 }))).toContain(
      'draining  0 issued  5 token counts to go',
    );
    expect(progressLine(viewOf({ state: 'initialize' }))).toContain('starting');
  });

  it('fit any width and lose the end first', () => {
    const view = viewOf(RUNNING);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 200 }), (width) => {
        const line = statusLine(view, width);
        expect(line.length).toBeLessThanOrEqual(width);
        expect(progressLine(view).startsWith(line)).toBe(true);
      }),
    );
    expect(statusLine(view, 200)).toBe(progressLine(view));
  });

  it('replace the line the cursor is on', () => expect(rewriteLine('a')).toBe('\r\u001b[2Ka'));

  it.each([
    [0, '0:00'],
    [59.9, '0:59'],
    [754, '12:34'],
    [3723, '1:02:03'],
  ])('%d s on the clock is %s', (seconds, text) => expect(clockText(seconds * 1e9)).toBe(text));
});

describe('screen', () => {
  it('shows the run', () => {
    expect(watchScreen(viewOf(RUNNING), { width: 100, height: 40 })).toEqual([
      'inferometer  run abc  live  1:15',
      '██████████░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░  25 %',
      '',
      'Samples   100 of 400 issued, 86 succeeded, 3 errored, 1 cancelled, 10 in flight',
      'Events    2 gaps healed from the run log, aggregator restarted 1×',
      '',
      '                   p50      p90      p99      max  values',
      'TTFT           60.0 ms  70.0 ms  70.0 ms  70.0 ms       3',
      'Latency         500 ms   500 ms   500 ms   500 ms       1',
      'Output tokens       20       30       30       30       2',
      '',
      'Errors by type:',
      '  http_503  3  busy busy',
    ]);
  });

  it('adds rates from the second snapshot on', () => {
    const later = { ...RUNNING, atSeconds: 2, counters: { ...RUNNING.counters, ...total(180, 170) } };
    const lines = watchScreen(viewOf(RUNNING, later), { width: 100, height: 40 });
    expect(lines[4]).toBe('Rate      50.0/s ended, 50.0/s issued (50/s asked for)');
    expect(lines[5]).toBe('          █');
  });

  it('fits its terminal', () => {
    const view = viewOf(RUNNING);
    const size = fc.record({
      width: fc.integer({ min: 1, max: 120 }),
      height: fc.integer({ min: 1, max: 30 }),
    });
    fc.assert(
      fc.property(size, ({ width, height }) => {
        const lines = watchScreen(view, { width, height });
        expect(lines.length).toBeLessThanOrEqual(height);
        for (const line of lines) expect([...line].length).toBeLessThanOrEqual(width);
      }),
    );
  });

  it('has the same words with colours', () => {
    const size = { width: 100, height: 40 };
    const coloured = watchScreen(viewOf(RUNNING), { ...size, colour: true }).join('\n');
    const sequence = new RegExp(`${String.fromCharCode(27)}\\[\\d+m`, 'g');
    expect(coloured).toMatch(sequence);
    expect(coloured.replaceAll(sequence, '')).toBe(watchScreen(viewOf(RUNNING), size).join('\n'));
  });

  it('overwrites line by line and clears the rest', () => {
    expect(redrawScreen(['a', 'b'])).toBe('\u001b[Ha\u001b[K\nb\u001b[K\u001b[J');
  });
});

describe('bars', () => {
  it('fill to the share', () => {
    expect(progressBar(0.5, 4)).toBe('██░░');
    expect(progressBar(2, 3)).toBe('███');
    expect(progressBar(-1, 2)).toBe('░░');
  });

  it('scale to the highest of what is shown', () => {
    expect(sparkLine([99, 0, 5, 10], 3)).toBe('▁▅█');
    expect(sparkLine([0, 0], 9)).toBe('▁▁');
    expect(sparkLine([], 9)).toBe('');
    expect(sparkLine([1, 2], 0)).toBe('');
  });
});
