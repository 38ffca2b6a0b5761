import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createLog, SILENT_LOG } from '../core/log.ts';
import { CounterSampler, SeriesSampler } from './sampler.ts';
import type { SeriesOptions } from './series-options.ts';
import type { SeriesSnapshot } from './snapshot.ts';

const HOUR_NS = 3_600_000_000_000;
const NS_SERIES: SeriesOptions = { hdrLow: 1, hdrHigh: HOUR_NS };

function seriesOf(values: readonly number[], options: Partial<SeriesOptions> = {}): SeriesSampler {
  const series = new SeriesSampler('latency_ns', { ...NS_SERIES, ...options }, SILENT_LOG);
  for (const value of values) series.record(value);
  return series;
}

function countsOf({ histogram }: SeriesSnapshot): number[] {
  return histogram.map(([, count]) => count);
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}

function steps(count: number, step: number): number[] {
  return Array.from({ length: count }, (_, i) => (i + 1) * step);
}

describe('CounterSampler', () => {
  it('adds deltas and reads back', () => {
    const counter = new CounterSampler('c');
    counter.add(3);
    counter.add(4);
    counter.add(-2);
    expect(counter.value).toBe(5);
  });

  it('is overwritten', () => {
    const counter = new CounterSampler('c');
    counter.add(3);
    counter.set(42);
    expect(counter.value).toBe(42);
  });

  it('builds its name, kind and value', () => {
    const counter = new CounterSampler('seconds', 'float');
    counter.set(1.5);
    expect(counter.build()).toEqual({ type: 'counter', name: 'seconds', valueKind: 'float', value: 1.5 });
  });

  it('refuses what is not of its kind and stays as it was', () => {
    const counter = new CounterSampler('c');
    counter.set(1);
    for (const wrong of [1.5, NaN, 2 ** 53]) {
      expect(() => counter.set(wrong)).toThrow(
        expect.objectContaining({ code: 'INFEROMETER_METRICS_VALUE' }),
      );
    }
    expect(() => counter.add(Number.MAX_SAFE_INTEGER)).toThrow('metric c');
    expect(counter.value).toBe(1);
    expect(() => new CounterSampler('f', 'float').set(Infinity)).toThrow('a finite number');
  });
});

