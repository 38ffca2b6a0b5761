import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SILENT_LOG } from '../core/log.ts';
import { MetricsRegistry } from '../metrics/registry.ts';
import { parseSnapshotJson, snapshotJsonText, toJson } from '../metrics/snapshot-json.ts';
import type { Json, SessionState } from '../metrics/snapshot.ts';
import { reportToJson, resultSummaryText } from './json.ts';
import { reportFromSnapshot, type Report, type ReportOptions } from './report.ts';
import type { SeriesRollup } from './series-report.ts';
import { displayLines, reportText, summaryLines } from './text.ts';

const OPTIONS: ReportOptions = { version: '0.0.0-test', useLegacyLoadgenQpsMetrics: false };

interface MadeUp {
  readonly state?: SessionState;
  readonly pending?: number;
  readonly counters?: Readonly<Record<string, number>>;
  readonly series?: Readonly<Record<string, readonly number[]>>;
}

/** A snapshot's JSON form by way of the file, through the samplers. */
function snapshotOf({ state = 'complete', pending = 0, counters = {}, series = {} }: MadeUp): unknown {
  const registry = new MetricsRegistry({ log: SILENT_LOG });
  for (const [name, value] of Object.entries(counters)) registry.registerCounter(name).set(value);
  for (const [name, values] of Object.entries(series)) {
    const sampler = registry.registerSeries(name, { hdrLow: 1, hdrHigh: 3_600_000_000_000 });
    for (const value of values) sampler.record(value);
  }
  const snapshot = registry.buildSnapshot({ timestampNs: 1, state, pendingTaskCount: pending });
  registry.close();
  return toJson(parseSnapshotJson(snapshotJsonText(snapshot)));
}

function reportOf(madeUp: MadeUp, options: Partial<ReportOptions> = {}): Report {
  return reportFromSnapshot(snapshotOf(madeUp), { ...OPTIONS, ...options });
}

function rollupOf(values: readonly number[]): SeriesRollup {
  const { outputSequenceLengths } = reportOf({ series: { osl: values } });
  if (outputSequenceLengths.kind !== 'values') throw new Error('no values');
  return outputSequenceLengths;
}

/** Fifty samples of a run of ten seconds. */
const FIFTY: MadeUp = {
  counters: {
    total_samples_failed: 9,
    tracked_samples_issued: 50,
    tracked_samples_completed: 50,
    tracked_samples_failed: 2,
    tracked_finish_reason_stop: 48,
    tracked_duration_ns: 10_000_000_000,
    legacy_loadgen_window_duration_ns: 7_000_000_000,
  },
  series: {
    sample_latency_ns: Array.from({ length: 50 }, (_, i) => (i + 1) * 1_000_000),
    ttft_ns: Array.from({ length: 50 }, (_, i) => (i + 1) * 100_000),
    isl: Array.from({ length: 50 }, (_, i) => i + 10),
    osl: Array.from({ length: 50 }, (_, i) => i + 50),
    tpot_ns: [],
  },
};

