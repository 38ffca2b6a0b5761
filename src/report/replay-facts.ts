import { countedText, durationText, numberText } from '../core/quantity-text.ts';
import { NS_PER_MS } from '../core/time.ts';

/** A trace as a run replayed it. */
export interface ReplayFacts {
  readonly trace: string;
  readonly speed: number;
  /** What gaps were cut to, time of the run. */
  readonly idleCapMs: number | null;
  /** The part of it, on its own clock. */
  readonly fromMs: number | null;
  readonly toMs: number | null;
  readonly arrivals: number;
  readonly spanNs: number;
}

/** Reads it off what a snapshot tells of the run; null for any other load. */
export function replayOf(value: unknown): ReplayFacts | null {
  if (typeof value !== 'object' || value === null) return null;
  const fields = value as Readonly<Record<string, unknown>>;
  const numberAt = (name: string) => (typeof fields[name] === 'number' ? fields[name] : null);
  const { trace } = fields;
  const [speed, arrivals, spanNs] = [numberAt('speed'), numberAt('arrivals'), numberAt('span_ns')];
  if (typeof trace !== 'string' || speed === null || arrivals === null || spanNs === null) return null;
  return {
    ...{ trace, speed, arrivals, spanNs },
    idleCapMs: numberAt('idle_cap_ms'),
    fromMs: numberAt('from_ms'),
    toMs: numberAt('to_ms'),
  };
}

/** `replay of azure.csv at 2×, from 10.0 min to 20.0 min of it, gaps cut to 5.00 s: 1,234 arrivals in 4.98 min, 4.13/s on average`. */
export function replayText(replay: ReplayFacts, meanPerSecond: number | null): string {
  const { trace, speed, idleCapMs, fromMs, toMs, arrivals, spanNs } = replay;
  const ms = (value: number) => (value === 0 ? '0 s' : durationText(value * NS_PER_MS));
  const part = [
    ...(fromMs === null ? [] : [`from ${ms(fromMs)}`]),
    ...(toMs === null ? [] : [`to ${ms(toMs)}`]),
  ].join(' ');
  const how = [
    `replay of ${trace} at ${speed}×`,
    ...(part === '' ? [] : [`${part} of it`]),
    ...(idleCapMs === null ? [] : [`gaps cut to ${ms(idleCapMs)}`]),
  ].join(', ');
  const atOnce = arrivals === 1 ? '' : ', all at once';
  const rate = meanPerSecond === null ? atOnce : `, ${numberText(meanPerSecond)}/s on average`;
  const span = spanNs === 0 ? '' : ` in ${durationText(spanNs)}`;
  return `${how}: ${countedText(arrivals, 'arrival')}${span}${rate}`;
}
