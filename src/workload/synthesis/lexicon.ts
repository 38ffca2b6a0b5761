import { InferometerError } from '../../core/errors.ts';
import { RandomSource } from '../../core/random.ts';
import type { Tokenizer } from '../../tokens/tokenizer.ts';

/** Draws whole numbers from 0 to below a bound. */
export interface Draws {
  below(bound: number): number;
}

/** Words that are one token each, whatever words stand beside them: a text of n of them has n tokens. */
export interface Lexicon {
  /** Behind a space. */
  readonly words: readonly string[];
  /** Those of them that are one token at the beginning of a text, too. */
  readonly starters: readonly string[];
}

/** Counts the tokens of a text. */
export type CountTokens = (text: string) => number;

const MOST_WORDS = 4096;
const LEAST_WORDS = 64;
/** Candidates looked at together: most are words. */
const GROUP = 64;
/** A word of a vocabulary, behind the mark for a space that its kind has (Ġ, ▁) or none. */
const WORD = /^[Ġ▁]?([a-z]{2,8})$/;
/** An entry that goes over the end of a word: the end of one, the mark for a space, and maybe the beginning of another. */
const BRIDGE = /^[Ġ▁]?([a-z]{1,8})[Ġ▁]([a-z]{0,8})/;
/** The same words whatever the seed of a run: prompts differ by which are drawn. */
const SEED = 1;
const CHECKS = 64;
const CHECK_WORDS = 64;
const MOST_ROUNDS = 20;

const lexicons = new WeakMap<Tokenizer, Lexicon>();

/** {@link findLexicon} of a tokenizer, kept as long as that is. */
export function lexiconOf(tokenizer: Tokenizer): Lexicon {
  const known = lexicons.get(tokenizer);
  if (known !== undefined) return known;
  const found = findLexicon(tokenizer.vocabulary(), (text) => tokenizer.countTokens(text));
  lexicons.set(tokenizer, found);
  return found;
}

/**
 * Finds words of a vocabulary that stay one token each in any order. Candidates are the lower-case English-looking entries. Tokens are
 * entries of the vocabulary, so words between which no entry can lie are cut one by one whatever stands beside them; the others are left out. The
 * tokenizer is asked all the same: about each word, and then about many texts of all of them.
 *
 * Throws `INFEROMETER_SYNTHETIC_VOCABULARY` (input) for a vocabulary with too few such words.
 */
export function findLexicon(vocabulary: Iterable<string>, countTokens: CountTokens): Lexicon {
  const random = new RandomSource(SEED);
  const shuffled = shuffledWords(candidatesOf(vocabulary), random);
  const starters = new Set(shuffled.slice(0, MOST_WORDS).filter((word) => countTokens(word) === 1));
  const [opener] = starters;
  if (opener === undefined) throw tooFewWords(0);
  let words: string[] = [];
  for (let at = 0; at < shuffled.length && words.length < MOST_WORDS; at += GROUP) {
    const group = shuffled.slice(at, at + GROUP);
    const isAdditive = (some: readonly string[]) =>
      countTokens([opener, ...some].join(' ')) === some.length + 1;
    words.push(...(isAdditive(group) ? group : group.filter((word) => isAdditive([word, word]))));
  }
  words = withoutMisfits(words, opener, countTokens, random);
  if (words.length < LEAST_WORDS) throw tooFewWords(words.length);
  return { words, starters: words.filter((word) => starters.has(word)).concat(opener) };
}

/** Words of the vocabulary, in the order of the alphabet, but for those that an entry could join with a word beside them. */
function candidatesOf(vocabulary: Iterable<string>): readonly string[] {
  const words = new Set<string>();
  const bridges = new Set<string>();
  for (const entry of vocabulary) {
    const [, word] = WORD.exec(entry) ?? [];
    if (word !== undefined) words.add(word);
    const [, end, beginning] = BRIDGE.exec(entry) ?? [];
    if (end !== undefined) bridges.add(`${end} ${beginning!}`);
  }
  const ofEnd = Map.groupBy(
    partsOf(words, (word, length) => word.slice(-length)),
    ([part]) => part,
  );
  const ofBeginning = Map.groupBy(
    partsOf(words, (word, length) => word.slice(0, length)),
    ([part]) => part,
  );
  for (const bridge of bridges) {
    const [end, beginning] = bridge.split(' ') as [string, string];
    const before = ofEnd.get(end) ?? [];
    const after = beginning === '' ? before : (ofBeginning.get(beginning) ?? []);
    for (const [, word] of before.length < after.length ? before : after) words.delete(word);
  }
  return [...words].sort();
}

/** Each part of each word, and the word. */
function partsOf(
  words: ReadonlySet<string>,
  part: (word: string, length: number) => string,
): readonly (readonly [string, string])[] {
  return [...words].flatMap((word) => Array.from(word, (_, index) => [part(word, index + 1), word] as const));
}

/** Leaves out words that do not stay one token beside some others, until many texts of all show none. */
function withoutMisfits(
  words: string[],
  opener: string,
  countTokens: CountTokens,
  random: RandomSource,
): string[] {
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const misfits = new Set<string>();
    for (let check = 0; check < CHECKS && words.length > 0; check++) {
      const text = Array.from({ length: CHECK_WORDS }, () => words[random.below(words.length)]!);
      if (countTokens([opener, ...text].join(' ')) === CHECK_WORDS + 1) continue;
      for (const [index, word] of text.entries()) {
        const pair = [text[index - 1] ?? opener, word];
        if (countTokens([opener, ...pair].join(' ')) !== pair.length + 1) misfits.add(word);
      }
    }
    if (misfits.size === 0) return words;
    words = words.filter((word) => !misfits.has(word));
  }
  return words;
}

/** Words at random; the first one of a text may have to be another. */
export function randomWords(
  { words, starters }: Lexicon,
  count: number,
  random: Draws,
  isFirst: boolean,
): string[] {
  const drawn: string[] = [];
  for (let index = 0; index < count; index++) {
    const from = isFirst && index === 0 ? starters : words;
    drawn.push(from[random.below(from.length)]!);
  }
  return drawn;
}

function shuffledWords(words: readonly string[], random: RandomSource): string[] {
  const order = Array.from(words.keys());
  random.shuffle(order);
  return order.map((index) => words[index]!);
}

function tooFewWords(found: number): InferometerError {
  return new InferometerError(
    'INFEROMETER_SYNTHETIC_VOCABULARY',
    'input',
    `--tokenizer: its vocabulary has ${found} words that are one token each; generated prompts of an exact length need at least ${LEAST_WORDS}`,
  );
}
