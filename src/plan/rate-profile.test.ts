import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RateProfile, type RateStage, steadyRate } from './rate-profile.ts';

const S = 1e9;

/** Stages as a list of rates, each a ramp from the one before it or a step to it. */
const stages: fc.Arbitrary<RateStage[]> = fc
  .array(
    fc.record({
      seconds: fc.double({ min: 0.01, max: 50, noNaN: true }),
      perSecond: fc.oneof(fc.constant(0), fc.double({ min: 0.01, max: 5000, noNaN: true })),
      isRamp: fc.boolean(),
    }),
    { minLength: 1, maxLength: 8 },
  )
  .map((parts) => {
    let from = 0;
    return parts.map(({ seconds, perSecond, isRamp }) => {
      const stage = { forNs: seconds * S, fromPerSecond: isRamp ? from : perSecond, toPerSecond: perSecond };
      from = perSecond;
      return stage;
    });
  })
  .filter((list) => list.some(({ fromPerSecond, toPerSecond }) => fromPerSecond + toPerSecond > 0));

/** The integral of the rate, by the midpoint rule within each stage: exact for straight lines but for rounding. */
function integrated(list: readonly RateStage[], untilNs: number): number {
  const STEPS = 200;
  let count = 0;
  let startNs = 0;
  for (const { forNs, fromPerSecond, toPerSecond } of list) {
    const partNs = Math.max(0, Math.min(forNs, untilNs - startNs));
    for (let step = 0; step < STEPS; step++) {
      const share = ((step + 0.5) * partNs) / STEPS / forNs;
      count += ((fromPerSecond + (toPerSecond - fromPerSecond) * share) * partNs) / STEPS / S;
    }
    startNs += forNs;
  }
  return count;
}

describe('a rate that changes', () => {
  it('expects as many arrivals as integrating it step by step gives', () => {
    fc.assert(
      fc.property(stages, fc.double({ min: 0, max: 1.2, noNaN: true }), (list, share) => {
        const profile = new RateProfile(list);
        const atNs = profile.totalNs * share;
        const wanted = integrated(list, atNs);
        expect(Math.abs(profile.countAt(Math.min(atNs, profile.totalNs)) - wanted)).toBeLessThan(
          1e-9 * (1 + profile.totalCount),
        );
      }),
    );
  });

  it('tells when an arrival is expected: the time at which that many were', () => {
    fc.assert(
      fc.property(stages, fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), (list, share) => {
        const profile = new RateProfile(list);
        const count = profile.totalCount * share;
        const atNs = profile.timeOf(count);
        expect(atNs).toBeGreaterThanOrEqual(0);
        expect(atNs).toBeLessThanOrEqual(profile.totalNs);
        expect(Math.abs(profile.countAt(atNs) - count)).toBeLessThan(1e-9 * (1 + profile.totalCount));
      }),
    );
  });

  it('never goes back', () => {
    fc.assert(
      fc.property(stages, (list) => {
        const profile = new RateProfile(list);
        let beforeNs = 0;
        for (let step = 0; step < 500; step++) {
          const atNs = profile.timeOf((profile.totalCount * step) / 500);
          expect(atNs).toBeGreaterThanOrEqual(beforeNs - 1e-6 * profile.totalNs);
          beforeNs = atNs;
        }
      }),
      { numRuns: 50 },
    );
  });

  it('has no arrival in a pause, and the next one right behind it', () => {
    const profile = new RateProfile([
      { forNs: 2 * S, fromPerSecond: 10, toPerSecond: 10 },
      { forNs: 5 * S, fromPerSecond: 0, toPerSecond: 0 },
      { forNs: S, fromPerSecond: 10, toPerSecond: 10 },
    ]);
    expect(profile.timeOf(19.999) / S).toBeCloseTo(1.9999, 9);
    expect(profile.timeOf(20)).toBe(7 * S);
    expect(profile.timeOf(30)).toBe(Infinity);
    expect(profile.totalCount).toBe(30);
    expect([1, 3, 7.5, 9].map((at) => profile.rateAt(at * S))).toEqual([10, 0, 10, 0]);
  });

  it('from 0 gives the square root of time', () => {
    const profile = new RateProfile([{ forNs: 10 * S, fromPerSecond: 0, toPerSecond: 100 }]);
    for (const count of [1, 50, 400]) expect(profile.timeOf(count) / S).toBeCloseTo(Math.sqrt(count / 5), 9);
  });

  it('without an end goes on for ever', () => {
    const profile = new RateProfile([{ forNs: S, fromPerSecond: 0, toPerSecond: 10 }, ...steadyRate(10)]);
    expect(profile.timeOf(1005)).toBe(101 * S);
    expect(profile.totalCount).toBe(Infinity);
  });

  it.each([
    [[{ forNs: S, fromPerSecond: 0, toPerSecond: 0 }], 'have no arrival'],
    [[{ forNs: 0, fromPerSecond: 1, toPerSecond: 1 }], 'must take time'],
    [[{ forNs: S, fromPerSecond: -1, toPerSecond: 1 }], 'rates from 0 up'],
    [[{ forNs: Infinity, fromPerSecond: 0, toPerSecond: 1 }], 'one rate'],
  ] as const)('%j is refused', (list, why) => {
    expect(() => new RateProfile(list)).toThrow(why);
  });
});
