import { metricVerdictText } from '../core/judged-metrics.ts';
import type { VerdictSoFar } from '../live/live-update.ts';
import { sloSoFarText, sloText, type SloVerdict } from '../rules/slo-verdict.ts';
import { wrapText } from '../core/wrap-text.ts';
import { span, type Line, type Tone } from './paint.ts';

const TONES: Readonly<Record<VerdictSoFar['level'], Tone>> = {
  valid: 'good',
  degraded: 'warn',
  invalid: 'bad',
};
const SYMBOLS: Readonly<Record<VerdictSoFar['level'], string>> = { valid: '✓', degraded: '!', invalid: '✗' };

/** The verdict and all its reasons in full, worst first; `isOver` when it is the last word. */
export function verdictLines(verdict: VerdictSoFar | undefined, isOver: boolean, width: number): Line[] {
  if (verdict === undefined) return [[span('Verdict    nothing measured yet', 'quiet')]];
  const { level, findings, metrics, slos = [] } = verdict;
  const byMetric = metricVerdictText(metrics);
  const head: Line = [
    span('Verdict    ', 'quiet'),
    span(`${SYMBOLS[level]} ${level.toUpperCase()}`, TONES[level]),
    span(isOver ? '' : ' so far'),
  ];
  return [
    head,
    ...(byMetric === '' ? [] : wrapText('  by metric: ', byMetric, width)).map((text): Line => [span(text)]),
    ...slos.flatMap((slo) =>
      wrapText('  SLO: ', isOver ? `${slo.outcome}: ${sloText(slo)}` : sloSoFarText(slo), width).map(
        (text): Line => [span(text, sloTone(slo, isOver))],
      ),
    ),
    ...findings.flatMap((finding) =>
      wrapText(`  ${finding.level === 'note' ? 'note' : finding.level}: `, finding.message, width).map(
        (text): Line => [span(text, finding.level === 'note' ? 'quiet' : TONES[finding.level])],
      ),
    ),
  ];
}

const OUTCOME_TONES = { met: 'good', undecided: 'warn', missed: 'bad' } as const;

function sloTone({ outcome, holds }: SloVerdict, isOver: boolean): Tone {
  if (isOver) return OUTCOME_TONES[outcome];
  return holds === null ? 'quiet' : holds ? 'good' : 'bad';
}

/** The verdict with its worst reason, in one line. */
export function verdictLine(verdict: VerdictSoFar | undefined, isOver: boolean, width: number): Line {
  const head = verdictLines(
    verdict === undefined ? undefined : { ...verdict, findings: [], metrics: [], slos: [] },
    isOver,
    width,
  )[0]!;
  const worst = verdict?.findings.find(({ level }) => level !== 'note');
  return worst === undefined ? head : [...head, span(`: ${worst.message}`)];
}
