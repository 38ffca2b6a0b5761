import { settingText } from '../../core/quantity-text.ts';
import type { VerdictFacts } from './facts.ts';

/** Something a reader has to know. A note changes no verdict. */
export interface Finding {
  /** Stable name of the check that found it. */
  readonly check: string;
  readonly level: 'invalid' | 'degraded' | 'note';
  /** What was found, what was wanted and what to do, in one line. */
  readonly message: string;
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
}

export function check(name: string, degradedWhen: string, invalidWhen: string, judge: Check['judge']): Check {
  return { name, degradedWhen, invalidWhen, judge };
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
