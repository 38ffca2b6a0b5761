import { describe, expect, it } from 'vitest';
import { RandomSource } from '../core/random.ts';
import { figuresOfSummary } from './figures.ts';
import { paretoFront } from './pareto-front.ts';
import { type Estimate, meanOfRuns } from './run-means.ts';
import { repeatConclusions, repeatTable } from './repeat-text.ts';
import { isSaturated } from './saturation.ts';
import type { CellResult } from './study-result.ts';
import { trendOf } from './trend.ts';

const exactly = (value: number): Estimate => ({ value, low: value, high: value });
const within = (value: number, reach: number): Estimate => ({
  value,
  low: value - reach,
  high: value + reach,
});

describe('meanOfRuns', () => {
  it('is Student’s interval over the runs', () => {
    // Mean 12, deviation 2, t(0.975, 2) = 4.30265.
    const { value, low, high } = meanOfRuns([10, 12, 14].map(exactly))!;
    expect(value).toBe(12);
    expect(high! - value).toBeCloseTo((4.30265 * 2) / Math.sqrt(3), 4);
    expect(value - low!).toBeCloseTo((4.30265 * 2) / Math.sqrt(3), 4);
  });

  it('covers the true mean in 95 of 100 studies, where intervals within runs miss the spread between them', () => {
    const random = new RandomSource(5);
    let covered = 0;
    for (let i = 0; i < 2000; i++) {
      const { low, high } = meanOfRuns(
        Array.from({ length: 4 }, () => within(100 + 5 * random.normal(), 0.1)),
      )!;
      if (low! <= 100 && high! >= 100) covered++;
    }
    expect(covered / 2000).toBeGreaterThan(0.93);
    expect(covered / 2000).toBeLessThan(0.97);
  });

  it('keeps the interval of a single run', () => {
    expect(meanOfRuns([within(5, 1)])).toEqual(within(5, 1));
    expect(meanOfRuns([])).toBeNull();
  });
});

describe('paretoFront', () => {
  it('tells what is on it, what may be and what is not', () => {
    const points = [
      { x: within(10, 1), y: within(1, 0.1) },
      { x: within(5, 1), y: within(5, 0.1) },
      { x: within(4.5, 1), y: within(4.95, 0.1) },
      { x: within(2, 1), y: within(2, 0.1) },
      null,
    ];
    expect(paretoFront(points)).toEqual(['on', 'on', 'maybe', 'off', null]);
  });

  it('has both of two points that are the same', () => {
    const point = { x: exactly(1), y: exactly(1) };
    expect(paretoFront([point, { ...point }])).toEqual(['on', 'on']);
  });
});

describe('isSaturated', () => {
  it.each<[string, Estimate, Estimate, boolean]>([
    ['a clear rise', within(100, 5), within(150, 5), false],
    ['no rise', within(100, 5), within(101, 5), true],
    ['a fall', within(100, 2), within(80, 2), true],
    ['a small rise that is significant', within(100, 0.5), within(103, 0.5), false],
    ['a large rise that is not significant', within(100, 60), within(150, 60), false],
  ])('%s', (_what, before, after, expected) => expect(isSaturated(before, after)).toBe(expected));
});

describe('trendOf', () => {
  it('sees a drift and no noise', () => {
    expect(trendOf([1, 2, 3, 4, 5])).toMatchObject({ direction: 'up' });
    expect(trendOf([5, 4, 3, 2, 1])!.chance).toBeCloseTo(2 / 120, 9);
    expect(trendOf([1, 2, 3, 4])).toBeUndefined();
    expect(trendOf([3, 1, 4, 2, 5])).toBeUndefined();
    expect(trendOf([10, 9.9, 9.7, 9.6, 9.5])!.change).toBeCloseTo(-0.05, 2);
  });

  it.each([7, 15])('warns of %i steady runs in 1 of 20 studies at most', (count) => {
    const random = new RandomSource(3);
    let warned = 0;
    for (let i = 0; i < 2000; i++) {
      if (trendOf(Array.from({ length: count }, () => random.normal())) !== undefined) warned++;
    }
    expect(warned / 2000).toBeLessThan(0.06);
  });
});

describe('figuresOfSummary', () => {
  it('reads a summary, and nothing from nonsense', () => {
    const figures = figuresOfSummary({
      tpot: { quantiles: { '90.0': { value: 20e6, ci_low: 10e6, ci_high: null } } },
      throughput: { succeeded_per_second: 5, succeeded_per_second_interval: { low: 4, high: 6 } },
      samples: { succeeded: 99, errored: 1, cancelled_by_plan: 0 },
    });
    expect(figures.tokens_per_second_per_user).toEqual({ value: 50, low: null, high: 100 });
    expect(figures.requests_per_second).toEqual({ value: 5, low: 4, high: 6 });
    expect(figures.error_share!.value).toBe(0.01);
    for (const odd of [undefined, null, 5, [], { ttft: 'x', throughput: [] }])
      expect(figuresOfSummary(odd)).toEqual({});
  });
});

describe('repeats', () => {
  const runs = (values: readonly number[], reach: number) =>
    values.map((value, i): CellResult => ({
      cell: { id: `run-${i + 1}`, values: [], repeat: i + 1 },
      ...{
        state: 'done',
        startedAt: null,
        verdict: 'valid',
        slos: [],
        backlogGrows: null,
        server: null,
        reason: null,
      },
      figures: { output_tokens_per_second: within(value, reach) },
    }));

  it('tell the spread between runs, beside what a single run says of itself', () => {
    expect(repeatTable(runs([100, 104, 96], 0.1)).map((line) => line.replaceAll(/ +/g, ' '))).toEqual([
      ' mean 95 % interval spread lowest highest',
      'Output tokens/s 100 90.1–110 4.00 % 96.0 104',
    ]);
    expect(repeatConclusions(runs([100, 104, 96], 0.1))).toEqual([
      'Output tokens/s spread by 4.00 % between runs (standard deviation of 3 runs). That is more than the interval of a single run, ±0.1 %, allows for.',
    ]);
    expect(repeatConclusions(runs([100, 104, 96], 10))[0]).not.toContain('more than');
    expect(repeatConclusions(runs([100], 10))).toEqual([]);
  });

  it('warn of a drift, and of none in another order', () => {
    expect(repeatConclusions(runs([100, 98, 97, 95, 92], 5))[1]).toMatch(
      /^Warning: Output tokens\/s goes down from run to run, by .* %/,
    );
    expect(repeatConclusions(runs([97, 100, 92, 98, 95], 5))).toHaveLength(1);
  });
});
