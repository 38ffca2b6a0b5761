import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ConcurrencyProfile, type ConcurrencyStage, ConcurrencySteps } from './concurrency-profile.ts';

const stages: fc.Arbitrary<ConcurrencyStage[]> = fc
  .array(
    fc.record({
      forNs: fc.integer({ min: 1, max: 5_000_000 }),
      value: fc.integer({ min: 0, max: 60 }),
      isRamp: fc.boolean(),
    }),
    { minLength: 1, maxLength: 6 },
  )
  .map((parts) => {
    let before = 0;
    return parts.map(({ forNs, value, isRamp }) => {
      const stage = { forNs, from: isRamp ? before : value, to: value };
      before = value;
      return stage;
    });
  })
  .filter((list) => list.some(({ from, to }) => from + to > 0));

/** By its definition: the last whole number that the straight line has reached, going over each of them. */
function naiveAt(list: readonly ConcurrencyStage[], ns: number): number {
  let [startNs, holds] = [0, list[0]!.from];
  for (const { forNs, from, to } of list) {
    if (startNs > ns) break;
    const by = to >= from ? 1 : -1;
    for (let value = from; ; value += by) {
      const reachedNs =
        from === to ? startNs : startNs + (forNs * Math.abs(value - from)) / Math.abs(to - from);
      if (reachedNs > ns) break;
      holds = value;
      if (value === to) break;
    }
    startNs += forNs;
  }
  return holds;
}

describe('a concurrency that changes', () => {
  it('is the last whole number that the line has reached', () => {
    fc.assert(
      fc.property(stages, fc.double({ min: 0, max: 1.1, noNaN: true }), (list, share) => {
        const profile = new ConcurrencyProfile(list);
        const ns = Math.floor(profile.totalNs * share) + 0.5;
        expect(profile.at(ns)).toBe(naiveAt(list, ns));
      }),
    );
  });

  it('goes by its steps: each a change, in order, and between them it holds', () => {
    fc.assert(
      fc.property(stages, (list) => {
        const profile = new ConcurrencyProfile(list);
        const seen = [{ atNs: 0, concurrency: list[0]!.from }];
        for (const steps = new ConcurrencySteps(profile); steps.atNs < Infinity; steps.advance()) {
          const { atNs, concurrency } = steps;
          expect(atNs).toBeGreaterThanOrEqual(seen.at(-1)!.atNs);
          expect(concurrency).not.toBe(seen.at(-1)!.concurrency);
          seen.push({ atNs, concurrency });
        }
        for (const [index, { atNs, concurrency }] of seen.entries()) {
          const nextNs = seen[index + 1]?.atNs ?? profile.totalNs;
          // A ramp may end where the next stage begins with another number.
          if (nextNs - atNs > 1e-3) expect(profile.at((atNs + nextNs) / 2)).toBe(concurrency);
        }
        expect(seen.at(-1)!.concurrency).toBe(profile.at(profile.totalNs));
      }),
    );
  });

  it('goes from 10 to 13 at thirds of the ramp', () => {
    const steps = new ConcurrencySteps(
      new ConcurrencyProfile([
        { forNs: 1000, from: 10, to: 10 },
        { forNs: 300, from: 10, to: 13 },
        { forNs: 100, from: 2, to: 2 },
        { forNs: 100, from: 2, to: 0 },
      ]),
    );
    const seen: [number, number][] = [];
    for (; steps.atNs < Infinity; steps.advance()) seen.push([steps.atNs, steps.concurrency]);
    expect(seen).toEqual([
      ...[1100, 1200, 1300].map((atNs, i) => [atNs, 11 + i]),
      ...[
        [1300, 2],
        [1450, 1],
        [1500, 0],
      ],
    ]);
  });

  it.each([
    [[{ forNs: 0, from: 1, to: 1 }], 'a stage must take time'],
    [[{ forNs: Infinity, from: 1, to: 1 }], 'a stage must take time'],
    [[{ forNs: 1, from: 1.5, to: 2 }], 'whole numbers from 0 up (got 1.5 to 2 over 1 ns)'],
    [[{ forNs: 1, from: -1, to: 2 }], 'whole numbers from 0 up'],
    [[{ forNs: 1, from: 0, to: 0 }], 'one needs a concurrency above 0'],
  ])('refuses %j', (list, message) => {
    expect(() => new ConcurrencyProfile(list)).toThrow(message);
  });
});
