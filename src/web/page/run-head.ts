import { clockText, issuedText, stateText } from '../../live/lines.ts';
import type { LiveView } from '../../live/view-model.ts';
import { element, setAttribute, setText } from './dom.ts';

/** Which run it is, how it stands and how far it is. */
export class RunHead {
  readonly #title = element('h1');
  readonly #pill = element('span', { class: 'pill' });
  readonly #clock = element('span', { class: 'clock' });
  readonly #bar = element('progress', { max: 1, value: 0, 'aria-label': 'Share of the plan that is done' });
  readonly #progress = element('span');
  readonly element = element(
    'section',
    { class: 'head', 'aria-label': 'Run' },
    this.#title,
    this.#pill,
    this.#clock,
    element('span', { class: 'progress' }, this.#bar, this.#progress),
  );

  show(view: LiveView, title: string): void {
    const { planShare, remainingNs, phase } = view;
    setText(this.#title, title);
    const isPaused = view.state === 'live' && view.isPaused;
    setText(this.#pill, isPaused ? 'paused' : stateText(view));
    setAttribute(this.#pill, 'data-state', isPaused ? 'paused' : view.state);
    setText(this.#clock, clockText(view.elapsedNs));
    this.#bar.hidden = planShare === null;
    if (planShare !== null) this.#bar.value = planShare;
    const isNamed = view.state === 'live' && phase !== null && !view.warmingUp;
    setText(
      this.#progress,
      [
        issuedText(view),
        ...(isNamed ? [phase] : []),
        ...(remainingNs === null ? [] : [`${clockText(remainingNs)} to go`]),
      ].join(' · '),
    );
  }
}