describe('SeriesSampler', () => {
  it.each([true, false])('builds zeros while empty (exact %s)', (exact) => {
    expect(seriesOf([]).build(exact)).toEqual({
      type: 'series',
      name: 'latency_ns',
      valueKind: 'int',
      count: 0,
      total: 0,
      min: 0,
      max: 0,
      sumSq: 0,
      percentiles: Object.fromEntries(
        ['99.9', '99.0', '97.0', '95.0', '90.0', '80.0', '75.0', '50.0', '25.0', '10.0', '5.0', '1.0'].map(
          (key) => [key, 0],
        ),
      ),
      histogram: [],
      earlyStoppingPercentiles: null,
      sumSqExact: 0n,
      stdDev: null,
    });
  });

  it('rolls up what it records', () => {
    const series = seriesOf([10, 20, 30, 40, 50]);
    expect([series.count, series.total, series.min, series.max]).toEqual([5, 150, 10, 50]);
    expect([...series.values()]).toEqual([10, 20, 30, 40, 50]);
    const { sumSq, sumSqExact, stdDev } = series.build(false);
    expect([sumSq, sumSqExact]).toEqual([5500, 5500n]);
    expect(stdDev).toBeCloseTo(Math.sqrt(250), 12);
  });

  it('keeps its percentiles within tolerance while live and exact at the end', () => {
    const series = seriesOf(steps(100, 1000));
    const live = series.build(false).percentiles;
    expect(Math.abs(live['50.0']! / 50_000 - 1)).toBeLessThan(0.05);
    expect(Math.abs(live['99.0']! / 99_000 - 1)).toBeLessThan(0.05);
    const final = series.build(true).percentiles;
    expect([final['50.0'], final['99.0']]).toEqual([50_000, 99_000]);
  });

  it('has as many buckets as asked for, empty ones too, that hold every value', () => {
    const counts = countsOf(seriesOf(steps(100, 1000), { bucketCount: 12 }).build(true));
    expect(counts).toHaveLength(12);
    expect(sum(counts)).toBe(100);
  });

  it('draws the edges around the observed range', () => {
    const { histogram } = seriesOf([1e6, 2e6, 5e6, 1e7]).build(true);
    const [first] = histogram[0]![0];
    const [, last] = histogram.at(-1)![0];
    expect(first).toBeGreaterThanOrEqual(1);
    expect(first).toBeLessThanOrEqual(1e6 * (1 + 1e-12));
    expect(last / 1e7).toBeCloseTo(1, 9);
    expect(sum(histogram.map(([, count]) => count))).toBe(4);
  });

  it('counts a zero in the first bucket', () => {
    const counts = countsOf(seriesOf([0, 100, 1000]).build(true));
    expect(sum(counts)).toBe(3);
    expect(counts[0]).toBe(1);
  });

  it('has live buckets that hold every value and are near the exact ones', () => {
    const series = seriesOf(steps(2000, 500));
    const live = countsOf(series.build(false));
    const exact = countsOf(series.build(true));
    expect(sum(live)).toBe(2000);
    exact.forEach((count, i) =>
      expect(Math.abs(live[i]! - count)).toBeLessThanOrEqual(Math.max(2, 0.05 * count)),
    );
  });

  it('adds up doubles', () => {
    const series = seriesOf([1.5, 2.5, 3.5], { valueKind: 'float' });
    expect(series.total).toBe(7.5);
    const final = series.build(true);
    expect(final.valueKind).toBe('float');
    expect('sumSqExact' in final).toBe(false);
    expect(final.stdDev).toBe(1);
  });

  it.each([true, false])(
    'gives the sum of squares as a double and as an exact integer (exact %s)',
    (exact) => {
      const built = seriesOf([HOUR_NS, HOUR_NS - 1]).build(exact);
      const exactSum = BigInt(HOUR_NS) ** 2n + BigInt(HOUR_NS - 1) ** 2n;
      expect(built.sumSq).toBe(Number(exactSum));
      expect(built.sumSqExact).toBe(exactSum);
      expect(built.stdDev).toBeCloseTo(Math.SQRT1_2, 12);
    },
  );

  it.each([true, false])('rolls a single value up (exact %s)', (exact) => {
    const built = seriesOf([1500]).build(exact);
    expect([built.count, built.total, built.min, built.max, built.stdDev]).toEqual([1, 1500, 1500, 1500, 0]);
    expect(new Set(Object.values(built.percentiles))).toEqual(new Set([1500]));
    expect(countsOf(built)[0]).toBe(1);
  });

  it('is the same each time it is built', () => {
    const series = seriesOf([5, 3, 9, -4, 7, 7], { earlyStopping: true });
    expect(series.build(true)).toEqual(series.build(true));
    expect([...series.values()]).toEqual([5, 3, 9, -4, 7, 7]);
  });

  it('publishes what sorting and bigints would', () => {
    const values = fc.array(fc.integer({ min: -1000, max: HOUR_NS }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(values, (sample) => {
        const built = seriesOf(sample).build(true);
        const ascending = [...sample].sort((a, b) => a - b);
        expect(built.percentiles['90.0']).toBe(ascending[Math.floor((sample.length - 1) * 0.9)]);
        expect([built.min, built.max]).toEqual([ascending[0], ascending.at(-1)]);
        expect(BigInt(built.total)).toBe(sample.reduce((total, value) => total + BigInt(value), 0n));
        expect(sum(countsOf(built))).toBe(sample.length);
      }),
    );
  });

  it.each([1, 5] as const)('works with %d significant figures', (significantFigures) => {
    const live = seriesOf([123_456], { hdrHigh: 1e6, significantFigures }).build(false).percentiles['50.0']!;
    expect(live).toBeGreaterThanOrEqual(123_456);
    expect(live / 123_456 - 1).toBeLessThan(10 ** -significantFigures);
  });

  it.each([1.5, NaN, Infinity, 2 ** 53])(
    'refuses %d in an integer series, and has recorded nothing',
    (value) => {
      const series = seriesOf([7]);
      expect(() => series.record(value)).toThrow(
        expect.objectContaining({ code: 'INFEROMETER_METRICS_VALUE' }),
      );
      expect(series.count).toBe(1);
      expect(series.total).toBe(7);
    },
  );

  it.each([NaN, Infinity, -Infinity])('refuses %d in a series of doubles', (value) => {
    expect(() => seriesOf([value], { valueKind: 'float' })).toThrow('a finite number');
  });
});

describe('early stopping', () => {
  it('is there in the exact statistics only, for the median and above', () => {
    const series = seriesOf(steps(662, 10), { earlyStopping: true });
    expect(series.build(false).earlyStoppingPercentiles).toBeNull();
    const final = series.build(true);
    expect(Object.keys(final.earlyStoppingPercentiles!)).toEqual(
      Object.keys(final.percentiles).filter((key) => Number(key) >= 50),
    );
    expect(final.earlyStoppingPercentiles!['99.0']).toBe(6620);
    expect(final.earlyStoppingPercentiles!['99.9']).toBeNull();
  });

  it('is all null while empty', () => {
    const final = seriesOf([], { earlyStopping: true, percentiles: [100, 99, 50] }).build(true);
    expect(final.earlyStoppingPercentiles).toEqual({ '99.0': null, '50.0': null });
  });

  it('is left out with a word of why when it fails, and takes nothing else with it', () => {
    const lines: string[] = [];
    const options = { ...NS_SERIES, earlyStopping: true, percentiles: [99.99999999999999, 50] };
    const series = new SeriesSampler(
      's',
      options,
      createLog((line) => lines.push(line)),
    );
    series.record(7);
    const final = series.build(true);
    expect(final.earlyStoppingPercentiles).toBeNull();
    expect(final.percentiles['50.0']).toBe(7);
    expect(lines).toEqual([expect.stringMatching(/^error: series s: no early-stopping estimates: /)]);
  });

  it('is left out unless asked for', () => {
    expect(seriesOf(steps(662, 10)).build(true).earlyStoppingPercentiles).toBeNull();
  });
});

describe('bounds of the live histogram', () => {
  function linesOf(record: (series: SeriesSampler) => void, options: Partial<SeriesOptions>): string[] {
    const lines: string[] = [];
    const log = createLog((line) => lines.push(line));
    record(new SeriesSampler('s', { hdrLow: 10, hdrHigh: 100, ...options }, log));
    return lines;
  }

  it('may be touched without a word', () => {
    const record = (series: SeriesSampler) => [10, 100].forEach((value) => series.record(value));
    expect(linesOf(record, {})).toEqual([]);
  });

  it.each([
    [5, 10, 'below'],
    [500, 100, 'above'],
  ])('clamp %d to %d when it is %s, and the series warns once', (value, clamped) => {
    const lines = linesOf((series) => {
      for (let i = 0; i < 3; i++) series.record(value);
      expect([series.min, series.max]).toEqual([value, value]);
      expect(series.build(true).percentiles['50.0']).toBe(value);
      expect(Math.abs(series.build(false).percentiles['50.0']! - clamped)).toBeLessThanOrEqual(7);
    }, {});
    expect(lines).toEqual([
      `info: series s: value ${value} is outside [10, 100] and clamped in live histograms (told once)`,
    ]);
  });

  it('warn for each series on its own', () => {
    const both = [1, 2].flatMap(() => linesOf((series) => series.record(1), {}));
    expect(both).toHaveLength(2);
  });

  it('clamp a double below the low one', () => {
    expect(linesOf((series) => series.record(9.5), { valueKind: 'float' })).toHaveLength(1);
  });

  it('begin at 1 at the lowest', () => {
    expect(linesOf((series) => series.record(1), { hdrLow: 0 })).toEqual([]);
  });

  it('may be a factor of 2 apart, and not less', () => {
    expect(() => seriesOf([], { hdrLow: 10, hdrHigh: 20 })).not.toThrow();
    expect(() => seriesOf([], { hdrLow: 10, hdrHigh: 19 })).toThrow(/19.*10/);
  });
});

describe('series options', () => {
  it.each<[string, Partial<SeriesOptions>]>([
    ['no 50', { percentiles: [99, 90] }],
    ['a percentile above 100', { percentiles: [50, 101] }],
    ['no figures', { significantFigures: 0 }],
    ['six figures', { significantFigures: 6 }],
    ['no buckets', { bucketCount: 0 }],
    ['a fraction as bound', { hdrHigh: 10.5 }],
    ['an unknown kind', { valueKind: 'text' as 'int' }],
  ])('with %s are refused', (_, options) => {
    expect(() => seriesOf([], options)).toThrow(
      expect.objectContaining({ code: 'INFEROMETER_METRICS_SERIES' }),
    );
  });
});
