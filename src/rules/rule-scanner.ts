/** Why the text of a rule can't be read: what was expected, where, and what stands there. */
export class RuleFault extends Error {}

/** Longest piece of the text that a message repeats. */
const SHOWN_LENGTH = 24;

/** Reads the text of a rule from left to right; blanks between its parts mean nothing. */
export class RuleScanner {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
    this.#skipBlanks();
  }

  get isAtEnd(): boolean {
    return this.#at === this.#text.length;
  }

  /** Takes what a pattern matches right here; undefined when it does not. The pattern is sticky (`y`). */
  take(pattern: RegExp): RegExpExecArray | undefined {
    pattern.lastIndex = this.#at;
    const match = pattern.exec(this.#text);
    if (match === null) return undefined;
    this.#at += match[0].length;
    this.#skipBlanks();
    return match;
  }

  /** What is wrong here. */
  fault(expected: string): RuleFault {
    const found = /^\S+/.exec(this.#text.slice(this.#at))?.[0].slice(0, SHOWN_LENGTH);
    return new RuleFault(
      found === undefined
        ? `expected ${expected} at the end`
        : `expected ${expected} at character ${this.#at + 1} (got "${found}")`,
    );
  }

  #skipBlanks(): void {
    while (/\s/.test(this.#text.charAt(this.#at))) this.#at += 1;
  }
}

/** What `read` makes of a text, all of which it has to take; else what is wrong with it, in words that follow a colon. */
export function readRule<T extends object>(text: string, read: (scanner: RuleScanner) => T): T | string {
  const scanner = new RuleScanner(text);
  try {
    const rule = read(scanner);
    if (!scanner.isAtEnd) throw scanner.fault('nothing more');
    return rule;
  } catch (error) {
    if (error instanceof RuleFault) return error.message;
    throw error;
  }
}
