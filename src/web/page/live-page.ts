import type { LiveUpdate } from '../../live/live-update.ts';
import { type About, fetchRuns } from './api.ts';
import { ControlBar } from './control-bar.ts';
import { element } from './dom.ts';
import type { Page } from './page.ts';
import { addressOf } from './requests-page.ts';
import { RunView } from './run-view.ts';
import type { ThemeSwitch } from './theme.ts';

/** The run under way, or the last one this server saw. */
export class LivePage implements Page {
  readonly title = 'Live';
  readonly #view: RunView;
  readonly #controls: ControlBar | undefined;
  readonly #canListRequests: boolean;
  /** The run whose requests were looked for. */
  #linked: string | undefined;
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
    this.#canListRequests = about.canListRequests;
    this.#view = new RunView(theme, this.#controls?.element);
  }

  show(update: LiveUpdate): void {
    if (this.#nothing.isConnected) this.element.replaceChildren(...this.#view.parts);
    this.#view.show(update, update.view.runId === null ? 'Live run' : `Run ${update.view.runId.slice(0, 8)}`);
    this.#controls?.show(update.view);
    const { runId, state } = update.view;
    if (!this.#canListRequests || runId === null || (state !== 'complete' && state !== 'interrupted')) return;
    if (this.#linked === runId) return;
    this.#linked = runId;
    void this.#linkRequests(runId);
  }

  /** A run that is over is in the list, and its requests can be looked at. */
  async #linkRequests(runId: string): Promise<void> {
    const runs = await fetchRuns().catch(() => []);
    const run = runs.find((one) => one.runId === runId);
    if (run !== undefined) this.#view.link('All requests', addressOf(run.name));
  }

  close(): void {
    this.#view.close();
  }
}
