import { availableParallelism } from 'node:os';
import type { Log } from '../../core/log.ts';
import { countedText, countText } from '../../core/quantity-text.ts';
import type { Dataset, DatasetRow } from '../../dataset/open-dataset.ts';
import type { SaltAlphabet } from '../../dataset/salt.ts';
import type { SaltPosition } from '../../dataset/salted-row.ts';
import { loadTokenizer } from '../../tokens/tokenizer.ts';
import { type PlannedTurn, plannedTurns } from '../dataset/planned-turns.ts';
import { readWords } from './excerpts.ts';
import { readLengthPairs } from './length-file.ts';
import { type PromptUse, UNKNOWN_TEMPLATE } from './prompt-counter.ts';
import { PromptCache, promptCacheFolder } from './prompt-cache.ts';
import { SyntheticPrompts } from './synthetic-prompts.ts';
import type { SyntheticSpec } from './synthetic-spec.ts';

/** Each has the words, and the tokenizer if it counts: tens of MB. */
const MOST_THREADS = 8;
/** Tokens from which on threads save more than their start takes. */
const MADE_ON_THREADS = 4_000_000;
const COUNTED_ON_THREADS = 50_000;

export interface SyntheticDatasetOptions {
  readonly spec: SyntheticSpec;
  /** As it was given. */
  readonly text: string;
  readonly tokenizerPath: string;
  readonly use: PromptUse;
  /** Where a salt takes the place of words of a prompt; undefined for none. */
  readonly salt: SaltPosition | undefined;
  readonly seed: number;
  readonly log: Log;
}

/** Made-up prompts: as rows, or as conversations where there are turns. */
export interface SyntheticDataset extends Dataset {
  /** How the salts in them are written; undefined for none. */
  readonly saltAlphabet: SaltAlphabet | undefined;
  conversations(): Iterable<readonly PlannedTurn[]>;
}

/**
 * Made-up prompts as a dataset. Says what stands around each prompt, and what could not be made as asked for. Throws what `loadTokenizer`,
 * `readLengthPairs`, `readWords` and `SyntheticPrompts` throw.
 */
export async function syntheticDataset({
  spec,
  text,
  tokenizerPath,
  use,
  salt,
  seed,
  log,
}: SyntheticDatasetOptions): Promise<SyntheticDataset> {
  const lengths = 'file' in spec.lengths ? await readLengthPairs(spec.lengths.file) : spec.lengths;
  const words = spec.text === undefined ? undefined : await readWords(spec.text);
  const tokenizer = await loadTokenizer(tokenizerPath);
  const prompts = new SyntheticPrompts({ ...spec, lengths, words, salt }, tokenizer, use, seed);
  if (!prompts.isTemplateKnown) {
    log.warning(`--synthetic: ${UNKNOWN_TEMPLATE}`);
  }
  const { tokens, areCounted } = prompts.work;
  const threads = Math.min(MOST_THREADS, availableParallelism());
  const isWorthIt = areCounted ? tokens >= COUNTED_ON_THREADS : threads > 1 && tokens >= MADE_ON_THREADS;
  const cache = new PromptCache(promptCacheFolder(process.env));
  if (isWorthIt) await prompts.makeOnThreads(threads, tokenizerPath, cache);
  return {
    name: `--synthetic ${text}`,
    rows,
    conversations,
    skipped: [],
    saltAlphabet: prompts.saltAlphabet,
  };

  function* rows(): Generator<DatasetRow> {
    let row = 0;
    for (const { values, salt: rowSalt } of prompts.rows()) {
      const number = (row += 1);
      yield { values, salt: rowSalt, place: () => `synthetic prompt ${number}` };
    }
    tell();
  }

  function* conversations(): Generator<readonly PlannedTurn[]> {
    for (const conversation of prompts.conversations()) yield plannedTurns(conversation, 'live', noText);
    tell();
  }

  function tell(): void {
    const { count, inexact, frame, plan } = prompts;
    const { firstTokens, nextTokens } = frame;
    const texts = plan.ownTokens.length;
    const around = firstTokens === 0 ? '' : `, ${countedText(firstTokens, 'token')} of each around its text`;
    const made =
      spec.turns === undefined
        ? `${countedText(count, 'prompt')}${around}`
        : `${countedText(count, 'conversation')} of ${countedText(texts, 'turn')}${around}, ${countText(nextTokens)} in later turns`;
    log.info(`generated ${made}`);
    if (plan.raised > 0) {
      log.warning(
        `--synthetic: ${countText(plan.raised)} of ${countedText(texts, 'length')} were too short for what stands around a prompt and were raised`,
      );
    }
    if (inexact > 0) {
      log.warning(
        `--synthetic: ${countText(inexact)} of ${countedText(texts, 'prompt')} could not be made to the token`,
      );
    }
  }
}

function noText(): never {
  throw new Error('each turn of a generated conversation has its text');
}
