import type { Notes } from './notes.ts';

/** Notes the rows of a trace that are earlier than a row before them. */
export class OrderWatch {
  readonly #notes: Notes;
  #latestMs = -Infinity;

  constructor(notes: Notes) {
    this.#notes = notes;
  }

  add(place: string, ms: number): void {
    if (ms < this.#latestMs) {
      this.#notes.add(
        place,
        'the time is earlier than that of a row before it; requests are due at their own times, whatever the order of the rows',
        `${this.#latestMs - ms} ms earlier`,
      );
    }
    this.#latestMs = Math.max(this.#latestMs, ms);
  }
}
