import { openRegularFile, textOf } from '../../core/careful-read.ts';
import { errorText, InferometerError } from '../../core/errors.ts';
import { type CountTokens, type Draws, type Lexicon, randomWords } from './lexicon.ts';

/** A text that prompts are excerpts of, word by word. Plain data, for whichever thread makes them. */
export interface Excerpts {
  /** In their order; one that belongs to the word before it begins with {@link GLUE}. */
  readonly words: readonly string[];
  /** Of each word behind others, and at the beginning of a text. */
  readonly tokens: Uint32Array;
  readonly startTokens: Uint32Array;
}

const MAX_TEXT_BYTES = 2 ** 24;
/** Words of languages without spaces are as long as a sentence; they are cut, so that an excerpt can end in them. */
const LONGEST_WORD = 32;
const PIECE = 8;
/** In front of a piece that belongs to the one before it. Texts of files have it nowhere. */
const GLUE = '\0';

/** Words with a space between them, but for pieces of one word. */
export function joinedWords(words: readonly string[]): string {
  return words.join(' ').replaceAll(` ${GLUE}`, '').replaceAll(GLUE, '');
}

/**
 * The words of a text file. Throws `INFEROMETER_SYNTHETIC_TEXT` (input) for one that can't be read or has no words, and `INFEROMETER_FILE_REFUSED` for one
 * above 16 MiB.
 */
export async function readWords(path: string): Promise<readonly string[]> {
  const words = wordsOf(await readText(path));
  if (words.length === 0) throw unusable(path, 'has no words');
  return words;
}

/** The same with the tokens of each word, which are counted once: takes some µs for each different one. */
export function countedExcerpts(
  words: readonly string[],
  lexicon: Lexicon,
  countTokens: CountTokens,
): Excerpts {
  const [opener] = lexicon.starters;
  const known = new Map<string, { readonly behind: number; readonly first: number }>();
  const countOf = (word: string) => {
    const found = known.get(word);
    if (found !== undefined) return found;
    // Of a piece, what it is by itself: how it joins the one before it shows when it is counted in its place.
    const first = countTokens(joinedWords([word]));
    const behind = word.startsWith(GLUE) ? first : countTokens(`${opener!} ${word}`) - 1;
    const counts = { behind: Math.max(1, behind), first: Math.max(1, first) };
    known.set(word, counts);
    return counts;
  };
  return {
    words,
    tokens: Uint32Array.from(words, (word) => countOf(word).behind),
    startTokens: Uint32Array.from(words, (word) => countOf(word).first),
  };
}

/**
 * So many tokens of a text from a random word on, beginning again at its end: as many words as fit, and for the rest words of one token each.
 * `isFirst`: they begin a prompt.
 */
export function excerpt(
  { words, tokens, startTokens }: Excerpts,
  count: number,
  lexicon: Lexicon,
  random: Draws,
  isFirst: boolean,
): string[] {
  const taken: string[] = [];
  let left = count;
  for (let at = random.below(words.length); ; at = (at + 1) % words.length) {
    const isOpening = taken.length === 0;
    const length = isFirst && isOpening ? startTokens[at]! : tokens[at]!;
    if (length > left) break;
    taken.push(isOpening ? joinedWords([words[at]!]) : words[at]!);
    left -= length;
  }
  return [...taken, ...randomWords(lexicon, left, random, isFirst && taken.length === 0)];
}

/** Of a text, as white space separates them. */
export function wordsOf(text: string): readonly string[] {
  return text
    .replaceAll(GLUE, ' ')
    .split(/\s+/)
    .filter((word) => word !== '')
    .flatMap((word) => (word.length > LONGEST_WORD ? piecesOf(word) : [word]));
}

function piecesOf(word: string): readonly string[] {
  const points = [...word];
  return Array.from({ length: Math.ceil(points.length / PIECE) }, (_, index) => {
    const piece = points.slice(index * PIECE, (index + 1) * PIECE).join('');
    return index === 0 ? piece : GLUE + piece;
  });
}

async function readText(path: string): Promise<string> {
  try {
    const file = await openRegularFile(path, true);
    try {
      return await textOf(path, file, MAX_TEXT_BYTES);
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw cause instanceof InferometerError ? cause : unusable(path, `cannot be read: ${errorText(cause)}`);
  }
}

function unusable(path: string, why: string): InferometerError {
  return new InferometerError('INFEROMETER_SYNTHETIC_TEXT', 'input', `--synthetic: text=${path}: ${why}`);
}
