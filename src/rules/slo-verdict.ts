import { figureText, type FigureUnit, type Interval } from './limit.ts';

/** `met` and `missed`: the whole interval lies on that side of the limit. */
export type SloOutcome = 'met' | 'missed' | 'undecided';

/** How a run stands to an SLO. */
export interface SloVerdict {
  /** `ttft p99 < 500 ms`. */
  readonly slo: string;
  readonly outcome: SloOutcome;
  readonly unit: FigureUnit;
  /** The figure as measured; null when there is none. */
  readonly value: number | null;
  /** Whether the value itself keeps the limit; null without one. */
  readonly holds: boolean | null;
  /** Where the figure lies with 95 % confidence; both ends are null in a snapshot of a run under way. */
  readonly interval: Interval;
  /** The same, widened by what the client may have added to the figure or left out of it. */
  readonly withClient: Interval;
  /** Why it is undecided; null when it is not. */
  readonly reason: string | null;
}

/** `432 ms (95 % interval 420–450 ms)`; `no value`. */
export function sloFigureText({ value, unit, interval }: SloVerdict): string {
  if (value === null) return 'no value';
  const text = figureText(value, unit);
  const { low, high } = interval;
  if (low === null && high === null) return text;
  if (low === null) return `${text} (95 % interval: up to ${figureText(high!, unit)})`;
  if (high === null) return `${text} (95 % interval: ${figureText(low, unit)} or more)`;
  return `${text} (95 % interval: ${figureText(low, unit)} to ${figureText(high, unit)})`;
}

/** In a line, without the outcome: `ttft p99 < 500 ms: 432 ms (95 % interval: 420 ms to 450 ms)`. */
export function sloText(verdict: SloVerdict): string {
  const { slo, reason } = verdict;
  return `${slo}: ${sloFigureText(verdict)}${reason === null ? '' : `; ${reason}`}`;
}

/** How it stands while the run goes on: `ttft p99 < 500 ms: 432 ms so far`. */
export function sloSoFarText({ slo, value, unit, holds }: SloVerdict): string {
  if (value === null || holds === null) return `${slo}: nothing measured yet`;
  return `${slo}: ${figureText(value, unit)} so far${holds ? '' : ', beyond the limit'}`;
}