describe('series', () => {
  it('is an empty block without values', () => {
    expect(reportToJson(reportOf({ series: { osl: [] } })).output_sequence_lengths).toEqual({});
    expect(reportToJson(reportOf({})).output_sequence_lengths).toEqual({});
  });

  it('has the same keys for tokens as for times', () => {
    const { latency, output_sequence_lengths: tokens } = reportToJson(reportOf(FIFTY));
    expect(Object.keys(tokens as object)).toEqual(Object.keys(latency as object));
  });

  it('sums up small lists', () => {
    expect(rollupOf([2, 4, 6])).toMatchObject({
      average: 4,
      median: 4,
      standardDeviation: 2,
      min: 2,
      max: 6,
    });
    expect(rollupOf([7])).toMatchObject({ average: 7, median: 7, standardDeviation: 0 });
    expect(rollupOf([5, 5, 5, 5]).standardDeviation).toBe(0);
  });

  it('keeps every digit of a deviation that is small beside its values', () => {
    const offset = 3_500_000_000_000;
    expect(rollupOf([offset, offset + 1, offset + 2]).standardDeviation).toBe(1);
  });

  it('agrees with the two-pass deviation', () => {
    const values = fc.array(fc.integer({ min: 0, max: 1_000_000_000_000 }), { minLength: 2, maxLength: 40 });
    fc.assert(
      fc.property(values, (list) => {
        const mean = list.reduce((sum, value) => sum + value, 0) / list.length;
        const spread = list.reduce((sum, value) => sum + (value - mean) ** 2, 0);
        const naive = Math.sqrt(spread / (list.length - 1));
        expect(rollupOf(list).standardDeviation).toBeCloseTo(naive, naive > 1e6 ? 0 : 4);
      }),
      { numRuns: 50 },
    );
  });

  it('falls back to what a poorer snapshot has', () => {
    const osl = { type: 'series', name: 'osl', count: 4, total: 100, min: 10, max: 60 };
    const stdDevOf = (more: object) => {
      const report = reportFromSnapshot({ metrics: [{ ...osl, ...more }] }, OPTIONS);
      return (report.outputSequenceLengths as SeriesRollup).standardDeviation;
    };
    expect(stdDevOf({ sum_sq: 4000 })).toBeCloseTo(22.360679774997898, 12);
    expect(stdDevOf({ sum_sq: 4000.5 })).toBeCloseTo(Math.sqrt(1500.5 / 3), 12);
    expect(stdDevOf({ sum_sq: 1, sum_sq_exact: '4000' })).toBeCloseTo(22.360679774997898, 12);
    expect(stdDevOf({ sum_sq: 1.5, std_dev: 22.5 })).toBe(22.5);
    // The total has lost its last digits on the way, so the exact squares are of no use any more.
    expect(stdDevOf({ total: 2 ** 60, sum_sq: 1, sum_sq_exact: '4000', std_dev: 3.25 })).toBe(3.25);
  });
});

describe('report', () => {
  it('of an empty registry has no duration and no rates', () => {
    expect(reportOf({})).toMatchObject({
      samplesIssued: 0,
      durationNs: null,
      qps: null,
      tps: null,
      complete: true,
      runConfig: null,
      own: null,
    });
  });

  it('of fifty samples', () => {
    const report = reportOf(FIFTY, { runConfig: { load: { pattern: 'poisson' } } });
    expect(report).toMatchObject({
      samplesIssued: 50,
      samplesCompleted: 50,
      samplesFailed: 2,
      qps: 5,
      tps: 372.5,
    });
    expect(report.outputSequenceLengths).toMatchObject({ median: 74, standardDeviation: Math.sqrt(212.5) });
    expect(report.inputSequenceLengths).toMatchObject({ min: 10, max: 59 });
    expect(report.tpot).toEqual({ kind: 'empty', earlyStoppingPercentiles: null });
    expect(report.finishReasonCounts).toEqual({
      stop: 48,
      length: 0,
      tool_calls: 0,
      content_filter: 0,
      function_call: 0,
      other: 0,
    });
    expect(reportToJson(report).run_config).toEqual({ load: { pattern: 'poisson' } });
  });

  it.each([
    ['complete', 0, true],
    ['complete', 1, false],
    ['live', 0, false],
    ['draining', 0, false],
    ['interrupted', 0, false],
    ['interrupted', 2, false],
  ] as const)('%s with %d pending: complete is %s', (state, pending, complete) => {
    const report = reportOf({ state, pending });
    expect(report.complete).toBe(complete);
    expect(report.state).toBe(state);
  });

  describe('legacy window', () => {
    const rates = (counters: Record<string, number>, options: Partial<ReportOptions>) => {
      const report = reportOf({ ...FIFTY, counters: { ...FIFTY.counters, ...counters } }, options);
      return [report.qps, report.tps, report.legacyLoadgenWindowDurationNs];
    };
    const legacy = { useLegacyLoadgenQpsMetrics: true };

    it('counts one completion less, but all tokens', () => {
      expect(rates({}, legacy)).toEqual([7, 3725 / 7, 7_000_000_000]);
      const { qps } = reportFromSnapshot(snapshotOf(FIFTY), { version: 'default' });
      expect(qps).toBe(7);
    });

    it('is not used when switched off, empty, or with fewer than two completions', () => {
      expect(rates({}, {})).toEqual([5, 372.5, null]);
      expect(rates({ legacy_loadgen_window_duration_ns: 0 }, legacy)).toEqual([5, 372.5, null]);
      expect(rates({ tracked_samples_completed: 1 }, legacy)).toEqual([0.1, 372.5, null]);
    });

    it('gives rates to a run without a duration', () => {
      const report = reportOf({ ...FIFTY, counters: { ...FIFTY.counters, tracked_duration_ns: 0 } }, legacy);
      expect([report.durationNs, report.qps]).toEqual([null, 7]);
    });
  });

  it('has QPS but no TPS without token counts', () => {
    const report = reportOf({ counters: FIFTY.counters! });
    expect([report.qps, report.tps]).toEqual([5, null]);
  });
});

