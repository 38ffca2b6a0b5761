import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { BinnedQuantiles } from './binned-quantiles.ts';
import { BinnedValues } from './binned-values.ts';

const BINS = 5;
const rows = fc.array(
  fc.record({ value: fc.double({ noNaN: true, min: 0, max: 1e12 }), bin: fc.nat(BINS - 1) }),
  { minLength: 1, maxLength: 500 },
);
const weights = fc.array(fc.nat(3), { minLength: BINS, maxLength: BINS });

function collected(all: readonly { readonly value: number; readonly bin: number }[], mostExact: number) {
  const collector = new BinnedValues(BINS, mostExact);
  for (const { value, bin } of all) collector.add(value, bin);
  return collector.finish();
}

describe('BinnedValues', () => {
  it('keeps values as they are up to its limit', () => {
    fc.assert(
      fc.property(rows, (all) => {
        const { values, bins, counts } = collected(all, all.length);
        expect([...values]).toEqual(all.map(({ value }) => value));
        expect([...bins]).toEqual(all.map(({ bin }) => bin));
        expect(counts).toBeUndefined();
      }),
    );
  });

  it('counts them beyond, to 1 part in 2048', () => {
    fc.assert(
      fc.property(
        rows,
        fc.nat(20),
        weights,
        fc.double({ min: 0, max: 100, noNaN: true }),
        (all, few, w, p) => {
          fc.pre(all.length > few);
          const binWeights = Uint32Array.from(w);
          const exact = new BinnedQuantiles(collected(all, all.length), BINS);
          const counted = new BinnedQuantiles(collected(all, few), BINS);
          expect(counted.count).toBe(exact.count);
          expect(counted.weightedCount(binWeights)).toBe(exact.weightedCount(binWeights));
          const [wanted, found] = [exact, counted].map((quantiles) => quantiles.percentile(p, binWeights));
          if (Number.isNaN(wanted!)) expect(found).toBeNaN();
          else expect(Math.abs(found! - wanted!)).toBeLessThanOrEqual(wanted! / 2048 + 1e-300);
        },
      ),
    );
  });

  it('takes no more room for equal values, however many there are', () => {
    const collector = new BinnedValues(BINS, 10);
    for (let i = 0; i < 100_000; i++) collector.add(42e6, i % BINS);
    const { values, counts } = collector.finish();
    expect(values).toHaveLength(BINS);
    expect([...counts!]).toEqual(Array(BINS).fill(20_000));
  });
});
