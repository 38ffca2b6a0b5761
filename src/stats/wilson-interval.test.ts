import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { normalQuantile } from './normal-quantile.ts';
import { wilsonInterval } from './wilson-interval.ts';

interface Golden {
  readonly hits: number;
  readonly n: number;
  readonly level: number;
  readonly low: number;
  readonly high: number;
}

const { wilson } = JSON.parse(
  readFileSync(new URL('../../test/oracles/statistics.json', import.meta.url), 'utf8'),
) as { readonly wilson: readonly Golden[] };

describe('wilsonInterval', () => {
  it.each(wilson)('has the golden ends for $hits of $n at $level', ({ hits, n, level, low, high }) => {
    const found = wilsonInterval(hits, n, level);
    expect(found.low).toBeCloseTo(low, 12);
    expect(found.high).toBeCloseTo(high, 12);
  });

  it('mirrors hits and misses, and stays within 0 and 1', () => {
    for (const n of [1, 2, 30, 100_000]) {
      for (const hits of [0, 1, n >> 1, n]) {
        const [found, mirrored] = [wilsonInterval(hits, n), wilsonInterval(n - hits, n)];
        expect(found.low).toBeCloseTo(1 - mirrored.high, 12);
        expect(found.low).toBeGreaterThanOrEqual(0);
        expect(found.low).toBeLessThanOrEqual(hits / n);
        expect(found.high).toBeGreaterThanOrEqual(hits / n);
      }
    }
  });
});

describe('normalQuantile', () => {
  it('has the scores of a table', () => {
    for (const [share, score] of [
      [0.5, 0],
      [0.75, 0.674489750196082],
      [0.95, 1.644853626951473],
      [0.975, 1.959963984540054],
      [0.995, 2.575829303548901],
      [0.9995, 3.290526731491926],
      [0.999999, 4.753424308822899],
    ] as const) {
      expect(normalQuantile(share)).toBeCloseTo(score, 10);
    }
  });

  it('refuses what is no share above one half', () => {
    expect(() => normalQuantile(0.4)).toThrow(RangeError);
    expect(() => normalQuantile(1)).toThrow(RangeError);
  });
});
