import type { Notes } from './notes.ts';

/** How the note begins that a row of a trace is out of order. */
export const OUT_OF_ORDER = 'the time is earlier than that of a row before it';

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
        `${OUT_OF_ORDER}; requests are due at their own times, whatever the order of the rows`,
        `${this.#latestMs - ms} ms earlier`,
      );
    }
    this.#latestMs = Math.max(this.#latestMs, ms);
  }
}
