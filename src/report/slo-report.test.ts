import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseSlo, type Slo } from '../rules/slo.ts';
import type { SloVerdict } from '../rules/slo-verdict.ts';
import { percentileKey } from '../stats/percentile-key.ts';
import { intervalRanks } from '../stats/quantile-interval.ts';
import { quantileOfSorted } from '../stats/quantile.ts';
import type { SampleAccount } from './sample-account.ts';
import type { SeriesReport } from './series-report.ts';
import { judgeSlos, type SloFacts } from './slo-report.ts';

const NO_SAMPLES: SampleAccount = {
  ...{ issued: 0, succeeded: 0, errored: 0, cancelled: 0, cancelledByPlan: 0, inFlight: 0, notSent: 0 },
  ...{ unaccounted: 0, missing: 0 },
};

const FACTS: SloFacts = {
  series: () => ({ kind: 'empty', earlyStoppingPercentiles: null }),
  throughput: null,
  samples: NO_SAMPLES,
  bounds: null,
  loweredShare: null,
  verdict: { level: 'valid', findings: [], metrics: [] },
};

function judged(text: string, facts: Partial<SloFacts>): SloVerdict {
  return judgeSlos([parseSlo(text) as Slo], { ...FACTS, ...facts })[0]!;
}

/** Values as a report has them, at one percentile. */
function seriesOf(values: readonly number[], percentile: number): SeriesReport {
  const sorted = values.toSorted((a, b) => a - b);
  const { lower, upper } = intervalRanks(values.length, percentile);
  const estimate = {
    value: quantileOfSorted(sorted, percentile),
    low: lower === undefined ? null : sorted[lower - 1]!,
    high: upper === undefined ? null : sorted[upper - 1]!,
  };
  return {
    ...{ kind: 'values', count: values.length, total: null, min: sorted[0]!, max: sorted.at(-1)! },
    ...{
      median: null,
      average: null,
      standardDeviation: null,
      percentiles: {},
      earlyStoppingPercentiles: null,
    },
    quantiles: { [percentileKey(percentile)]: estimate },
    histogram: { buckets: [], counts: [] },
  };
}

/** P(at most `hits` of `count`), by adding up. */
function atMost(hits: number, count: number, p: number): number {
  let [chance, sum] = [(1 - p) ** count, 0];
  for (let k = 0; k <= hits; k++) {
    sum += chance;
    chance *= ((count - k) / (k + 1)) * (p / (1 - p));
  }
  return sum;
}

/**
 * A test of each side at 2.5 %: the percentile lies below the limit when so many values do that fewer would be usual if it did not; and the
 * other way around.
 */
function naiveOutcome(values: readonly number[], percentile: number, limit: number): string {
  const [n, p] = [values.length, percentile / 100];
  const below = values.filter((value) => value < limit).length;
  if (below > 0 && 1 - atMost(below - 1, n, p) <= 0.025) return 'met';
  return atMost(below, n, p) <= 0.025 ? 'missed' : 'undecided';
}

