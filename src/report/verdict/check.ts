import { settingText } from '../../core/quantity-text.ts';
import type { VerdictFacts } from './facts.ts';
import type { JudgedMetric } from '../../core/judged-metrics.ts';

/** Something a reader has to know. A note changes no verdict. */
export interface Finding {
  /** Stable name of the check that found it. */
  readonly check: string;
  readonly level: 'invalid' | 'degraded' | 'note';
  /** What is wrong and what to do about it, in one line. */
  readonly message: string;
  /** The metrics it is about; absent for all of them. */
  readonly metrics?: readonly JudgedMetric[];
}

/** What a check has to say: nothing, when all is well. */
export type Judgement = Omit<Finding, 'check'> | undefined;

/** One thing a verdict looks at. */
export interface Check {
  readonly name: string;
  /** When it makes a run degraded and invalid, for the table of docs/measurement.md; empty for never. */
  readonly degradedWhen: string;
  readonly invalidWhen: string;
  readonly judge: (facts: VerdictFacts) => Judgement;
  /** The metrics it is about; undefined for all of them. */
  readonly metrics: readonly JudgedMetric[] | undefined;
}

export function check(
  name: string,
  degradedWhen: string,
  invalidWhen: string,
  judge: Check['judge'],
  metrics?: readonly JudgedMetric[],
): Check {
  return { name, degradedWhen, invalidWhen, judge, metrics };
}

export const invalid = (message: string): Judgement => ({ level: 'invalid', message });
export const degraded = (message: string): Judgement => ({ level: 'degraded', message });
export const note = (message: string): Judgement => ({ level: 'note', message });
/** Degraded, or invalid when it is that bad. */
export const worse = (isInvalid: boolean, message: string): Judgement => ({
  level: isInvalid ? 'invalid' : 'degraded',
  message,
});

/** A limit as it is told: `10 %`. */
export function percents(share: number): string {
  return `${settingText(share * 100)} %`;
}
