import { durationText } from '../core/quantity-text.ts';
import type { QuantileEstimate } from '../metrics/snapshot.ts';

/** The interval a time lies in: `9.8–10.4 ms`, `≥ 9.80 ms` when only one end is known; empty for none. */
export function intervalText(estimate: QuantileEstimate | null): string {
  const { low = null, high = null } = estimate ?? {};
  if (low === null) return high === null ? '' : `≤ ${durationText(high)}`;
  if (high === null) return `≥ ${durationText(low)}`;
  const [from, to] = [durationText(low), durationText(high)];
  const [fromUnit, toUnit] = [unitOf(from), unitOf(to)];
  return fromUnit === toUnit ? `${from.slice(0, from.length - fromUnit.length)}–${to}` : `${from}–${to}`;
}

/** The unit at the end, with the blank before it. */
function unitOf(text: string): string {
  return / [^ \d]+$/.exec(text)?.[0] ?? '';
}
