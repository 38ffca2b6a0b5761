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
  /** Samples that wait for the count under way. */
  waitingCount: number;
}

/**
 * Lengths of the dataset's prompts, by row. A row is counted once, when a sample first needs it; its text is then let go.
 */
export class PromptTable {
  readonly #rows = new Map<number, Row>();
  readonly #record: (tokenCount: number, source: TokenSource) => void;
  readonly #countTokens: CountTokens | undefined;
  #waitingCount = 0;
  #countsUnderWay = 0;

  /** Without `countTokens` only prompts made of token ids have a length. `record` gets a length for each sample that asked. */
  constructor(
    record: (tokenCount: number, source: TokenSource) => void,
    countTokens: CountTokens | undefined,
  ) {
    this.#record = record;
    this.#countTokens = countTokens;
  }

  /** Samples that wait for a count which another sample of their row asked for. */
  get waitingCount(): number {
    return this.#waitingCount - this.#countsUnderWay;
  }

  /** Tells the prompts of rows `firstRow`, `firstRow + 1`, … */
  set(firstRow: number, prompts: readonly PromptData[]): void {
    for (const [i, prompt] of prompts.entries()) {
      const length = promptLength(prompt);
      const canBeKnown =
        length.kind === 'known' || (length.kind === 'uncounted' && this.#countTokens !== undefined);
      if (canBeKnown) this.#rows.set(firstRow + i, { length, source: 'token_ids', waitingCount: 0 });
    }
  }

  /** Records the length of `row` for a sample, now or once it is counted; false when it can't be known. */
  ask(row: number): boolean {
    const entry = this.#rows.get(row);
    if (entry === undefined || entry.length.kind === 'unknown') return false;
    if (entry.length.kind === 'known') {
      this.#record(entry.length.tokenCount, entry.source);
      return true;
    }
    entry.waitingCount++;
    this.#waitingCount++;
    if (entry.waitingCount === 1) this.#count(entry, entry.length.input);
    return true;
  }

  #count(entry: Row, input: TokenInput): void {
    this.#countsUnderWay++;
    this.#countTokens?.(input, (tokenCount) => {
      const { waitingCount } = entry;
      this.#countsUnderWay--;
      this.#waitingCount -= waitingCount;
      entry.length = { kind: 'known', tokenCount };
      entry.source = 'tokenizer';
      entry.waitingCount = 0;
      for (let i = 0; i < waitingCount; i++) this.#record(tokenCount, 'tokenizer');
    });
  }
}
