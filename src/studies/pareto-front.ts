import type { Estimate } from './run-means.ts';

/** A point that is better the more it has of both. For a time, its negative. */
export interface ParetoPoint {
  readonly x: Estimate;
  readonly y: Estimate;
}

/** `on`: no other point is better in one figure and as good in the other. `maybe`: within the intervals, none surely is. */
export type FrontPlace = 'on' | 'maybe' | 'off';

/** Where each point stands to the Pareto front of all; null for a point that lacks a figure. Some µs for a hundred points. */
export function paretoFront(points: readonly (ParetoPoint | null)[]): readonly (FrontPlace | null)[] {
  return points.map((point) => {
    if (point === null) return null;
    const others = points.filter((other) => other !== null && other !== point) as readonly ParetoPoint[];
    if (!others.some((other) => dominates(other, point))) return 'on';
    return others.some((other) => surelyDominates(other, point)) ? 'off' : 'maybe';
  });
}

function dominates(a: ParetoPoint, b: ParetoPoint): boolean {
  const isAsGood = a.x.value >= b.x.value && a.y.value >= b.y.value;
  return isAsGood && (a.x.value > b.x.value || a.y.value > b.y.value);
}

/** Better in both, with no overlap of the intervals. Without an interval, a value stands for its own. */
function surelyDominates(a: ParetoPoint, b: ParetoPoint): boolean {
  return lowOf(a.x) > highOf(b.x) && lowOf(a.y) > highOf(b.y);
}

function lowOf({ value, low }: Estimate): number {
  return low ?? value;
}

function highOf({ value, high }: Estimate): number {
  return high ?? value;
}
