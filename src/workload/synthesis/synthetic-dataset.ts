import type { Log } from '../../core/log.ts';
import { countedText, countText } from '../../core/quantity-text.ts';
import type { Dataset, DatasetRow } from '../../dataset/open-dataset.ts';
import { loadTokenizer } from '../../tokens/tokenizer.ts';
import { type PromptUse, UNKNOWN_TEMPLATE } from './prompt-counter.ts';
import { synthesize } from './synthetic-prompts.ts';
import type { SyntheticSpec } from './synthetic-spec.ts';

export interface SyntheticDatasetOptions {
  readonly spec: SyntheticSpec;
  /** As it was given. */
  readonly text: string;
  readonly tokenizerPath: string;
  readonly use: PromptUse;
  readonly seed: number;
  readonly log: Log;
}

/**
 * Made-up prompts as a dataset. Says what stands around each prompt, and what could not be made as asked for. Throws what `loadTokenizer` and
 * `synthesize` throw.
 */
export async function syntheticDataset({
  spec,
  text,
  tokenizerPath,
  use,
  seed,
  log,
}: SyntheticDatasetOptions): Promise<Dataset> {
  const tokenizer = await loadTokenizer(tokenizerPath);
  const prompts = synthesize(spec, tokenizer, use, seed);
  if (!prompts.isTemplateKnown) {
    log.warning(`--synthetic: ${UNKNOWN_TEMPLATE}`);
  }
  return { name: `--synthetic ${text}`, rows, skipped: [] };

  function* rows(): Generator<DatasetRow> {
    let row = 0;
    for (const values of prompts.rows()) {
      const number = (row += 1);
      yield { values, place: () => `synthetic prompt ${number}` };
    }
    const around =
      prompts.overheadTokens === 0
        ? ''
        : `, ${countedText(prompts.overheadTokens, 'token')} of each around its text`;
    log.info(`generated ${countedText(row, 'prompt')}${around}`);
    if (prompts.raised > 0) {
      log.warning(
        `--synthetic: ${countText(prompts.raised)} of ${countedText(row, 'length')} were too short for what stands around a prompt and were raised to ${prompts.overheadTokens + 1}`,
      );
    }
    if (prompts.inexact > 0) {
      log.warning(
        `--synthetic: ${countText(prompts.inexact)} of ${countedText(row, 'prompt')} could not be made to the token`,
      );
    }
  }
}
