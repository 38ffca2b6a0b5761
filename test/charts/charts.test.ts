import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { logTicks } from '../../src/charts/axes.ts';
import { countOf, histogramPoints, ninesPoints } from '../../src/charts/distribution.ts';
import { distributionCharts } from '../../src/charts/distribution-charts.ts';
import { elapsedStep, elapsedText } from '../../src/charts/elapsed.ts';
import { resolveFormatters } from '../../src/charts/formatters.ts';
import { LIGHT_THEME } from '../../src/charts/theme.ts';
import { timeCharts } from '../../src/charts/time-charts.ts';
import { BUCKETS_PER_DECADE, type LogDistribution } from '../../src/core/run-history.ts';
import { MADE_UP_MARKS, madeUpDistributions, madeUpHistory } from './made-up-history.ts';

const distribution: fc.Arbitrary<LogDistribution> = fc
  .record({
    first: fc.integer({ min: 0, max: 300 }),
    counts: fc.array(fc.nat(50), { minLength: 1, maxLength: 60 }),
    zero: fc.nat(20),
  })
  .filter(({ counts }) => counts.some((count) => count > 0));

describe('distributions', () => {
  test('a histogram holds each value once, whatever is merged', () => {
    fc.assert(
      fc.property(distribution, fc.constantFrom(1, 2, 4, 8), (one, merge) => {
        const shares = histogramPoints(one, merge).map(([, share]) => share);
        const total = countOf(one);
        expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo((total - one.zero) / total, 4);
        expect(shares.at(-1)).toBe(0);
      }),
    );
  });

  test('a curve of percentiles says at each edge how many values lie below it', () => {
    fc.assert(
      fc.property(distribution, (one) => {
        const total = countOf(one);
        const points = ninesPoints(one, undefined);
        for (const [timesRarer, edge] of points.slice(1, -1)) {
          const below = one.counts.reduce(
            (sum, count, i) =>
              10 ** ((one.first + i + 1) / BUCKETS_PER_DECADE) <= edge * 1.0001 ? sum + count : sum,
            one.zero,
          );
          expect(1 - 1 / timesRarer).toBeCloseTo(below / total, 4);
        }
        expect(points.at(-1)![0]).toBe(total);
      }),
    );
  });

  test('it ends at the maximum', () => {
    expect(ninesPoints({ first: 80, counts: [3, 1], zero: 0 }, 107).at(-1)).toEqual([4, 107]);
  });
});

test('a logarithmic axis holds what it was made for', () => {
  fc.assert(
    fc.property(
      fc.double({ min: 1, max: 1e12, noNaN: true }),
      fc.double({ min: 1, max: 1e6, noNaN: true }),
      (min, ratio) => {
        const { low, high, ticks } = logTicks(min, min * ratio);
        expect(low).toBeLessThanOrEqual(min * 1.0001);
        expect(high * 1.001).toBeGreaterThanOrEqual(min * ratio);
        expect(ticks.length).toBeLessThanOrEqual(8);
      },
    ),
  );
});

test('time reads as on a clock', () => {
  expect([0, 45, 90.25, 120, 3725].map(elapsedText)).toEqual(['0 s', '45 s', '90.3 s', '2:00', '1:02:05']);
  expect(elapsedStep(60, 10)).toBe(10);
  expect(elapsedStep(3600, 10)).toBe(600);
});

describe('charts over time', () => {
  const run = {
    name: 'a',
    history: madeUpHistory({ bins: 60, ratePerSecond: 50, ttftMs: 60, marks: MADE_UP_MARKS }),
    distributions: madeUpDistributions(60, 500),
  };
  const chart = (id: string) => timeCharts([run], LIGHT_THEME).find((one) => one.id === id);

  test('are plain JSON with an id each', () => {
    const charts = [...timeCharts([run, run], LIGHT_THEME), ...distributionCharts([run, run], LIGHT_THEME)];
    expect(JSON.parse(JSON.stringify(charts))).toEqual(charts);
    expect(new Set(charts.map(({ id }) => id)).size).toBe(charts.length);
  });

  test('count a short last bin by its length, and leave out one too short to tell a rate', () => {
    const { history } = run;
    const sent = chart('arrivals')!.lines.find(({ name }) => name === 'sent')!.points;
    expect(sent[10]).toEqual([10.5, history.counts.issued[10]]);
    expect(sent.at(-1)![1]).toBeNull();
    const longer = { ...history, end_ns: history.end_ns + 0.4 * history.bin_ns };
    const [drawn] = timeCharts([{ ...run, history: longer }], LIGHT_THEME);
    const lengthS = (longer.end_ns - longer.start_ns) / 1e9 - 59;
    expect(drawn!.lines[1]!.points.at(-1)![1]).toBeCloseTo(history.counts.issued.at(-1)! / lengthS, 2);
  });

  test('leave out what never happened', () => {
    expect(chart('errors')).toBeUndefined();
    const closed = madeUpHistory({
      bins: 9,
      ratePerSecond: 5,
      ttftMs: 60,
      openLoop: false,
      failing: true,
      spikeAt: 2,
    });
    const ids = timeCharts([{ ...run, history: closed }], LIGHT_THEME).map(({ id }) => id);
    expect(ids).toContain('errors');
    expect(ids).not.toContain('issue-delay');
    expect(timeCharts([{ ...run, history: undefined }], LIGHT_THEME)).toEqual([]);
  });

  test('shade the warm-up and name the marks', () => {
    const option = JSON.stringify(chart('ttft')!.option);
    expect(option).toContain(
      '"markArea":{"silent":true,"itemStyle":{"color":"rgba(110, 118, 129, 0.12)"},"data":[[{"xAxis":0},{"xAxis":8}]]}',
    );
    expect(option).toContain('rate 80/s');
  });

  test('runs of the same name stay apart', () => {
    const [drawn] = timeCharts([run, run], LIGHT_THEME);
    expect(drawn!.lines.map(({ name }) => name)).toContain('a (2) sent');
  });

  test('formatters become functions', () => {
    const option = resolveFormatters(chart('ttft')!.option) as {
      readonly tooltip: { readonly valueFormatter: (value: unknown) => string };
      readonly xAxis: {
        readonly axisPointer: { readonly label: { readonly formatter: (value: unknown) => string } };
      };
    };
    expect(option.tooltip.valueFormatter(63_600_000)).toBe('63.6 ms');
    expect(option.tooltip.valueFormatter(null)).toBe('–');
    expect(option.xAxis.axisPointer.label.formatter({ value: 125 })).toBe('2:05');
  });
});
