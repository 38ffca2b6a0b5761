import type { Estimate } from './run-means.ts';

/** A rise below this from one load to the next is none, unless it is significant. */
const SMALL_RISE = 0.05;

/**
 * Whether throughput no longer rises from one load to the next: it rose by less than 5 %, and by no more than chance explains. An
 * unsure rise that may be large is no saturation.
 */
export function isSaturated(before: Estimate, after: Estimate): boolean {
  if (!(before.value > 0)) return false;
  const rise = after.value - before.value;
  const reach = Math.hypot(reachBelow(after), reachAbove(before));
  return rise < SMALL_RISE * before.value && rise - reach <= 0;
}

function reachBelow({ value, low }: Estimate): number {
  return low === null ? 0 : value - low;
}

function reachAbove({ value, high }: Estimate): number {
  return high === null ? 0 : high - value;
}
