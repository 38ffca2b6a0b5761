import type { Check, Finding } from './verdict/check.ts';
import { CLIENT_CHECKS } from './verdict/client-checks.ts';
import { COMPLETENESS_CHECKS } from './verdict/completeness-checks.ts';
import type { VerdictFacts } from './verdict/facts.ts';
import { LOAD_CHECKS } from './verdict/load-checks.ts';
import { REQUEST_CHECKS } from './verdict/request-checks.ts';
import { SAMPLE_CHECKS } from './verdict/sample-checks.ts';

/** `valid`: the numbers stand. `degraded`: they stand with the reservations told. `invalid`: don't quote them. */
export type VerdictLevel = 'valid' | 'degraded' | 'invalid';

export interface Verdict {
  readonly level: VerdictLevel;
  /** Worst first. */
  readonly findings: readonly Finding[];
}

/** Every check, independent of the others; append to extend. */
export const CHECKS: readonly Check[] = [
  ...COMPLETENESS_CHECKS,
  ...SAMPLE_CHECKS,
  ...REQUEST_CHECKS,
  ...LOAD_CHECKS,
  ...CLIENT_CHECKS,
];

const LEVELS = ['invalid', 'degraded', 'note'] as const;

/** Draws the verdict: the worst level of all findings. */
export function drawVerdict(facts: VerdictFacts): Verdict {
  const found = CHECKS.flatMap(({ name, judge }): Finding[] => {
    const finding = judge(facts);
    return finding === undefined ? [] : [{ check: name, ...finding }];
  });
  const findings = LEVELS.flatMap((level) => found.filter((finding) => finding.level === level));
  const worst = findings[0]?.level ?? 'note';
  return { level: worst === 'note' ? 'valid' : worst, findings };
}
