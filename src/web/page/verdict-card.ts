import { metricVerdictText } from '../../core/judged-metrics.ts';
import { withWholeFlags } from '../../core/whole-flags.ts';
import type { VerdictSoFar } from '../../live/live-update.ts';
import { sloSoFarText, sloText, type SloVerdict } from '../../rules/slo-verdict.ts';
import { element, setAttribute, setText } from './dom.ts';

/** Told apart by shape as well as by colour. */
const SIGNS = { valid: '✔', degraded: '▲', invalid: '✖', note: '•' } as const;

const MEANINGS = {
  valid: 'the numbers stand',
  degraded: 'the numbers stand with the reservations below',
  invalid: 'do not quote these numbers',
} as const;

/** What a verdict level is called, with its sign. */
export function levelText(level: keyof typeof SIGNS): string {
  return `${SIGNS[level]} ${level}`;
}

/** The verdict with its reasons. */
export class VerdictCard {
  readonly #level = element('span', { class: 'level' });
  readonly #meaning = element('span');
  readonly #byMetric = element('p');
  readonly #slos = element('ul');
  readonly #findings = element('ul');
  readonly element = element(
    'section',
    { class: 'card verdict', 'aria-label': 'Verdict' },
    element('p', { role: 'status' }, this.#level, this.#meaning),
    this.#byMetric,
    this.#slos,
    this.#findings,
  );
  #shown = '';

  show(verdict: VerdictSoFar | undefined, isOver: boolean): void {
    this.element.hidden = verdict === undefined;
    const shown = JSON.stringify([verdict, isOver]);
    if (verdict === undefined || shown === this.#shown) return;
    this.#shown = shown;
    const { level, findings, slos = [] } = verdict;
    setAttribute(this.element, 'data-level', level);
    setAttribute(this.#level, 'data-level', level);
    setText(this.#level, levelText(level).toUpperCase());
    setText(this.#meaning, `${isOver ? '' : ' so far'}: ${MEANINGS[level]}`);
    const byMetric = metricVerdictText(verdict.metrics);
    this.#byMetric.hidden = byMetric === '';
    setText(this.#byMetric, byMetric);
    this.#slos.hidden = slos.length === 0;
    this.#slos.replaceChildren(...slos.map((slo) => sloItem(slo, isOver)));
    this.#findings.hidden = findings.length === 0;
    this.#findings.replaceChildren(
      ...findings.map((finding) =>
        element(
          'li',
          {},
          element('span', { class: 'level', 'data-level': finding.level }, levelText(finding.level)),
          element(
            'span',
            {},
            ...withWholeFlags(finding.message, (flag) => element('span', { class: 'flag' }, flag)),
          ),
        ),
      ),
    );
  }
}

/** Levels of the same color as outcomes. */
const LEVEL_OF_OUTCOME = { met: 'valid', undecided: 'degraded', missed: 'invalid' } as const;

function sloItem(slo: SloVerdict, isOver: boolean): HTMLElement {
  const { outcome, holds } = slo;
  const level = isOver ? LEVEL_OF_OUTCOME[outcome] : holds === null ? 'note' : holds ? 'valid' : 'invalid';
  const word = isOver ? outcome : 'SLO';
  return element(
    'li',
    {},
    element('span', { class: 'level', 'data-level': level }, `${SIGNS[level]} ${word}`),
    element('span', {}, isOver ? sloText(slo) : sloSoFarText(slo)),
  );
}
