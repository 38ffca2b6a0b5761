/** How often an error type occurred, with the message of its first occurrence. */
export interface ErrorTypeCount {
  readonly type: string;
  readonly count: number;
  readonly example: string;
}

const MAX_TYPES = 100;
const OTHER = 'other';
const MAX_EXAMPLE_LENGTH = 500;

/** Counts errors by type. Bounded: types beyond the first 100 are counted together as `other`. */
export class ErrorTally {
  readonly #byType = new Map<string, { type: string; count: number; example: string }>();

  add(errorType: string, message: string): void {
    const type = this.#byType.has(errorType) || this.#byType.size < MAX_TYPES ? errorType : OTHER;
    const known = this.#byType.get(type);
    if (known !== undefined) known.count++;
    else this.#byType.set(type, { type, count: 1, example: message.slice(0, MAX_EXAMPLE_LENGTH) });
  }

  /** Most frequent first; equally frequent ones in order of appearance. */
  counts(): readonly ErrorTypeCount[] {
    return [...this.#byType.values()].map((entry) => ({ ...entry })).sort((a, b) => b.count - a.count);
  }
}
