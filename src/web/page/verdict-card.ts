import { metricVerdictText } from '../../core/judged-metrics.ts';
import { withWholeFlags } from '../../core/whole-flags.ts';
import type { VerdictSoFar } from '../../live/live-update.ts';
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
  readonly #findings = element('ul');
  readonly element = element(
    'section',
    { class: 'card verdict', 'aria-label': 'Verdict' },
    element('p', { role: 'status' }, this.#level, this.#meaning),
    this.#byMetric,
    this.#findings,
  );
  #shown = '';

  show(verdict: VerdictSoFar | undefined, isOver: boolean): void {
    this.element.hidden = verdict === undefined;
    const shown = JSON.stringify([verdict, isOver]);
    if (verdict === undefined || shown === this.#shown) return;
    this.#shown = shown;
    const { level, findings } = verdict;
    setAttribute(this.element, 'data-level', level);
    setAttribute(this.#level, 'data-level', level);
    setText(this.#level, levelText(level).toUpperCase());
    setText(this.#meaning, `${isOver ? '' : ' so far'}: ${MEANINGS[level]}`);
    const byMetric = metricVerdictText(verdict.metrics);
    this.#byMetric.hidden = byMetric === '';
    setText(this.#byMetric, byMetric);
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