describe('input that lacks parts', () => {
  const EXTRA_NAMES = fc.constantFrom(
    'run',
    'errors_by_type',
    'token_sources',
    'event_stream',
    'client',
    'in_flight',
    'issuing_ns',
  );

  it('reads a missing state as interrupted, the rest as nothing', () => {
    expect(reportFromSnapshot({}, OPTIONS)).toMatchObject({
      state: 'interrupted',
      complete: false,
      qps: null,
    });
    expect(reportFromSnapshot({ state: 'complete' }, OPTIONS)).toMatchObject({ complete: true });
  });

  it('skips metrics without a name or of an unknown type', () => {
    const metrics = [{ name: 'x' }, { type: 'counter', value: 3 }, { type: 'gauge', name: 'g', value: 1 }];
    const known = { type: 'counter', name: 'tracked_samples_completed', value: 4 };
    expect(reportFromSnapshot({ metrics: [...metrics, known] }, OPTIONS).samplesCompleted).toBe(4);
  });

  it('shows scrubbed nulls as N/A and carries them as null', () => {
    const tpot = { type: 'series', name: 'tpot_ns', count: 2, total: 3, min: null, max: null, sum_sq: 5 };
    const parts = { percentiles: { '99.0': null, '50.0': 1.5e6 }, histogram: [[[null, 2], 1]] };
    const report = reportFromSnapshot({ state: 'complete', metrics: [{ ...tpot, ...parts }] }, OPTIONS);
    expect(displayLines(report)).toEqual(
      expect.arrayContaining(['  Min: N/A ms', '    99.0: N/A ms', `    [N/A, 0.00] |${'#'.repeat(30)} 1`]),
    );
    expect(reportToJson(report).tpot).toMatchObject({ min: null, percentiles: { '99.0': null } });
  });

  it('shows percentiles with whole keys from the highest on', () => {
    const isl = {
      type: 'series',
      name: 'isl',
      count: 3,
      total: 6,
      min: 1,
      max: 3,
      sum_sq: 14,
      histogram: [],
    };
    const percentiles = { 99.9: 3, 99: 3, 50: 2, 5: 1 };
    const report = reportFromSnapshot({ metrics: [{ ...isl, percentiles }] }, OPTIONS);
    const keys = displayLines(report).flatMap((line) => /^ +([\d.]+): /.exec(line)?.[1] ?? []);
    expect(keys).toEqual(['99.9', '99', '50', '5']);
  });

  it('never throws', () => {
    const metric = fc.record(
      { type: fc.constantFrom('series', 'counter', 'x', 1), name: fc.constantFrom('osl', 'ttft_ns', null) },
      { requiredKeys: [] },
    );
    const anything = fc.oneof(
      fc.anything(),
      fc.record(
        {
          state: fc.anything(),
          n_pending_tasks: fc.anything(),
          metrics: fc.oneof(
            fc.anything(),
            fc.array(fc.tuple(metric, fc.object()).map(([known, odd]) => ({ ...odd, ...known }))),
          ),
          extras: fc.oneof(fc.anything(), fc.dictionary(EXTRA_NAMES, fc.anything())),
        },
        { requiredKeys: [] },
      ),
    );
    fc.assert(
      fc.property(anything, (snapshot) => {
        const report = reportFromSnapshot(snapshot, OPTIONS);
        expect(reportText(report)).toContain('Version: 0.0.0-test');
        JSON.parse(resultSummaryText(report));
      }),
      { numRuns: 500 },
    );
  });
});

