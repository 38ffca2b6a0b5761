import { describe, expect, it } from 'vitest';
import { SILENT_LOG } from '../core/log.ts';
import type { RunMark } from '../core/run-history.ts';
import { MetricsRegistry } from '../metrics/registry.ts';
import { asJson, type Json, type MetricsSnapshot, type SessionState } from '../metrics/snapshot.ts';
import { progressJson } from './json-lines.ts';
import { clockText, progressLine } from './lines.ts';
import { planProgress } from './steered-load.ts';
import { LiveViewModel, type LiveView } from './view-model.ts';

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
    const throughput = {
      ...{ succeeded_per_second: 7, errored_per_second: 1, output_tokens_per_second: 30 },
      ...{ window_ns: 1e9, mean_in_flight: 2, parts: [] },
    };
    expect(viewOf(at(1, 10), { ...over, extras: { throughput } })).toMatchObject({
      ...{ endedPerSecond: 8, succeededPerSecond: 7, outputTokensPerSecond: 30 },
    });
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
      history: asJson({ format: 1, start_ns: 1e9, marks }),
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

  it('tells no rate of a run that is over and had several, for the others are over all of it', () => {
    const over = (...marks: readonly Partial<RunMark>[]) =>
      viewOf({ ...history(began, ...marks), state: 'complete' }).requestedRatePerSecond;
    expect(over()).toBe(20);
    expect(over({ kind: 'rate', value: 30 })).toBeNull();
  });

  it('keeps the history of an earlier snapshot', () => {
    expect(viewOf(history(began), { atSeconds: 2 })).toMatchObject({ phase: 'performance' });
  });

  it('tells how much of the plan is done, by number or by time', () => {
    // 10 s of 50 s since the phase began, against 40 of 400 samples.
    expect(viewOf(history(began))).toMatchObject({ planShare: 0.2, remainingNs: 40e9 });
    const pauses: readonly Partial<RunMark>[] = [
      { kind: 'pause', at_ns: 4e9 },
      { kind: 'resume', at_ns: 7e9 },
      { kind: 'pause', at_ns: 11e9 },
    ];
    expect(viewOf(history(began, ...pauses))).toMatchObject({ planShare: 0.1, remainingNs: 45e9 });
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

  it('tell what became of conversations', () => {
    const conversations = {
      begun: 9,
      completed: 5,
      failed: 1,
      under_way: 3,
      turns_planned: 40,
      turns_issued: 31,
    };
    const { extras } = RUNNING;
    const live = viewOf({ ...RUNNING, extras: { ...extras, conversations } });
    expect(progressLine(live)).toContain('  3 conversations under way, 5 completed, 1 failed  10 in flight');
    const over = viewOf({ ...RUNNING, state: 'complete', extras: { ...extras, conversations } });
    expect(progressLine(over)).toContain('  3 conversations cut off, 5 completed, 1 failed');
    expect(
      progressJson({ view: live, history: undefined, distributions: {}, verdict: undefined }),
    ).toMatchObject({
      conversations_begun: 9,
      conversations_completed: 5,
      conversations_failed: 1,
      conversations_under_way: 3,
    });
  });

  it('tell warm-up and drain', () => {
    expect(progressLine(viewOf({ counters: total(3, 1) }))).toBe('0:00  warming up  3 issued  2 in flight');
    expect(progressLine(viewOf({ state: 'draining', pending: 5 }))).toContain(
      'draining  0 issued  5 token counts to go',
    );
    expect(progressLine(viewOf({ state: 'initialize' }))).toContain('starting');
  });

  it.each([
    [0, '0:00'],
    [59.9, '0:59'],
    [754, '12:34'],
    [3723, '1:02:03'],
  ])('%d s on the clock is %s', (seconds, text) => expect(clockText(seconds * 1e9)).toBe(text));
});

describe('JSON lines', () => {
  it('name the same facts for machines', () => {
    const view = viewOf({ ...RUNNING, series: { ttft_ns: [7], sample_latency_ns: [500], osl: [20] } });
    const update = { view, history: undefined, distributions: {}, verdict: undefined };
    expect(progressJson(update)).toEqual({
      type: 'progress',
      run_id: 'abc',
      state: 'live',
      phase: null,
      is_warmup: false,
      is_paused: false,
      elapsed_ns: 75e9,
      remaining_ns: 6e9,
      samples_planned: 400,
      samples_issued: 100,
      samples_succeeded: 86,
      samples_errored: 3,
      samples_cancelled: 1,
      samples_in_flight: 10,
      conversations_begun: null,
      conversations_completed: null,
      conversations_failed: null,
      conversations_under_way: null,
      token_counts_pending: 0,
      requested_rate_per_second: 50,
      load: null,
      requested_concurrency: null,
      issued_per_second: null,
      ended_per_second: null,
      succeeded_per_second: null,
      output_tokens_per_second: null,
      errors_by_type: { http_503: 3 },
      series: {
        ttft_ns: { count: 1, p50: 7, p90: 7, p99: 7, p99_9: 7, max: 7 },
        sample_latency_ns: { count: 1, p50: 500, p90: 500, p99: 500, p99_9: 500, max: 500 },
        osl: { count: 1, p50: 20, p90: 20, p99: 20, p99_9: 20, max: 20 },
      },
      verdict: null,
      findings: [],
      verdict_by_metric: {},
    });
  });
});
