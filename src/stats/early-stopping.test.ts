import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  EARLY_STOPPING_CONFIDENCE,
  EARLY_STOPPING_TOLERANCE,
  earlyStoppingEstimate,
  earlyStoppingTargets,
  earlyStoppingTargetsOfList,
  minimumPassing,
} from './early-stopping.ts';
import { percentileIndex } from './percentile-key.ts';

describe('minimumPassing', () => {
  it('has the known reference values', () => {
    expect(minimumPassing(0, 0.99)).toBe(459);
    expect(minimumPassing(0, 0.9)).toBe(44);
    expect(minimumPassing(1, 0.99)).toBe(661);
  });

  it('grows with every over-latency sample', () => {
    let previous = 0;
    for (let over = 0; over < 60; over++) {
      const passing = minimumPassing(over, 0.95);
      expect(passing).toBeGreaterThan(previous);
      previous = passing;
    }
  });

  it('uses the constants of MLPerf', () => {
    expect(EARLY_STOPPING_TOLERANCE).toBe(0);
    expect(EARLY_STOPPING_CONFIDENCE).toBe(0.99);
    expect(minimumPassing(3, 0.9)).toBe(minimumPassing(3, 0.9, 0, 0.99));
  });

  it('needs about 6.6 samples for each unit of the over-latency rate, however small that is', () => {
    for (const rate of [1e-3, 1e-6, 1e-9]) {
      expect(minimumPassing(1, 1 - rate) * rate).toBeGreaterThan(6.5);
      expect(minimumPassing(1, 1 - rate) * rate).toBeLessThan(6.7);
    }
  });

  it.each([
    [1, 0, 0.99],
    [1 - 1e-12, 0, 0.99],
    [0, 0, 0.99],
    [0.9, 0, 1],
    [0.9, 0, 0],
    [0.9, 0.9, 0.99],
    [0.9, -0.1, 0.99],
    [NaN, 0, 0.99],
  ])('refuses fraction %d, tolerance %d, confidence %d', (fraction, tolerance, confidence) => {
    expect(() => minimumPassing(1, fraction, tolerance, confidence)).toThrow(
      expect.objectContaining({ code: 'INFEROMETER_STATS_DOMAIN' }),
    );
  });
});

describe('earlyStoppingEstimate', () => {
  it('needs 662 samples for p99 and 64 for p90', () => {
    expect(earlyStoppingEstimate(661, 99)).toEqual({ minQueries: 662, index: undefined, discarded: 0 });
    expect(earlyStoppingEstimate(662, 99)).toEqual({ minQueries: 662, index: 661, discarded: 0 });
    expect(earlyStoppingEstimate(0, 90)).toEqual({ minQueries: 64, index: undefined, discarded: 0 });
  });

  it('discards 76 of ten thousand for p99, and is not below the plain percentile', () => {
    const { index, discarded, minQueries } = earlyStoppingEstimate(10_000, 99);
    expect(discarded).toBe(76);
    expect(minQueries).toBe(662);
    expect(index).toBeGreaterThanOrEqual(percentileIndex(10_000, 99));
  });

  it('takes the largest number of over-latency samples that passes', () => {
    const percentiles = fc.constantFrom(50, 75, 90, 97, 99);
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 5000 }), percentiles, (count, percentile) => {
        const { index, minQueries } = earlyStoppingEstimate(count, percentile);
        expect(index === undefined).toBe(count < minQueries);
        if (index === undefined) return;
        const over = count - index;
        expect(minimumPassing(over, percentile / 100) + over).toBeLessThanOrEqual(count);
        expect(minimumPassing(over + 1, percentile / 100) + over + 1).toBeGreaterThan(count);
      }),
    );
  });

  it.each([0, -1, 100, 150, NaN])('refuses percentile %d', (percentile) => {
    expect(() => earlyStoppingEstimate(10, percentile)).toThrow(
      expect.objectContaining({ code: 'INFEROMETER_STATS_PERCENTILE' }),
    );
  });

  it('helps whoever meant a fraction', () => {
    expect(() => earlyStoppingEstimate(10, 0.99)).toThrow('did you mean 99?');
    expect(() => earlyStoppingEstimate(10, 0.57)).toThrow('did you mean 57?');
    expect(() => earlyStoppingEstimate(10, 100)).not.toThrow('did you mean');
  });
});

describe('targets', () => {
  it('are the entries of a grid from the median up and below 100, in its order', () => {
    expect(earlyStoppingTargets([100, 99.9, 25, 50, 99, 49.9])).toEqual([99.9, 50, 99]);
  });

  it('of a list come descending and once', () => {
    expect([...earlyStoppingTargetsOfList([50, 99, 99.0, 99.9])]).toEqual([
      ['99.9', 99.9],
      ['99.0', 99],
      ['50.0', 50],
    ]);
  });

  it('of a list are percentiles, not fractions', () => {
    expect(() => earlyStoppingTargetsOfList([99, 0.5])).toThrow('did you mean 50?');
  });
});
