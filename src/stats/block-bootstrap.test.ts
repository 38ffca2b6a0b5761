import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RandomSource } from '../core/random.ts';
import { drawBlockWeights } from './block-bootstrap.ts';
import { blockLength } from './block-length.ts';

describe('drawBlockWeights', () => {
  it('draws as many bins as there are, in blocks', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 300 }), fc.nat(), fc.nat(1000), (bins, length, seed) => {
        const block = 1 + (length % bins);
        const weights = new Uint32Array(bins).fill(99);
        drawBlockWeights(weights, block, new RandomSource(seed));
        expect(weights.reduce((sum, n) => sum + n, 0)).toBe(bins);
        // Going round the circle the weight changes only where a block begins or ends.
        const changes = weights.reduce((sum, n, i) => sum + Math.abs(n - weights[(i + 1) % bins]!), 0);
        expect(changes).toBeLessThanOrEqual(2 * Math.ceil(bins / block));
      }),
    );
  });

  it('draws every bin equally often', () => {
    const random = new RandomSource(5);
    const weights = new Uint32Array(20);
    const sums = new Float64Array(20);
    for (let i = 0; i < 4000; i++) {
      drawBlockWeights(weights, 6, random);
      weights.forEach((n, bin) => (sums[bin]! += n));
    }
    for (const sum of sums) expect(Math.abs(sum / 4000 - 1)).toBeLessThan(0.1);
  });
});

/** An autoregressive series: each value is `memory` of the last one and fresh noise. */
function series(memory: number, length: number, seed: number): Float64Array {
  const random = new RandomSource(seed);
  let value = 0;
  return Float64Array.from({ length }, () => (value = memory * value + random.normal()));
}

/** Standard error of the mean as the bootstrap estimates it. */
function bootstrapError(values: Float64Array, block: number): number {
  const random = new RandomSource(1);
  const weights = new Uint32Array(values.length);
  const means = Array.from({ length: 400 }, () => {
    drawBlockWeights(weights, block, random);
    return values.reduce((sum, value, i) => sum + value * weights[i]!, 0) / values.length;
  });
  const mean = means.reduce((a, b) => a + b) / means.length;
  return Math.sqrt(means.reduce((sum, m) => sum + (m - mean) ** 2, 0) / (means.length - 1));
}

describe('blockLength', () => {
  it('is short for independent values and grows with their memory', () => {
    const average = (memory: number) => {
      const lengths = Array.from({ length: 20 }, (_, seed) => blockLength(series(memory, 512, seed)));
      return lengths.reduce((a, b) => a + b) / lengths.length;
    };
    const [none, some, much] = [average(0), average(0.5), average(0.9)];
    expect(none).toBeLessThan(4);
    expect(some).toBeGreaterThan(none);
    expect(much).toBeGreaterThan(some * 1.5);
  });

  it('makes the bootstrap see the whole error of a mean, which single draws don’t', () => {
    const memory = 0.7;
    const length = 512;
    const truth = 1 / (1 - memory) / Math.sqrt(length);
    const mean = (errors: number[]) => errors.reduce((a, b) => a + b) / errors.length;
    const all = Array.from({ length: 12 }, (_, seed) => series(memory, length, seed));
    const blocked = mean(all.map((values) => bootstrapError(values, blockLength(values))));
    const single = mean(all.map((values) => bootstrapError(values, 1)));
    expect(blocked / truth).toBeGreaterThan(0.75);
    expect(blocked / truth).toBeLessThan(1.25);
    expect(single / truth).toBeLessThan(0.6);
  });

  it('has an answer for series without variation and for very short ones', () => {
    expect(blockLength(new Float64Array(100))).toBe(1);
    expect(blockLength([1, 2, 3])).toBe(1);
    expect(blockLength([])).toBe(1);
  });
});
