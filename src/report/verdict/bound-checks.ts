import { METRIC_NAMES, type JudgedMetric } from '../../core/judged-metrics.ts';
import { durationText, percentText } from '../../core/quantity-text.ts';
import type { FigureBound } from '../client-error.ts';
import { lateAdvice } from './advice.ts';
import { type Check, check, type Judgement, percents } from './check.ts';
import type { VerdictFacts } from './facts.ts';
import { VERDICT_LIMITS } from './verdict-limits.ts';

const L = VERDICT_LIMITS;

/** What a percentile is of. */
const FIGURE_NAMES = { ...METRIC_NAMES, chunk_gap: 'chunk gap' };

/** Whether each metric stands, by how far the client's own lateness may have put it off. */
export const BOUND_CHECKS: readonly Check[] = [
  ...(['ttft', 'tpot', 'chunk_gap', 'latency'] as const).map((metric) =>
    check(
      `${metric}_error`,
      `p50, p90 or p99 of ${METRIC_NAMES[metric]} may be off by more than ${percents(L.boundShare)}`,
      `one of them, with at least ${L.valuesBeyondPercentile} values beyond it, by more than ${percents(L.boundShareInvalid)}`,
      (facts) => judgeBound(metric, facts),
      [metric],
    ),
  ),
  check(
    'throughput_error',
    `in closed loop, late reads may have lowered it by more than ${percents(L.boundShare)}`,
    `by more than ${percents(L.boundShareInvalid)}`,
    judgeThroughput,
    ['throughput'],
  ),
];

function judgeBound(metric: JudgedMetric, facts: VerdictFacts): Judgement {
  const { clientError } = facts;
  const figures = clientError?.metrics.find((bounds) => bounds.metric === metric)?.figures ?? [];
  const off = figures.filter((figure) => isOffBy(figure, L.boundShare));
  const [worst] = off.toSorted((a, b) => shareOf(b) - shareOf(a));
  if (worst === undefined) return undefined;
  const isInvalid = off.some(
    (figure) =>
      isOffBy(figure, L.boundShareInvalid) && figure.valuesBeyond >= L.valuesBeyondPercentile - 1e-9,
  );
  return {
    level: isInvalid ? 'invalid' : 'degraded',
    message: `${FIGURE_NAMES[metric]} p${worst.percentile} ${boundText(worst)}; ${lateAdvice(facts)}`,
  };
}

function judgeThroughput(facts: VerdictFacts): Judgement {
  const { clientError } = facts;
  const share = clientError?.throughputShare ?? 0;
  if (share <= L.boundShare) return undefined;
  return {
    level: share > L.boundShareInvalid ? 'invalid' : 'degraded',
    message:
      `late reads may have lowered the throughput by up to ${percentText(share)}: each request waits for the answer before it; ` +
      lateAdvice(facts),
  };
}

function isOffBy(figure: FigureBound, share: number): boolean {
  return boundOf(figure) > Math.max(L.boundFloorNs, share * figure.valueNs);
}

function shareOf(figure: FigureBound): number {
  return boundOf(figure) / Math.max(1, figure.valueNs);
}

function boundOf({ addedNs, missingNs }: FigureBound): number {
  return Math.max(addedNs, missingNs);
}

/** `is 11.3 ms, of which the client may have added up to 0.4 ms`. */
export function boundText({ valueNs, addedNs, missingNs }: FigureBound): string {
  const added = `is ${durationText(valueNs)}, of which the client may have added up to ${durationText(addedNs)}`;
  return missingNs > addedNs ? `${added}, and it may have hidden up to ${durationText(missingNs)}` : added;
}
