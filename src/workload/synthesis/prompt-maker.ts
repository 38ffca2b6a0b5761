import { joinedWords } from './excerpts.ts';
import { type CountTokens, type Draws, type Lexicon, randomWords } from './lexicon.ts';

/** How the server counts a prompt: its text with what the API and the chat template put around it. */
export interface PromptCounter {
  readonly countText: CountTokens;
  /** Of the whole prompt. */
  readonly countPrompt: CountTokens;
}

/** Lengths at which what stands around a prompt is measured. */
const PROBE_WORDS = [1, 2, 7, 40, 300];
const MOST_CORRECTIONS = 8;

/**
 * Makes prompts that have exactly as many tokens as asked for, as the server counts them. Texts are words that are one token each, so a length is a
 * number of words; what stands around them is measured.
 */
export class PromptMaker {
  /** Tokens around the text of a prompt. */
  readonly overheadTokens: number;
  /** What stands around a text does not depend on it. If it does, only counting helps. */
  readonly isSteady: boolean;
  /** The words that prompts are made of. */
  readonly lexicon: Lexicon;
  readonly #counter: PromptCounter;
  #inexact = 0;

  constructor(lexicon: Lexicon, counter: PromptCounter) {
    this.lexicon = lexicon;
    this.#counter = counter;
    const overheads = PROBE_WORDS.map((words) => counter.countPrompt(this.#probe(words)) - words);
    this.overheadTokens = overheads[0]!;
    this.isSteady = overheads.every((overhead) => overhead === this.overheadTokens);
  }

  /** The shortest prompt there is, in tokens. */
  get leastTokens(): number {
    return this.overheadTokens + 1;
  }

  /** Prompts that could not be made exact. */
  get inexact(): number {
    return this.#inexact;
  }

  /** Whether the server counts a prompt of this text as so many tokens. */
  isExact(text: string, tokens: number): boolean {
    return this.#counter.countPrompt(text) === tokens;
  }

  /**
   * A prompt of these words, and behind them `last`, put right while the server does not count it as `tokens`: others of the lexicon go
   * behind `words`, or the last ones of them go, but for the first `kept`.
   */
  exactly(
    words: readonly string[],
    tokens: number,
    random: Draws,
    { kept = 1, last = [] }: { readonly kept?: number; readonly last?: readonly string[] } = {},
  ): string {
    let text = joinedWords([...words, ...last]);
    for (let attempt = 0; attempt < MOST_CORRECTIONS; attempt++) {
      const counted = this.#counter.countPrompt(text);
      const missing = tokens - counted;
      if (missing === 0) return text;
      if (missing > 0) words = [...words, ...randomWords(this.lexicon, missing, random, false)];
      else words = words.slice(0, Math.max(kept, words.length - wordsIn(-missing, words.length / counted)));
      text = joinedWords([...words, ...last]);
    }
    if (!this.isExact(text, tokens)) this.#inexact += 1;
    return text;
  }

  #probe(words: number): string {
    const { words: list, starters } = this.lexicon;
    return Array.from({ length: words }, (_, index) =>
      index === 0 ? starters[0]! : list[index % list.length]!,
    ).join(' ');
  }
}

/** About as many words as have so many tokens. */
function wordsIn(tokens: number, wordsPerToken: number): number {
  return Math.max(1, Math.round(tokens * Math.min(1, wordsPerToken)));
}