describe('judgeSlos', () => {
  it('is a test of each side at 2.5 %, as counting the values below the limit is', () => {
    const runs = fc.tuple(
      fc.array(fc.integer({ min: 1, max: 400 }), { minLength: 1, maxLength: 120 }),
      fc.constantFrom(50, 75, 90, 95),
      fc.integer({ min: 1, max: 400 }),
    );
    const seen = new Set<string>();
    fc.assert(
      fc.property(runs, ([ms, percentile, limitMs]) => {
        const values = ms.map((value) => value * 1e6);
        const { outcome, holds, value } = judged(`ttft p${percentile} < ${limitMs}ms`, {
          series: () => seriesOf(values, percentile),
        });
        expect(outcome).toBe(naiveOutcome(values, percentile, limitMs * 1e6));
        expect(holds).toBe(value! < limitMs * 1e6);
        seen.add(outcome);
      }),
      { numRuns: 500 },
    );
    expect([...seen].sort()).toEqual(['met', 'missed', 'undecided']);
  });

  it('needs enough values for a percentile, and says how many', () => {
    const series = () => seriesOf(new Array<number>(100).fill(50e6), 99);
    expect(judged('ttft p99 < 500ms', { series })).toMatchObject({
      outcome: 'undecided',
      holds: true,
      reason: 'p99 needs at least 368 values for an interval (got 100)',
    });
    // That it is missed, fewer can show.
    expect(judged('ttft p99 < 40ms', { series }).outcome).toBe('missed');
  });

  it('does not hold the client’s own lateness against the server, nor for it', () => {
    const series = () => seriesOf(new Array<number>(400).fill(50e6), 99);
    const bounds = {
      ...{ probes: 9, late_p50_ns: 0, late_p99_ns: 0, late_max_ns: 7e6, completion_late_mean_ns: 0 },
      series: { ttft_ns: { '99.0': [2e6, 1e6] as const } },
    };
    expect(judged('ttft p99 < 49ms', { series }).outcome).toBe('missed');
    const reason = 'the limit lies within what the client may have added or left out';
    expect(judged('ttft p99 < 49ms', { series, bounds })).toMatchObject({ outcome: 'undecided', reason });
    expect(judged('ttft p99 < 50.5ms', { series, bounds })).toMatchObject({ outcome: 'undecided', reason });
    expect(judged('ttft p99 < 47ms', { series, bounds }).outcome).toBe('missed');
    expect(judged('ttft p99 < 52ms', { series, bounds }).outcome).toBe('met');
    const unlimited = { ...bounds, series: { ttft_ns: { '99.0': [0, null] as const } } };
    expect(judged('ttft p99 < 56ms', { series, bounds: unlimited }).outcome).toBe('undecided');
    expect(judged('ttft p99 < 58ms', { series, bounds: unlimited }).outcome).toBe('met');
  });

  it('judges errors by Wilson’s interval, of what ended by itself or by plan', () => {
    const samples = (errored: number, succeeded: number) => ({
      ...NO_SAMPLES,
      errored,
      succeeded,
      cancelled: 99,
    });
    expect(judged('errors < 1%', { samples: samples(0, 100) }).outcome).toBe('undecided');
    expect(judged('errors < 1%', { samples: samples(0, 400) }).outcome).toBe('met');
    expect(judged('errors < 1%', { samples: samples(30, 970) })).toMatchObject({
      outcome: 'missed',
      value: 0.03,
    });
    expect(judged('errors < 1%', {})).toMatchObject({ outcome: 'undecided', reason: '0 samples ended' });
  });

  it('takes nothing of an invalid result for met', () => {
    const series = () => seriesOf(new Array<number>(400).fill(50e6), 50);
    const metrics = [
      { metric: 'ttft', level: 'invalid', reason: 'late', judged: true } as const,
      { metric: 'latency', level: 'valid', reason: null, judged: true } as const,
    ];
    const verdict = { level: 'invalid', findings: [], metrics } as const;
    expect(judged('ttft p50 < 60ms', { series, verdict })).toMatchObject({
      outcome: 'undecided',
      reason: 'the result is invalid: see the verdict',
    });
    expect(judged('latency p50 < 60ms', { series, verdict }).outcome).toBe('met');
    // What is only about others does not count, nor do failures when they are what is judged.
    const samples = { ...NO_SAMPLES, errored: 200, succeeded: 800 };
    const failed = { check: 'samples_errored', level: 'invalid', message: 'many failed' } as const;
    const late = { check: 'ttft_error', level: 'invalid', message: 'late', metrics: ['ttft'] } as const;
    const found = { ...verdict, findings: [failed, late] };
    expect(judged('errors < 50%', { samples, verdict: found }).outcome).toBe('met');
    expect(judged('issue delay p50 < 60ms', { series, verdict: found }).reason).toBe(
      'the result is invalid: see the verdict',
    );
    expect(judged('ttft p50 < 40ms', { series, verdict }).outcome).toBe('missed');
  });

  it('judges a rate by its interval, which late reads in closed loop can only have lowered', () => {
    const throughput = {
      ...({
        start_ns: 0,
        end_ns: 1e10,
        window_ns: 1e10,
        parts: [],
        ended_by: 'issuing',
        ramp_up_ns: 0,
      } as const),
      ...{
        succeeded: 100,
        errored: 0,
        succeeded_per_second: 10,
        errored_per_second: 0,
        drain_ns: 0,
        drain_ended: 0,
      },
      ...{ output_tokens_per_second: 0, mean_in_flight: 1, mean_latency_ns: 1e8 },
      succeeded_per_second_interval: { low: 9, high: 11 },
    };
    expect(judged('requests/s > 8', { throughput }).outcome).toBe('met');
    expect(judged('requests/s > 10', { throughput }).outcome).toBe('undecided');
    expect(judged('requests/s > 12', { throughput }).outcome).toBe('missed');
    expect(judged('requests/s > 12', { throughput, loweredShare: 0.2 }).outcome).toBe('undecided');
    expect(judged('output tokens/s > 1', { throughput }).reason).toBe('no output tokens were counted');
    expect(judged('requests/s > 8', {}).reason).toBe('the run was too short for a measured window');
  });
});
