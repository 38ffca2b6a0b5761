import { JUDGED_METRICS, type JudgedMetric, type MetricVerdict } from '../core/judged-metrics.ts';
import { AGENT_CHECKS } from './verdict/agent-checks.ts';
import type { Check, Finding } from './verdict/check.ts';
import { BOUND_CHECKS } from './verdict/bound-checks.ts';
import { CLIENT_CHECKS } from './verdict/client-checks.ts';
import { COMPLETENESS_CHECKS } from './verdict/completeness-checks.ts';
import type { VerdictFacts } from './verdict/facts.ts';
import { LOAD_CHECKS } from './verdict/load-checks.ts';
import { CLIENT_KNOWN_CHECK, RECEPTION_CHECKS } from './verdict/reception-checks.ts';
import { REQUEST_CHECKS } from './verdict/request-checks.ts';
import { RESPONSE_CHECKS } from './verdict/response-checks.ts';
import { SAMPLE_CHECKS } from './verdict/sample-checks.ts';

/** `valid`: the numbers stand. `degraded`: they stand with the reservations told. `invalid`: don't quote them. */
export type VerdictLevel = 'valid' | 'degraded' | 'invalid';

export interface Verdict {
  /** As bad as the worst finding about the run or a metric that is judged. */
  readonly level: VerdictLevel;
  /** Worst first. */
  readonly findings: readonly Finding[];
  /** Of those the run has. */
  readonly metrics: readonly MetricVerdict[];
}

/** Every check, independent of the others; append to extend. */
export const CHECKS: readonly Check[] = [
  ...COMPLETENESS_CHECKS,
  ...AGENT_CHECKS,
  ...RECEPTION_CHECKS,
  ...SAMPLE_CHECKS,
  ...REQUEST_CHECKS,
  ...RESPONSE_CHECKS,
  ...LOAD_CHECKS,
  ...BOUND_CHECKS,
  ...CLIENT_CHECKS,
  CLIENT_KNOWN_CHECK,
];

const LEVELS = ['invalid', 'degraded', 'note'] as const;

/** Draws the verdict. `judged`: the metrics that count for the run; what is found about others is told as a note. */
export function drawVerdict(facts: VerdictFacts, judged: readonly JudgedMetric[] = JUDGED_METRICS): Verdict {
  const found = CHECKS.flatMap(({ name, judge, metrics }): Finding[] => {
    const finding = judge(facts);
    return finding === undefined ? [] : [{ check: name, ...finding, ...(metrics && { metrics }) }];
  });
  const counts = ({ metrics }: Finding) => metrics?.some((metric) => judged.includes(metric)) ?? true;
  const findings = worstFirst(
    found.map((finding) => (counts(finding) ? finding : { ...finding, level: 'note' })),
  );
  return {
    level: levelOf(findings),
    findings,
    metrics: facts.metrics.map((metric) => {
      const about = worstFirst(found.filter(({ metrics }) => metrics?.includes(metric) ?? true));
      const level = levelOf(about);
      const reason = level === 'valid' ? null : about[0]!.message;
      return { metric, level, reason, judged: judged.includes(metric) };
    }),
  };
}

function worstFirst(findings: readonly Finding[]): readonly Finding[] {
  return LEVELS.flatMap((level) => findings.filter((finding) => finding.level === level));
}

function levelOf([worst]: readonly Finding[]): VerdictLevel {
  return worst === undefined || worst.level === 'note' ? 'valid' : worst.level;
}
