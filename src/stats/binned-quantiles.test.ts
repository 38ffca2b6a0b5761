import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BinnedQuantiles } from './binned-quantiles.ts';
import { quantileOfSorted } from './quantile.ts';

const BINS = 7;
const values = fc.array(
  fc.record({ value: fc.double({ noNaN: true, min: -1e9, max: 1e9 }), bin: fc.nat(BINS - 1) }),
  {
    maxLength: 2000,
  },
);
const weights = fc.array(fc.nat(4), { minLength: BINS, maxLength: BINS });

function quantilesOf(rows: readonly { readonly value: number; readonly bin: number }[]): BinnedQuantiles {
  const bins = Uint16Array.from(rows, ({ bin }) => bin);
  return new BinnedQuantiles({ values: Float64Array.from(rows, ({ value }) => value), bins }, BINS);
}

describe('BinnedQuantiles', () => {
  it('finds what sorting the repeated values finds', () => {
    fc.assert(
      fc.property(values, weights, fc.double({ min: 0, max: 100, noNaN: true }), (rows, repeats, p) => {
        const repeated = rows
          .flatMap(({ value, bin }) => Array.from({ length: repeats[bin]! }, () => value))
          .sort((a, b) => a - b);
        const quantiles = quantilesOf(rows);
        const binWeights = Uint32Array.from(repeats);
        expect(quantiles.weightedCount(binWeights)).toBe(repeated.length);
        expect(quantiles.percentile(p, binWeights)).toBe(quantileOfSorted(repeated, p));
      }),
    );
  });

  it('tells by how much each bin exceeds its part above a value', () => {
    const quantiles = quantilesOf([
      { value: 1, bin: 0 },
      { value: 2, bin: 0 },
      { value: 3, bin: 1 },
      { value: 4, bin: 2 },
    ]);
    expect([...quantiles.excess(2)]).toEqual([-1, 0.5, 0.5, 0, 0, 0, 0]);
  });
});
