import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { bucketEdgeNs, LatenessCounts } from './lateness-counts.ts';
import { LatenessMixture } from './lateness-mixture.ts';
import { dividedLateness, sumOfLateness } from './lateness-sum.ts';

function countsOf(values: readonly number[]) {
  const counts = new LatenessCounts();
  for (const value of values) counts.add(value);
  return counts.take();
}

const latenessNs = fc.array(fc.double({ min: 0, max: 1e10, noNaN: true }), { minLength: 1, maxLength: 200 });

describe('LatenessCounts', () => {
  it('takes each value for the highest of its bucket, 9 % more at most', () => {
    fc.assert(
      fc.property(fc.double({ min: 1001, max: 6e10, noNaN: true }), (value) => {
        const [bucket] = countsOf([value]);
        expect(bucketEdgeNs(bucket!)).toBeGreaterThanOrEqual(value * (1 - 1e-12));
        expect(bucketEdgeNs(bucket!)).toBeLessThan(value * 1.1);
      }),
    );
  });

  it('forgets what was taken', () => {
    const counts = new LatenessCounts();
    counts.add(5e6, 3);
    expect(counts.total).toBe(3);
    expect(counts.take()[1]).toBe(3);
    expect(counts.take()).toEqual([]);
  });
});

describe('LatenessMixture', () => {
  it('never tells a read to be earlier than it was', () => {
    fc.assert(
      fc.property(latenessNs, (values) => {
        const mixture = new LatenessMixture();
        mixture.add(values.length, countsOf(values));
        const masses = mixture.distribution(false);
        expect(masses.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 9);
        for (const { latenessNs: limitNs } of masses) {
          const later = values.filter((value) => value > limitNs).length / values.length;
          const told = masses
            .filter((mass) => mass.latenessNs > limitNs)
            .reduce((sum, { share }) => sum + share, 0);
          expect(told).toBeGreaterThanOrEqual(later - 1e-9);
        }
      }),
    );
  });

  it('weights each stretch of time by the reads in it', () => {
    const mixture = new LatenessMixture();
    mixture.add(900, countsOf([0, 0]));
    mixture.add(100, countsOf([1e7, 1e7, 1e7, 1e7]));
    mixture.add(0, countsOf([1e9]));
    const masses = mixture.distribution(false);
    expect(masses[0]!.share).toBeCloseTo(0.9, 9);
    expect(masses[1]!.latenessNs).toBeGreaterThanOrEqual(1e7);
    expect(masses).toHaveLength(2);
    expect(mixture.quantileNs(0.5)).toBeLessThanOrEqual(1000);
    expect(mixture.quantileNs(0.95)).toBeGreaterThanOrEqual(1e7);
  });

  it('takes a small sample for less than it shows', () => {
    const few = new LatenessMixture();
    few.add(100, countsOf([0, 0, 0, 0, 0]));
    const many = new LatenessMixture();
    many.add(100, countsOf(Array.from({ length: 5000 }, () => 0)));
    expect(few.distribution(true)[0]!.share).toBeLessThan(0.6);
    expect(many.distribution(true)[0]!.share).toBeGreaterThan(0.99);
  });
});

describe('sumOfLateness, dividedLateness', () => {
  const masses = latenessNs.map((values) =>
    values
      .map((value) => ({ latenessNs: value, share: 1 / values.length }))
      .sort((a, b) => a.latenessNs - b.latenessNs),
  );
  const shareBeyond = (of: readonly { latenessNs: number; share: number }[], ns: number) =>
    of.filter(({ latenessNs: late }) => late > ns).reduce((sum, { share }) => sum + share, 0);

  it('never tells less than the sum of two independent causes', () => {
    fc.assert(
      fc.property(masses, masses, fc.double({ min: 0, max: 2e10, noNaN: true }), (a, b, ns) => {
        const naive = a.flatMap((x) =>
          b.map((y) => ({ latenessNs: x.latenessNs + y.latenessNs, share: x.share * y.share })),
        );
        expect(shareBeyond(sumOfLateness(a, b), ns)).toBeGreaterThanOrEqual(shareBeyond(naive, ns) - 1e-9);
      }),
      { numRuns: 30 },
    );
  });

  it('divides by each divisor for its share', () => {
    const divided = dividedLateness([{ latenessNs: 1024, share: 1 }], [1, 4]);
    expect(divided).toEqual([
      { latenessNs: 256, share: 0.5 },
      { latenessNs: 1024, share: 0.5 },
    ]);
  });
});

describe('LatenessMixture of stretches', () => {
  it('takes a part of a stretch for its latest', () => {
    const whole = new LatenessMixture();
    whole.add(100, [0, 6, 80, 3, 160, 1]);
    const part = new LatenessMixture();
    part.add(100, [0, 6, 80, 3, 160, 1], 0.4);
    expect(part.count).toBe(4);
    // One in four of this part is as late as one in ten of the whole, and none is on time.
    expect(part.quantileNs(0.76)).toBe(whole.quantileNs(0.95));
    expect(part.quantileNs(0.01)).toBe(whole.quantileNs(0.7));
  });

  it('merges what was added apart', () => {
    const [first, second, both] = [new LatenessMixture(), new LatenessMixture(), new LatenessMixture()];
    first.add(100, [0, 6, 80, 3]);
    second.add(30, [8, 5], 0.5);
    both.add(100, [0, 6, 80, 3]);
    both.add(30, [8, 5], 0.5);
    first.merge(second);
    expect(first.count).toBe(both.count);
    expect(first.distribution(true)).toEqual(both.distribution(true));
  });
});
