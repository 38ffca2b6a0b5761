import { KeyedRandom } from '../../core/keyed-random.ts';
import { type Draws, type Lexicon, randomWords } from './lexicon.ts';
import { NONE, type SyntheticPlan } from './synthetic-plan.ts';

/** All that texts are made of: plain data, for whichever thread makes them. */
export interface TextSource {
  readonly seed: number;
  readonly lexicon: Lexicon;
  /** The words of each prefix. */
  readonly prefixes: readonly (readonly string[])[];
  readonly plan: Pick<SyntheticPlan, 'ownTokens' | 'prefixes'>;
}

/** Keeps the words of prompts apart from those of prefixes and system prompts. */
const Purpose = { texts: 3, prefixes: 4, systems: 5 } as const;

/** Words of a text, and how many of the first ones must stay. */
export interface TextWords {
  readonly words: readonly string[];
  readonly kept: number;
}

/** Makes each text by itself: it depends on nothing but its number and the source. */
export class TextMaker {
  readonly #source: TextSource;
  readonly #random: KeyedRandom;

  constructor(source: TextSource) {
    this.#source = source;
    this.#random = new KeyedRandom(source.seed, Purpose.texts);
  }

  /** The words of a text, and with them the random numbers that what is put right in it goes on with. */
  words(text: number): TextWords & { readonly random: Draws } {
    const { lexicon, prefixes, plan } = this.#source;
    const random = this.#random;
    random.start(text);
    const prefix = plan.prefixes[text] === NONE ? [] : prefixes[plan.prefixes[text]!]!;
    const own = randomWords(lexicon, plan.ownTokens[text]!, random, prefix.length === 0);
    return { words: [...prefix, ...own], kept: prefix.length + 1, random };
  }

  text(text: number): string {
    return this.words(text).words.join(' ');
  }
}

/** The words of texts that prompts share. */
export function sharedTexts(
  lexicon: Lexicon,
  kind: 'prefixes' | 'systems',
  tokens: number,
  count: number,
  seed: number,
): readonly (readonly string[])[] {
  const random = new KeyedRandom(seed, Purpose[kind]);
  return Array.from({ length: count }, (_, index) => {
    random.start(index);
    return randomWords(lexicon, tokens, random, true);
  });
}
