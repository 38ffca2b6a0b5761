import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { valuesAtRanks } from './exact-quantiles.ts';

/** More than are sorted at once, so that the buckets decide. */
const MANY = 70_000;

function chunked(values: Float64Array, chunkLength: number): Float64Array[] {
  return Array.from({ length: Math.ceil(values.length / chunkLength) }, (_, i) =>
    values.subarray(i * chunkLength, (i + 1) * chunkLength),
  );
}

function expectRanksOfSort(values: Float64Array, ranks: readonly number[]): void {
  const ascending = values.slice().sort();
  const found = valuesAtRanks(() => chunked(values, 10_007), values.length, ranks);
  // Added to 0, both zeros are one.
  const numbers = (rankValues: Iterable<readonly [number, number]>) =>
    [...rankValues].map(([rank, value]) => [rank, value + 0]).sort(([a], [b]) => a! - b!);
  expect(numbers(found)).toEqual(numbers(new Map(ranks.map((rank) => [rank, ascending[rank]!]))));
}

const GRID = [0, 1, 17, MANY / 2 - 1, MANY / 2, Math.floor(MANY * 0.9), Math.floor(MANY * 0.999), MANY - 1];

/** A cheap reproducible source: as many doubles as the big arrays need. */
function noise(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

const SHAPES: Readonly<Record<string, (unit: () => number) => number>> = {
  'latencies in ns': (unit) => Math.floor(1e6 * Math.exp(8 * unit())),
  'one value': () => 5_000_000,
  'three neighbouring integers': (unit) => 3_500_000_000_000 + Math.floor(3 * unit()),
  'token counts': (unit) => Math.floor(40 * unit()),
  'fractions below one': (unit) => unit() / 1000,
  'both signs and zeros': (unit) => Math.round(200 * unit() - 100),
  'neighbouring doubles': (unit) => 1 + Math.floor(50 * unit()) * Number.EPSILON,
  'the smallest doubles': (unit) => Math.floor(9 * unit() - 4) * Number.MIN_VALUE,
  'the largest doubles of both signs': (unit) => (unit() - 0.5) * 2 * Number.MAX_VALUE,
  'a crowd and two far off': (unit) => (unit() < 0.9999 ? 1e9 : unit() < 0.5 ? -1e300 : 1e300),
};

describe('valuesAtRanks', () => {
  it('equals sorting, for few values', () => {
    const values = fc.array(
      fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0),
      { minLength: 1, maxLength: 100 },
    );
    fc.assert(
      fc.property(values, fc.array(fc.nat(), { minLength: 1 }), (sample, picks) => {
        const ranks = picks.map((pick) => pick % sample.length);
        expectRanksOfSort(Float64Array.from(sample), ranks);
      }),
    );
  });

  describe('equals sorting, for many values:', () => {
    it.each(Object.keys(SHAPES))('%s', (shape) => {
      const unit = noise(shape.length);
      expectRanksOfSort(
        Float64Array.from({ length: MANY }, () => SHAPES[shape]!(unit)),
        GRID,
      );
    });
  });

  it('equals sorting, for many values of any shape', () => {
    const mixture = fc.tuple(
      fc.nat(),
      fc.constantFrom(...Object.keys(SHAPES)),
      fc.constantFrom(...Object.keys(SHAPES)),
      fc.array(fc.nat(MANY - 1), { minLength: 1, maxLength: 20 }),
    );
    fc.assert(
      fc.property(mixture, ([seed, one, other, ranks]) => {
        const unit = noise(seed);
        expectRanksOfSort(
          Float64Array.from({ length: MANY }, () => SHAPES[unit() < 0.5 ? one : other]!(unit)),
          ranks,
        );
      }),
      { numRuns: 15 },
    );
  });

  it('leaves the values as they are', () => {
    const values = Float64Array.of(3, 1, 2);
    valuesAtRanks(() => [values], 3, [0, 2]);
    expect([...values]).toEqual([3, 1, 2]);
  });

  it('answers nothing when asked for nothing', () => {
    expect(valuesAtRanks(() => [], 0, [])).toEqual(new Map());
  });

  it.each([-1, 3, 0.5, NaN])('refuses rank %d of 3', (rank) => {
    expect(() => valuesAtRanks(() => [Float64Array.of(1, 2, 3)], 3, [rank])).toThrow(RangeError);
  });
});