describe('display', () => {
  it('stops after the summary when only that is wanted', () => {
    const lines = summaryLines(reportOf(FIFTY));
    expect(lines).toContain('QPS: 5.00');
    expect(lines.at(-1)).toBe('----------------- End of Summary -----------------');
    expect(lines.join()).not.toContain('Latency Breakdowns');
    expect(lines.join()).not.toContain('Test started at');
  });

  it('is the reference’s for a snapshot that holds nothing of ours', () => {
    expect(displayLines(reportOf(FIFTY))[0]).toBe('----------------- Summary -----------------');
  });

  it('keeps chunk gaps for snapshots of ours', () => {
    const series = { chunk_delta_ns: [1_000_000] };
    expect(displayLines(reportOf({ series })).join()).not.toContain('Chunk gap');
    const ours = reportOf({ series, counters: { tracked_samples_succeeded: 1 } });
    expect(displayLines(ours)).toContain('Chunk gap:');
  });

  it('warns of an interrupted run rather than of an incomplete one', () => {
    expect(summaryLines(reportOf({ state: 'interrupted', pending: 2 }))[1]).toMatch(
      /^WARNING: run was interrupted/,
    );
    const ours = { state: 'interrupted', counters: { tracked_samples_succeeded: 1 } } as const;
    expect(summaryLines(reportOf(ours)).join('\n')).toMatch(/^WARNING: the run log does not hold the end/m);
    expect(summaryLines(reportOf({ pending: 2 }))[1]).toMatch(/^WARNING: report is incomplete/);
    expect(summaryLines(reportOf({})).join()).not.toContain('WARNING');
  });

  it('rounds exact ties to even', () => {
    const lines = summaryLines(reportOf({ counters: { tracked_duration_ns: 125_000_000 } }));
    expect(lines).toContain('Duration: 0.12 seconds');
  });

  it('draws the longest bar 29 long when 30 parts do not divide', () => {
    const values = [...Array<number>(11).fill(1000), 9999];
    const bars = displayLines(reportOf({ series: { osl: values } })).filter((line) => line.includes('|#'));
    expect(bars.map((bar) => bar.match(/#+/)![0].length)).toEqual([29, 2]);
  });

  it('shows accuracy results, which stay out of the JSON', () => {
    const accuracy: Json[] = [
      {
        dataset_name: 'a',
        score: 82.3,
        unit_samples: 9,
        num_repeats: 1,
        total_samples: 9,
        osl_tokenize_s: 1.234,
      },
      { dataset_name: 'b', score: null, complete: false },
    ];
    const report = reportOf({}, { accuracy });
    expect(summaryLines(report)).toEqual(
      expect.arrayContaining([
        'Accuracy:',
        '  a: 82.3 (unit=9, repeats=1, total=9)',
        '  b: N/A (unit=None, repeats=None, total=None)',
        '    (incomplete)',
        '  Average: 82.3',
        '  OSL tokenization: 1.23s',
      ]),
    );
    expect(resultSummaryText(report)).not.toContain('82.3');
  });

  it('prints the configuration as the reference does', () => {
    const runConfig = {
      load: { on: true, rate: null, tags: ['a', "b'c"], more: { x: 1 } },
      seed: 42,
      empty: {},
      numbers: { a: 1.5e-7, b: 1e-5, c: 2e16, d: 0.0001, e: 123.5, f: 0, g: 1.25e300 },
    };
    expect(summaryLines(reportOf({}, { runConfig }))).toEqual(
      expect.arrayContaining([
        'Run config:',
        `  load: on=True, rate=None, tags=['a', "b'c"], more={'x': 1}`,
        '  seed: 42',
        '  empty: ',
        '  numbers: a=1.5e-07, b=1e-05, c=2e+16, d=0.0001, e=123.5, f=0, g=1.25e+300',
      ]),
    );
  });
});

describe('JSON', () => {
  it('writes integers in full and leaves ours out of a foreign report', () => {
    const total = 3_500_000_000_001n * 10_000_000n;
    const latency = {
      type: 'series',
      name: 'sample_latency_ns',
      count: 2,
      total,
      min: 1,
      max: 2,
      sum_sq: 1e30,
    };
    const text = resultSummaryText(reportFromSnapshot({ metrics: [latency] }, OPTIONS));
    expect(text).toContain(`"total": ${total}`);
    expect(text.endsWith('}\n')).toBe(true);
    expect(Object.keys(JSON.parse(text) as object).at(-1)).toBe('run_config');
  });

  it('turns what is not finite into null', () => {
    const osl = { type: 'series', name: 'osl', count: 2, total: Infinity, min: NaN, max: 2, sum_sq: NaN };
    const text = resultSummaryText(reportFromSnapshot({ metrics: [osl] }, OPTIONS));
    expect(JSON.parse(text)).toMatchObject({
      output_sequence_lengths: { total: null, min: null, max: 2, avg: null, std_dev: null },
    });
  });
});
