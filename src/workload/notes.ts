import { countedText } from '../core/quantity-text.ts';

/** Something about a dataset that its user should know, and that does not keep it from being used. */
export interface Note {
  /** Where it was seen first. */
  readonly place: string;
  readonly text: string;
  /** How often it was seen. */
  readonly count: number;
}

/** Collects what readers find odd: one line for each kind, however often it is seen. */
export class Notes {
  readonly #notes = new Map<string, Note>();

  /** `text` tells kinds apart, so it holds nothing that differs from row to row; `detail` of the first one is shown behind it. */
  add(place: string, text: string, detail = ''): void {
    const found = this.#notes.get(text);
    if (found !== undefined) this.#notes.set(text, { ...found, count: found.count + 1 });
    else this.#notes.set(text, { place, text: detail === '' ? text : `${text} (${detail})`, count: 1 });
  }

  get all(): readonly Note[] {
    return [...this.#notes.values()];
  }
}

/** As a warning shows it. */
export function noteText({ place, text, count }: Note): string {
  return count === 1
    ? `${place}: ${text}`
    : `${place}: ${text}; and in ${countedText(count - 1, 'more place')}`;
}
