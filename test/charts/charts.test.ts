import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { logTicks } from '../../src/charts/axes.ts';
import { bandText } from '../../src/charts/client-part.ts';
import type { ChartRun } from '../../src/charts/chart.ts';
import { countOf, histogramPoints, ninesPoints } from '../../src/charts/distribution.ts';
import { distributionCharts } from '../../src/charts/distribution-charts.ts';
import { elapsedStep, elapsedText } from '../../src/charts/elapsed.ts';
import { resolveFormatters } from '../../src/charts/formatters.ts';
import { placeLabels } from '../../src/charts/mark-labels.ts';
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

test('no label of a mark stands on another', () => {
  const anchor = fc.record({
    x: fc.integer({ min: 66, max: 334 }),
    text: fc.string({ minLength: 1, maxLength: 30 }),
    sign: fc.constant('◆'),
  });
  fc.assert(
    fc.property(fc.array(anchor, { maxLength: 30 }), (unordered) => {
      const anchors = unordered.toSorted((a, b) => a.x - b.x);
      const spans = placeLabels(anchors, 360).flatMap(({ text, row, align }, i) => {
        const [{ x }, width] = [anchors[i]!, 6.6 * [...text].length];
        return text === '' ? [] : [{ row, from: align === 'left' ? x : x - width, width }];
      });
      for (const [i, one] of spans.entries()) {
        expect(one.from + one.width).toBeLessThanOrEqual(360);
        for (const other of spans.slice(i + 1)) {
          if (other.row === one.row) expect(other.from).toBeGreaterThan(one.from + one.width);
        }
      }
    }),
  );
  expect(placeLabels([{ x: 66, text: 'warm-up', sign: '┃' }], 360)).toEqual([
    { text: 'warm-up', row: 0, align: 'left' },
  ]);
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
    const sent = chart('arrivals')!.lines.find(({ name }) => name === 'issued')!.points;
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

  describe('with bounds', () => {
    const share = 0.2;
    const history = madeUpHistory({ bins: 60, ratePerSecond: 50, ttftMs: 60, clientsShare: share });
    const charts = timeCharts([{ ...run, history }], LIGHT_THEME);
    const of = (id: string) => charts.find((one) => one.id === id)!;

    test('draw a band from what the client may have added up to what may be missing', () => {
      const [p50] = of('ttft').lines;
      p50!.points.forEach(([, value], bin) => {
        const range = p50!.band![bin];
        if (value === null || bin === 40) {
          expect(range).toBeNull();
          return;
        }
        const [low, high] = range!;
        expect(high / value).toBeCloseTo(1, 4);
        expect(low).toBeLessThanOrEqual((1 - share) * value);
        expect(low).toBeGreaterThan((1 - 1.1 * share) * value);
      });
      const gap = of('chunk-gap').lines[2]!;
      const [low, high] = gap.band![20]!;
      expect(high - gap.points[20]![1]!).toBeCloseTo(gap.points[20]![1]! - low, -2);
    });

    test('stack it from its lower edge, in the tint of its line', () => {
      const series = of('chunk-gap').option.series as readonly {
        readonly name: string;
        readonly stack?: string;
        readonly data: readonly (readonly [number, number | null])[];
        readonly areaStyle?: { readonly color: string };
        readonly itemStyle: { readonly color: string };
      }[];
      const [base, area] = series.filter(({ stack }) => stack === 'p99 band');
      const { band, points } = of('chunk-gap').lines[2]!;
      const at = base!.data.findIndex(([x]) => x === points[20]![0]);
      expect(base!.data[at]![1]).toBeCloseTo(band![20]![0], -2);
      expect(base!.data[at]![1]! + area!.data[at]![1]!).toBeCloseTo(band![20]![1], -3);
      expect(area!.areaStyle!.color).toBe(series.find(({ name }) => name === 'p99')!.itemStyle.color);
    });

    test('say in the legend that there are bands, and that one is not known everywhere', () => {
      const legendOf = (chart: { readonly option: { readonly [key: string]: unknown } }) =>
        JSON.stringify(chart.option.legend);
      expect(legendOf(of('ttft'))).toContain('client’s part, where known');
      expect(legendOf(of('tokens'))).not.toContain('client’s part');
      expect(legendOf(chart('ttft')!)).not.toContain('client’s part');
      const short = madeUpHistory({ bins: 39, ratePerSecond: 50, ttftMs: 60, clientsShare: share });
      const [whole] = timeCharts([{ ...run, history: short }], LIGHT_THEME).filter(({ id }) => id === 'ttft');
      expect(legendOf(whole!)).toContain('"client’s part"');
      expect(bandText(history)).toMatch(/^The band around a line, .* fewer than 100 probes has none\.$/);
      expect(bandText(run.history)).toBeUndefined();
    });

    test('draw none where runs are laid over each other', () => {
      const both = timeCharts([{ ...run, history }, run], LIGHT_THEME);
      expect(both.some(({ lines }) => lines.some(({ band }) => band !== undefined))).toBe(false);
      expect(JSON.stringify(both)).not.toContain('client’s part');
    });

    test('cut a band off that would make its line too flat to read', () => {
      const topOf = (clientsShare: number) => {
        const wide = madeUpHistory({ bins: 60, ratePerSecond: 50, ttftMs: 60, clientsShare });
        const gaps = timeCharts([{ ...run, history: wide }], LIGHT_THEME).find(
          ({ id }) => id === 'chunk-gap',
        )!;
        const [base, area] = (
          gaps.option.series as readonly {
            readonly stack?: string;
            readonly data: readonly (readonly [number, number | null])[];
          }[]
        ).filter(({ stack }) => stack === 'p99 band');
        const tops = base!.data.map(([, low], i) => (low ?? 0) + (area!.data[i]![1] ?? 0));
        return Math.max(...tops) / Math.max(...gaps.lines[2]!.points.map(([, value]) => value ?? 0));
      };
      expect(topOf(0.5)).toBeGreaterThan(1.45);
      expect(topOf(100)).toBeCloseTo(2, 2);
    });
  });

  test('tell what was due in open loop only, where it can differ from what was issued', () => {
    const names = (one: ChartRun) =>
      timeCharts([one], LIGHT_THEME)
        .find(({ id }) => id === 'arrivals')!
        .lines.map(({ name }) => name);
    expect(names(run)).toEqual(['due', 'issued', 'succeeded']);
    const { issue_delay_ns: delay } = run.history.series;
    const never = { ...delay!, max: delay!.max.map(() => 0) };
    const series = { ...run.history.series, issue_delay_ns: never };
    expect(names({ ...run, history: { ...run.history, series } })).toEqual(['issued', 'succeeded']);
  });

  test('have legends in which solid and dashed can be told apart behind the symbols of runs', () => {
    const widthOfLine = (...runs: readonly ChartRun[]) => {
      const { legend } = timeCharts(runs, LIGHT_THEME).find(({ id }) => id === 'ttft')!.option;
      return (legend as { readonly itemWidth: number }).itemWidth;
    };
    expect(widthOfLine(run)).toBe(20);
    expect(widthOfLine(run, { ...run, name: 'b' })).toBe(40);
  });

  test('leave details out where runs are laid over each other', () => {
    const ttft = timeCharts([run, { ...run, name: 'b' }], LIGHT_THEME).find(({ id }) => id === 'ttft');
    expect(ttft!.lines.map(({ name }) => name)).toEqual(['a p50', 'a p99', 'b p50', 'b p99']);
  });

  test('what is always the same has no distribution', () => {
    const constant = { first: 40, counts: [12], zero: 0 };
    const ids = distributionCharts([{ ...run, distributions: { isl: constant } }], LIGHT_THEME);
    expect(ids).toEqual([]);
  });

  test('runs of the same name stay apart', () => {
    const [drawn] = timeCharts([run, run], LIGHT_THEME);
    expect(drawn!.lines.map(({ name }) => name)).toContain('a (2) issued');
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
