import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BUCKETS_PER_DECADE, type LogDistribution, type RunHistory } from '../core/run-history.ts';
import { bars, gather, progressBar, sparkLine } from './bars.ts';
import { histogram, leftOutText, zoomOf } from './histogram.ts';
import { lineWidth, plainText } from './paint.ts';
import { ratesOverTime } from './run-series.ts';
import { timeAxis, timeChart } from './time-chart.ts';

describe('bars', () => {
  it('fill to the share', () => {
    expect(progressBar(0.5, 4)).toBe('██░░');
    expect(progressBar(2, 3)).toBe('███');
    expect(progressBar(-1, 2)).toBe('░░');
  });

  it('stand as high as their value, and show whatever is above 0', () => {
    expect(bars([0, 1, 8, 12, 16, null, 0.01], 2, 16)).toEqual(['   ▄█  ', ' ▁███ ▁']);
  });

  it('of one row are scaled to the highest of what is shown', () => {
    expect(sparkLine([0, 5, 10, null], 9, 'mean')).toBe('▁▄█ ');
    expect(sparkLine([0, 0], 9, 'mean')).toBe('▁▁');
    expect(sparkLine([], 9, 'mean')).toBe('');
  });

  it('show all values however narrow it is', () => {
    expect(gather([1, 3, 5, 7, 9], 3, 'mean')).toEqual([2, 6, 9]);
    expect(gather([1, 3, null, null, 9], 3, 'max')).toEqual([3, null, 9]);
    const some = fc.array(fc.option(fc.integer({ min: 0, max: 99 })), { maxLength: 60 });
    fc.assert(
      fc.property(some, fc.integer({ min: 1, max: 20 }), (values, width) => {
        const shown = gather(values, width, 'max');
        expect(shown.length).toBeLessThanOrEqual(width);
        expect(Math.max(-1, ...shown.map((value) => value ?? -1))).toBe(
          Math.max(-1, ...values.map((value) => value ?? -1)),
        );
      }),
    );
  });
});

/** A distribution with so many values at each place. */
function distributionOf(values: readonly (readonly [value: number, count: number])[]): LogDistribution {
  const buckets = values.map(
    ([value, count]) => [Math.floor(Math.log10(value) * BUCKETS_PER_DECADE + 1e-9), count] as const,
  );
  const first = Math.min(...buckets.map(([bucket]) => bucket));
  const counts = Array.from({ length: Math.max(...buckets.map(([bucket]) => bucket)) - first + 1 }, () => 0);
  for (const [bucket, count] of buckets) counts[bucket - first]! += count;
  return { first, counts, zero: 0 };
}

describe('histogram', () => {
  it('zooms to the data, with some air', () => {
    const { from, to } = zoomOf(distributionOf([[1e6, 5]]));
    expect(from).toBeLessThan(240);
    expect(to).toBeGreaterThan(241);
    expect(to - from).toBeLessThan(20);
  });

  it('leaves out the few values that lie far away, and says so', () => {
    const far = distributionOf([
      [1e3, 1],
      [1e6, 5000],
      [1e7, 5000],
      [1e10, 2],
    ]);
    expect(zoomOf(far)).toMatchObject({ below: 1, above: 2 });
    expect(leftOutText({ ...far, zero: 4 })).toBe('4 at 0, 1 lower, 2 higher');
    expect(leftOutText(distributionOf([[1e6, 1]]))).toBe('');
  });

  it('has its percentiles and ticks where the values are', () => {
    const distribution = distributionOf([
      [1e7, 100],
      [1e8, 100],
    ]);
    const row = { unit: 'ns', p50: 1e7, p90: 1e8, p99: 1e8 } as const;
    const lines = histogram(distribution, row, 'ns', { width: 60, height: 8 }).map(plainText);
    expect(lines).toHaveLength(8);
    const [ticks, percentiles] = [lines.at(-1)!, lines.at(-2)!];
    expect(percentiles.indexOf('▲p50')).toBe(ticks.indexOf('╵10 ms'));
    expect(percentiles.indexOf('▲p99')).toBe(ticks.indexOf('╵100 ms'));
    const lowest = lines.at(-3)!;
    expect(lowest[ticks.indexOf('╵10 ms')]).not.toBe(' ');
    expect(lowest[ticks.indexOf('╵20 ms')]).toBe(' ');
  });

  it('fits, whatever the data', () => {
    const values = fc.array(fc.tuple(fc.double({ min: 1, max: 1e13, noNaN: true }), fc.nat({ max: 1e6 })), {
      minLength: 1,
      maxLength: 30,
    });
    const size = fc.record({
      width: fc.integer({ min: 1, max: 90 }),
      height: fc.integer({ min: 2, max: 12 }),
    });
    fc.assert(
      fc.property(values, size, (placed, fitted) => {
        const lines = histogram(distributionOf(placed), undefined, 'ns', fitted);
        expect(lines).toHaveLength(fitted.height);
        for (const line of lines) expect(lineWidth(line)).toBeLessThanOrEqual(fitted.width);
      }),
    );
  });
});

function historyOf(seconds: number, change: Partial<RunHistory> = {}): RunHistory {
  const each = (value: number) => Array.from({ length: seconds }, () => value);
  return {
    ...{ format: 1, start_ns: 5e9, bin_ns: 1e9, end_ns: 5e9 + seconds * 1e9 },
    counts: {
      ...{ due: each(10), issued: each(10), succeeded: each(9), errored: each(0), cancelled: each(0) },
      ...{ chunks: each(0), output_tokens: each(0) },
    },
    in_flight_max: each(3),
    series: {},
    client: { event_loop_delay_max_ms: [], gc_ms: [], cpu_share: [], cpu_wait_share: [] },
    marks: [],
    ...change,
  };
}

describe('over time', () => {
  it('a bin that is cut short is a rate all the same, one that only began is left out', () => {
    expect(ratesOverTime(historyOf(3, { end_ns: 7.8e9 }), 'issued')).toEqual([10, 10, 12.5]);
    expect(ratesOverTime(historyOf(3, { end_ns: 7.2e9 }), 'issued')).toEqual([10, 10]);
    expect(ratesOverTime(historyOf(1, { end_ns: 5.2e9 }), 'issued')).toHaveLength(1);
  });

  it('marks stand where they happened', () => {
    const marks = [
      { at_ns: 5e9, kind: 'phase', value: null, text: 'performance' },
      { at_ns: 9.5e9, kind: 'note', value: null, text: '' },
    ] as const;
    expect(plainText(timeAxis(historyOf(8, { marks }), 40))).toBe('┃┈┈┈◆┈┈┈0:08');
    expect(plainText(timeAxis(historyOf(32, { marks }), 20))).toBe('┃┈◆┈┈┈┈┈┈┈┈┈┈┈┈┈0:32');
  });

  it('what was asked for stands above what was not reached', () => {
    const plotted = { values: [10, 5], how: 'mean', wanted: [10, 10] } as const;
    const lines = timeChart(plotted, historyOf(2), { width: 20, height: 3 }).map(plainText);
    expect(lines).toEqual(['█╌', '██', '┈┈0:02']);
  });
});
