import type { LatenessMass } from './lateness-mixture.ts';

/** Points that a distribution is cut down to: two an octave. */
const PER_OCTAVE = 2;

/** The lateness of a read with two causes. Each sum is rounded up to a point of the grid. */
export function sumOfLateness(
  a: readonly LatenessMass[],
  b: readonly LatenessMass[],
): readonly LatenessMass[] {
  if (a.length === 0 || b.length === 0) return a.length === 0 ? b : a;
  return onGrid(
    a.flatMap((x) => b.map((y) => ({ latenessNs: x.latenessNs + y.latenessNs, share: x.share * y.share }))),
  );
}

/** Lateness over divisors, each of which holds for an equal share of the values. */
export function dividedLateness(
  masses: readonly LatenessMass[],
  divisors: readonly number[],
): readonly LatenessMass[] {
  return onGrid(
    divisors.flatMap((divisor) =>
      masses.map(({ latenessNs, share }) => ({
        latenessNs: latenessNs / divisor,
        share: share / divisors.length,
      })),
    ),
  );
}

function onGrid(masses: readonly LatenessMass[]): readonly LatenessMass[] {
  const shares = new Map<number, number>();
  for (const { latenessNs, share } of masses) {
    // The little that rounding adds must not lift a point of the grid to the next one.
    const point = latenessNs <= 1 ? 0 : Math.ceil(PER_OCTAVE * Math.log2(latenessNs) - 1e-6);
    shares.set(point, (shares.get(point) ?? 0) + share);
  }
  return [...shares]
    .sort(([a], [b]) => a - b)
    .map(([point, share]) => ({ latenessNs: 2 ** (point / PER_OCTAVE), share }));
}
