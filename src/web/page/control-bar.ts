import type { LiveView } from '../../live/view-model.ts';
import { postControl } from './api.ts';
import { element, setText } from './dom.ts';

/** Steers the run under way: pause, rate or concurrency, a note, stop. Only where the server allows it. */
export class ControlBar {
  readonly #pause = element('button', { type: 'button', class: 'button' }, 'Pause');
  readonly #stop = element('button', { type: 'button', class: 'button' }, 'Stop');
  readonly #load = element('input', { type: 'number', min: 0, step: 'any', required: true });
  readonly #loadButton = element('button', { class: 'button' });
  readonly #loadForm = element('form', {}, this.#load, this.#loadButton);
  readonly #note = element('input', {
    ...{
      class: 'note',
      maxlength: 200,
      required: true,
      placeholder: 'What happens now?',
      'aria-label': 'Note',
    },
  });
  readonly #noteForm = element('form', {}, this.#note, element('button', { class: 'button' }, 'Mark'));
  readonly #message = element('span', { class: 'muted', role: 'status' });
  readonly element = element(
    'section',
    { class: 'card controls', 'aria-label': 'Steer the run' },
    ...[this.#pause, this.#loadForm, this.#noteForm, this.#stop, this.#message],
  );
  #isPaused = false;
  #action: 'rate' | 'concurrency' = 'rate';

  constructor() {
    this.element.hidden = true;
    this.#pause.addEventListener('click', () => void this.#send(this.#isPaused ? 'resume' : 'pause'));
    this.#stop.addEventListener('click', () => {
      if (window.confirm('Stop the run? What is in flight is waited for, then the report is made.'))
        void this.#send('stop');
    });
    this.#loadForm.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#send(this.#action, { value: this.#load.valueAsNumber });
    });
    this.#noteForm.addEventListener('submit', (event) => {
      event.preventDefault();
      void this.#send('note', { text: this.#note.value }).then((isDone) => {
        if (isDone) this.#note.value = '';
      });
    });
  }

  show(view: LiveView): void {
    const { state, isPaused, isStopping, requestedRatePerSecond, requestedConcurrency } = view;
    this.element.hidden = state !== 'live' || isStopping;
    this.#isPaused = isPaused;
    setText(this.#pause, isPaused ? 'Resume' : 'Pause');
    const wanted = requestedRatePerSecond ?? requestedConcurrency;
    this.#action = requestedRatePerSecond === null ? 'concurrency' : 'rate';
    this.#loadForm.hidden = wanted === null;
    setText(this.#loadButton, this.#action === 'rate' ? 'Set rate' : 'Set concurrency');
    this.#load.ariaLabel = this.#action === 'rate' ? 'Samples a second' : 'Samples in flight';
    if (
      wanted !== null &&
      document.activeElement !== this.#load &&
      this.#load.dataset.shown !== String(wanted)
    ) {
      this.#load.dataset.shown = String(wanted);
      this.#load.value = String(wanted);
    }
  }

  async #send(action: string, body?: object): Promise<boolean> {
    try {
      await postControl(action, body);
      setText(this.#message, '');
      return true;
    } catch (error) {
      setText(this.#message, error instanceof Error ? error.message : String(error));
      return false;
    }
  }
}
