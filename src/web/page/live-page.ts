import type { LiveUpdate } from '../../live/live-update.ts';
import type { About } from './api.ts';
import { ControlBar } from './control-bar.ts';
import { element } from './dom.ts';
import type { Page } from './page.ts';
import { RunView } from './run-view.ts';
import type { ThemeSwitch } from './theme.ts';

/** The run under way, or the last one this server saw. */
export class LivePage implements Page {
  readonly title = 'Live';
  readonly #view: RunView;
  readonly #controls: ControlBar | undefined;
  readonly #nothing = element(
    'div',
    { class: 'card empty' },
    element('h1', {}, 'No run under way'),
    element(
      'p',
      {},
      'One that starts shows here by itself. Past runs are in the ',
      element('a', { href: '#/runs' }, 'list'),
      '.',
    ),
  );
  readonly element = element('div', { class: 'page' }, this.#nothing);

  constructor(theme: ThemeSwitch, about: About) {
    this.#controls = about.canControl ? new ControlBar() : undefined;
    this.#view = new RunView(theme, this.#controls?.element);
  }

  show(update: LiveUpdate): void {
    if (this.#nothing.isConnected) this.element.replaceChildren(...this.#view.parts);
    this.#view.show(update, update.view.runId === null ? 'Live run' : `Run ${update.view.runId.slice(0, 8)}`);
    this.#controls?.show(update.view);
  }

  close(): void {
    this.#view.close();
  }
}
