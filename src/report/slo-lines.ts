import { type SloOutcome, type SloVerdict, sloText } from '../rules/slo-verdict.ts';
import { wrapText } from '../core/wrap-text.ts';

/** As wide as the longest outcome. */
const OUTCOME_WIDTH = 'undecided'.length;

/** A line for each SLO under a heading, wrapped to `width`; nothing without any. `paint` may color an outcome. */
export function sloLines(
  slos: readonly SloVerdict[],
  width: number,
  paint: (outcome: SloOutcome, text: string) => string = (_, text) => text,
): string[] {
  if (slos.length === 0) return [];
  return [
    'SLOs:',
    ...slos.flatMap((slo) => {
      const word = outcomeText(slo.outcome);
      const [first = '', ...more] = wrapText(`  ${word.padEnd(OUTCOME_WIDTH)}  `, sloText(slo), width);
      return [first.replace(word, () => paint(slo.outcome, word)), ...more];
    }),
  ];
}

/** In capitals where somebody has to act. */
export function outcomeText(outcome: SloOutcome): string {
  return outcome === 'missed' ? 'MISSED' : outcome;
}
