import { InferometerError } from '../core/errors.ts';
import { RandomSource } from '../core/random.ts';
import type { RowValues } from './row.ts';

const WORDS = `
  amber anchor answer basin beacon bridge canyon castle cinder circle clover copper coral
  cotton desert drift ember engine fable falcon feather forest garden glacier harbor hollow
  island ivory jungle kettle lantern ledger linen marble meadow mirror nectar needle ocean
  olive orchard paper pebble pepper planet quartz raven ribbon river saddle shadow silver
  spiral stone summit tangle thunder timber valley velvet violet walnut willow winter
`
  .trim()
  .split(/\s+/);

/** Prompt lengths are lognormal, as those of people are: many short, few long. */
export interface SyntheticOptions {
  readonly rowCount: number;
  /** Half of the prompts are shorter. */
  readonly medianWords: number;
  /** Spread: the standard deviation of the logarithm of the length. */
  readonly sigma: number;
  /** No prompt is longer. */
  readonly maxWords: number;
  readonly seed: number;
}

/**
 * Prompts of made-up text, for a demonstration or a test without data. Each is unlike the others, and has exactly as many words
 * as were drawn for it, at least 2.
 *
 * The same options give the same prompts. Throws `INFEROMETER_DATASET_SYNTHETIC` for options that give none.
 */
export function createSyntheticDataset(options: SyntheticOptions): {
  readonly name: string;
  readonly rows: readonly RowValues[];
} {
  const { rowCount, medianWords, sigma, maxWords, seed } = options;
  if (!(Number.isInteger(rowCount) && rowCount > 0 && medianWords > 0 && sigma >= 0 && maxWords >= 2)) {
    throw new InferometerError(
      'INFEROMETER_DATASET_SYNTHETIC',
      'input',
      `a synthetic dataset needs at least one row of at least 2 words (got ${rowCount} rows of ${medianWords} words, sigma ${sigma}, at most ${maxWords})`,
    );
  }
  const random = new RandomSource(seed);
  const rows = Array.from({ length: rowCount }, (_, row): RowValues => {
    const drawn = Math.round(medianWords * Math.exp(sigma * random.normal()));
    return { prompt: syntheticPrompt(row, Math.min(maxWords, Math.max(2, drawn)), random) };
  });
  return { name: `synthetic (${rowCount} prompts, seed ${seed})`, rows };
}

/** The number first makes each prompt unique, so that no server answers it from a cache. */
function syntheticPrompt(row: number, wordCount: number, random: RandomSource): string {
  const words = Array.from({ length: wordCount - 1 }, () => WORDS[random.below(WORDS.length)]!);
  return `#${row} ${words.join(' ')}`;
}
