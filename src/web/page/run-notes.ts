import { putNotes } from './api.ts';
import { element, setText } from './dom.ts';

/** The server takes no more, bytes. */
const MOST_LETTERS = 1000;

/** What people wrote about a run, to be read, and to be changed where that is allowed. */
export class RunNotes {
  readonly #name: string;
  readonly #text: HTMLTextAreaElement;
  readonly #save = element('button', { type: 'button', class: 'button' }, 'Save notes');
  readonly #status = element('span', { class: 'muted', role: 'status' });
  readonly element: HTMLElement;

  constructor(name: string, notes: string, canWrite: boolean) {
    this.#name = name;
    this.#text = element('textarea', {
      ...{ id: 'notes', rows: 3, maxlength: MOST_LETTERS, 'aria-label': 'Notes' },
      ...{ placeholder: 'Notes about this run', readonly: !canWrite },
    });
    this.#text.value = notes;
    this.#save.addEventListener('click', () => void this.#write());
    this.element = element(
      'section',
      { class: 'card notes' },
      element('h2', {}, 'Notes'),
      this.#text,
      canWrite ? element('div', { class: 'toolbar' }, this.#save, this.#status) : null,
    );
    this.element.hidden = !canWrite && notes === '';
  }

  async #write(): Promise<void> {
    try {
      await putNotes(this.#name, this.#text.value);
      setText(this.#status, 'Saved.');
    } catch (error) {
      setText(this.#status, `Not saved: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

/** The command that makes the same run again, to be copied: a page starts nothing. */
export function runAgainCard(command: string): HTMLElement {
  const copy = element('button', { type: 'button', class: 'button' }, 'Copy');
  const status = element('span', { class: 'muted', role: 'status' });
  copy.addEventListener('click', () => {
    navigator.clipboard.writeText(command).then(
      () => setText(status, 'Copied.'),
      () => setText(status, 'Select it and copy it by hand.'),
    );
  });
  return element(
    'section',
    { class: 'card', id: 'run-again' },
    element('h2', {}, 'Run again'),
    element('pre', { tabindex: 0 }, command),
    element('div', { class: 'toolbar' }, copy, status),
  );
}
