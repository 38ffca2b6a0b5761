import { countedText, durationText } from '../core/quantity-text.ts';
import { NS_PER_SECOND } from '../core/time.ts';
import type { UntilStatus } from '../core/until.ts';
import { figureText } from './limit.ts';

/** `ttft p99 ±3 %: 432 ms (95 % interval: 425 ms to 440 ms, of 12,345 values)`. */
export function untilStatusText({ rule, unit, value, low, high, of }: UntilStatus): string {
  const what =
    unit === 'per_second' ? `over ${durationText(of * NS_PER_SECOND)}` : `of ${countedText(of, 'value')}`;
  if (value === null) return `${rule}: not enough measured yet (${what})`;
  const end = (at: number) => figureText(at, unit);
  const interval =
    low === null && high === null
      ? 'no interval yet'
      : low === null
        ? `95 % interval: up to ${end(high!)}`
        : high === null
          ? `95 % interval: ${end(low)} or more`
          : `95 % interval: ${end(low)} to ${end(high)}`;
  return `${rule}: ${end(value)} (${interval}, ${what})`;
}
