import { InferometerError } from '../../core/errors.ts';
import type { RandomSource } from '../../core/random.ts';
import { type CountTokens, findLexicon, type Lexicon } from './lexicon.ts';

/** How the server counts a prompt: its text with what the API and the chat template put around it. */
export interface PromptCounter {
  readonly countText: CountTokens;
  /** Of the whole prompt. */
  readonly countPrompt: CountTokens;
}

/** Lengths at which what stands around a prompt is measured. */
const PROBE_WORDS = [1, 2, 7, 40, 300];
/** So many prompts are counted again, and from then on one in so many: more once one was wrong. */
const ALWAYS_COUNTED = 64;
const COUNTED_EACH = 16;
/** Counting takes some µs a token: when so many were counted without a fault, one prompt in so many will do. */
const WELL_COUNTED_TOKENS = 1_000_000;
const THEN_COUNTED_EACH = 256;
const MOST_CORRECTIONS = 8;

/**
 * Makes prompts that have exactly as many tokens as asked for, as the server counts them. Texts are words that are one token each, so a length is a
 * number of words; what stands around them is measured. Prompts are counted again: the first ones all, the others now and then, the longer
 * they are the less often, and all of them once one was off, which is then put right.
 */
export class PromptMaker {
  /** Tokens around the text of a prompt. */
  readonly overheadTokens: number;
  /** The words that prompts are made of. */
  readonly lexicon: Lexicon;
  readonly #counter: PromptCounter;
  #made = 0;
  #countedTokens = 0;
  #countsAll: boolean;
  #inexact = 0;

  constructor(vocabulary: Iterable<string>, counter: PromptCounter) {
    this.lexicon = findLexicon(vocabulary, counter.countText);
    this.#counter = counter;
    const overheads = PROBE_WORDS.map((words) => counter.countPrompt(this.#probe(words)) - words);
    this.overheadTokens = overheads[0]!;
    // Something around the text depends on it: then only counting helps.
    this.#countsAll = overheads.some((overhead) => overhead !== this.overheadTokens);
  }

  /** The shortest prompt there is, in tokens. */
  get leastTokens(): number {
    return this.overheadTokens + 1;
  }

  /** Prompts that could not be made exact. */
  get inexact(): number {
    return this.#inexact;
  }

  /**
   * Text of so many tokens, to begin prompts with. Throws `INFEROMETER_SYNTHETIC_LENGTH` (input) for less than one.
   */
  beginning(tokens: number, random: RandomSource): readonly string[] {
    return this.#words(tokens, random, true);
  }

  /**
   * A prompt that the server counts as `tokens`, with a beginning of others that is not among them. Throws `INFEROMETER_SYNTHETIC_LENGTH`
   * (input) for fewer than {@link leastTokens}.
   */
  prompt(tokens: number, random: RandomSource, beginning: readonly string[] = []): string {
    if (tokens < this.leastTokens) {
      throw new InferometerError(
        'INFEROMETER_SYNTHETIC_LENGTH',
        'input',
        `a prompt of ${tokens} tokens can't be made: what the API and the chat template put around it takes ${this.overheadTokens}`,
      );
    }
    const own = this.#words(tokens - this.overheadTokens, random, beginning.length === 0);
    return this.exactly([...beginning, ...own], tokens + beginning.length, random);
  }

  /** A prompt of these words, put right at its end should the server not count it as `tokens`. The first word is one of `starters`. */
  exactly(words: readonly string[], tokens: number, random: RandomSource): string {
    this.#made += 1;
    const text = words.join(' ');
    if (!this.#isCounted()) return text;
    this.#countedTokens += tokens;
    return this.#corrected(text, tokens, words, random);
  }

  #isCounted(): boolean {
    if (this.#countsAll) return true;
    if (this.#countedTokens >= WELL_COUNTED_TOKENS) return this.#made % THEN_COUNTED_EACH === 0;
    return this.#made <= ALWAYS_COUNTED || this.#made % COUNTED_EACH === 0;
  }

  #corrected(text: string, wanted: number, words: readonly string[], random: RandomSource): string {
    for (let attempt = 0; attempt < MOST_CORRECTIONS; attempt++) {
      const missing = wanted - this.#counter.countPrompt(text);
      if (missing === 0) return text;
      this.#countsAll = true;
      if (missing > 0) words = [...words, ...this.#words(missing, random, false)];
      else words = words.slice(0, Math.max(1, words.length + missing));
      text = words.join(' ');
    }
    this.#inexact += 1;
    return text;
  }

  #words(count: number, random: RandomSource, isFirst: boolean): string[] {
    const { words, starters } = this.lexicon;
    return Array.from({ length: count }, (_, index) => {
      const from = isFirst && index === 0 ? starters : words;
      return from[random.below(from.length)]!;
    });
  }

  #probe(words: number): string {
    const { words: list, starters } = this.lexicon;
    return Array.from({ length: words }, (_, index) =>
      index === 0 ? starters[0]! : list[index % list.length]!,
    ).join(' ');
  }
}
