import type { PromptData } from '../core/model-output.ts';
import type { TokenInput } from '../tokens/token-input.ts';

/** Where a token count comes from: a list of ids, our tokenizer, the server's `usage`. */
export const TOKEN_SOURCES = ['token_ids', 'tokenizer', 'server'] as const;
export type TokenSource = (typeof TOKEN_SOURCES)[number];

/** How long a prompt is: known, to be counted, or neither. */
export type PromptLength =
  | { readonly kind: 'known'; readonly tokenCount: number }
  | { readonly kind: 'uncounted'; readonly input: TokenInput }
  | { readonly kind: 'unknown' };

/** Token ids are counted at once, even an empty list; else the text counts, else the messages. */
export function promptLength(prompt: PromptData): PromptLength {
  if (prompt.tokenIds !== null) return { kind: 'known', tokenCount: prompt.tokenIds.length };
  if (prompt.text) return { kind: 'uncounted', input: { kind: 'text', text: prompt.text } };
  if (prompt.messages !== null && prompt.messages.length > 0) {
    return { kind: 'uncounted', input: { kind: 'prompt', prompt } };
  }
  return { kind: 'unknown' };
}

/** Counts tokens some time and calls back. */
export type CountTokens = (input: TokenInput, onCount: (tokenCount: number) => void) => void;

interface Row {
  length: PromptLength;
  source: TokenSource;
  /** Who waits for a count under way; undefined when none is. */
  waiting: ((tokenCount: number) => void)[] | undefined;
}

/**
 * Lengths of the dataset's prompts, by row. A row is counted once, when a sample first needs it; its text is then let go.
 */
export class PromptTable {
  readonly #rows = new Map<number, Row>();
  readonly #countTokens: CountTokens | undefined;
  #waitingCount = 0;

  /** Without `countTokens` only prompts made of token ids have a length. */
  constructor(countTokens: CountTokens | undefined) {
    this.#countTokens = countTokens;
  }

  /** Samples that wait for a count which another sample of their row asked for. */
  get waitingCount(): number {
    return this.#waitingCount;
  }

  /** Tells the prompts of rows `firstRow`, `firstRow + 1`, … A row that is told again is the new prompt. */
  set(firstRow: number, prompts: readonly PromptData[]): void {
    for (const [i, prompt] of prompts.entries()) {
      const length = promptLength(prompt);
      const keep = length.kind === 'known' || this.#countTokens !== undefined;
      if (keep) this.#rows.set(firstRow + i, { length, source: 'token_ids', waiting: undefined });
    }
  }

  /** Calls `onLength` now or once row `row` is counted; false, and never, when its length can't be known. */
  ask(row: number, onLength: (tokenCount: number, source: TokenSource) => void): boolean {
    const entry = this.#rows.get(row);
    if (entry === undefined || entry.length.kind === 'unknown') return false;
    if (entry.length.kind === 'known') {
      onLength(entry.length.tokenCount, entry.source);
      return true;
    }
    if (entry.waiting !== undefined) {
      this.#waitingCount++;
      entry.waiting.push((tokenCount) => onLength(tokenCount, 'tokenizer'));
      return true;
    }
    const waiting = [(tokenCount: number) => onLength(tokenCount, 'tokenizer')];
    entry.waiting = waiting;
    this.#countTokens!(entry.length.input, (tokenCount) => {
      this.#waitingCount -= waiting.length - 1;
      entry.length = { kind: 'known', tokenCount };
      entry.source = 'tokenizer';
      entry.waiting = undefined;
      for (const tell of waiting) tell(tokenCount);
    });
    return true;
  }
}
