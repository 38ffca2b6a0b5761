import { KeyedRandom } from '../../core/keyed-random.ts';
import { type SaltAlphabet, saltAlphabet, Salts } from '../../dataset/salt.ts';
import { type Excerpts, excerpt, joinedWords } from './excerpts.ts';
import { type Draws, type Lexicon, randomWords } from './lexicon.ts';
import type { PromptMaker } from './prompt-maker.ts';
import { NONE, type SyntheticPlan } from './synthetic-plan.ts';

/** All that texts are made of: plain data, for whichever thread makes them. */
export interface TextSource {
  readonly seed: number;
  readonly lexicon: Lexicon;
  /** The words of each prefix. */
  readonly prefixes: readonly (readonly string[])[];
  readonly plan: Pick<SyntheticPlan, 'ownTokens' | 'prefixes' | 'openings'>;
  /** What the own words are from; random words where there is none. */
  readonly excerpts?: Excerpts | undefined;
  /** Words that tell each conversation from others, among the own ones of its first text. */
  readonly salt?: { readonly alphabet: SaltAlphabet; readonly position: 'prefix' | 'suffix' } | undefined;
}

/** Keeps the words of prompts apart from those of prefixes and system prompts. */
const Purpose = { texts: 3, prefixes: 4, systems: 5 } as const;

/** Words of a text, and which of them must stay when it is put right: so many of the first ones, and all of the last ones. */
export interface TextWords {
  readonly words: readonly string[];
  readonly kept: number;
  readonly last: readonly string[];
}

/** Makes each text by itself: it depends on nothing but its number and the source. */
export class TextMaker {
  readonly #source: TextSource;
  readonly #random: KeyedRandom;
  readonly #salts: Salts | undefined;

  constructor(source: TextSource) {
    this.#source = source;
    this.#random = new KeyedRandom(source.seed, Purpose.texts);
    this.#salts = source.salt && new Salts(source.salt.alphabet, source.seed, 'row');
  }

  /** The words of a text, and with them the random numbers that what is put right in it goes on with. */
  words(text: number): TextWords & { readonly random: Draws } {
    const { lexicon, prefixes, plan, excerpts, salt } = this.#source;
    const random = this.#random;
    random.start(text);
    const prefix = plan.prefixes[text] === NONE ? [] : prefixes[plan.prefixes[text]!]!;
    const opening = plan.openings[text]!;
    const saltWords = opening === NONE ? [] : (this.#salts?.symbolsOf(opening) ?? []);
    const [first, last] = salt?.position === 'suffix' ? [[], saltWords] : [saltWords, []];
    const before = [...first, ...prefix];
    const ownCount = plan.ownTokens[text]! - first.length - last.length;
    const isFirst = before.length === 0;
    const own =
      excerpts === undefined
        ? randomWords(lexicon, ownCount, random, isFirst)
        : excerpt(excerpts, ownCount, lexicon, random, isFirst);
    return { words: [...before, ...own], kept: before.length + 1, last, random };
  }

  /** The text as the prompt of a request without anything else that has so many tokens: counted, and put right. */
  exactText(text: number, tokens: number, maker: PromptMaker): string {
    const { words, random, ...fixed } = this.words(text);
    return maker.exactly(words, tokens, random, fixed);
  }

  /** The text as it is made at first. */
  text(text: number): string {
    const { words, last } = this.words(text);
    return joinedWords([...words, ...last]);
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

/** Salts that are words of one width, each one token wherever it stands. */
export function wordSalt({ words, starters }: Lexicon): SaltAlphabet {
  const known = new Set(words);
  const ofWidth = Map.groupBy(
    starters.filter((word) => known.has(word)),
    (word) => word.length,
  );
  const [most = []] = [...ofWidth.values()].sort((a, b) => b.length - a.length);
  return saltAlphabet(most, ' ');
}
