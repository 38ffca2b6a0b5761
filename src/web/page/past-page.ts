import { type About, fetchRun } from './api.ts';
import { element } from './dom.ts';
import type { Page } from './page.ts';
import { addressOf } from './requests-page.ts';
import { RunNotes, runAgainCard } from './run-notes.ts';
import { RunView } from './run-view.ts';
import { ownNameText, tagsText, whenText } from './runs-page.ts';
import type { ThemeSwitch } from './theme.ts';

/** A run of the list, as it ended. */
export class PastPage implements Page {
  readonly title: string;
  readonly #view: RunView;
  readonly element = element('div', { class: 'page' }, element('p', { class: 'muted' }, 'Reading the run …'));

  constructor(name: string, theme: ThemeSwitch, about: About) {
    this.title = name;
    this.#view = new RunView(theme);
    void this.#load(name, about);
  }

  close(): void {
    this.#view.close();
  }

  async #load(name: string, { canWriteNotes, canListRequests }: About): Promise<void> {
    try {
      const { entry, update, slowestSamples, config, machine, runAgain } = await fetchRun(name);
      const title = [ownNameText(entry), whenText(entry), entry.model, entry.load, tagsText(entry)]
        .filter((part) => part !== undefined && part !== null && part !== '')
        .join(' · ');
      this.element.replaceChildren(
        ...this.#view.parts,
        new RunNotes(entry.name, entry.notes, canWriteNotes).element,
        ...(runAgain === null ? [] : [runAgainCard(runAgain)]),
        detailsOf({ run: entry.name, config, machine }),
      );
      if (canListRequests) this.#view.link('All requests', addressOf(name));
      this.#view.show(update, title);
      this.#view.showSlowest(slowestSamples, update.history?.start_ns ?? 0);
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.element.replaceChildren(
        element(
          'div',
          { class: 'card empty' },
          element('h1', {}, 'This run cannot be shown'),
          element('p', {}, why),
        ),
      );
    }
  }
}

function detailsOf(content: object): HTMLElement {
  return element(
    'details',
    { class: 'card' },
    element('summary', {}, 'Configuration and machine'),
    element('pre', { tabindex: 0 }, JSON.stringify(content, null, 2)),
  );
}
