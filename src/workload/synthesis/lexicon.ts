import { InferometerError } from '../../core/errors.ts';
import { RandomSource } from '../../core/random.ts';

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
/** The same words whatever the seed of a run: prompts differ by which are drawn. */
const SEED = 1;
const CHECKS = 200;
const CHECK_WORDS = 100;
const MOST_ROUNDS = 20;

/**
 * Finds words of a vocabulary that stay one token each in any order. Candidates are the lower-case English-looking entries; what counts is the
 * tokenizer, which is asked about each, and then about many texts of all of them. Takes about 0.2 s.
 *
 * Throws `INFEROMETER_SYNTHETIC_VOCABULARY` (input) for a vocabulary with too few such words.
 */
export function findLexicon(vocabulary: Iterable<string>, countTokens: CountTokens): Lexicon {
  const candidates = new Set<string>();
  for (const entry of vocabulary) {
    const [, word] = WORD.exec(entry) ?? [];
    if (word !== undefined) candidates.add(word);
  }
  const random = new RandomSource(SEED);
  const shuffled = shuffledWords([...candidates].sort(), random);
  const starters = new Set(shuffled.slice(0, 2 * MOST_WORDS).filter((word) => countTokens(word) === 1));
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

function shuffledWords(words: readonly string[], random: RandomSource): string[] {
  const order = Array.from(words.keys());
  random.shuffle(order);
  return order.map((index) => words[index]!);
}

function tooFewWords(found: number): InferometerError {
  return new InferometerError(
    'INFEROMETER_SYNTHETIC_VOCABULARY',
    'input',
    `--tokenizer: its vocabulary has ${found} words that are one token each; made-up prompts of an exact length need at least ${LEAST_WORDS}`,
  );
}
