import { RandomSource } from '../../core/random.ts';
import type { RowValues } from '../../dataset/row.ts';
import type { Tokenizer } from '../../tokens/tokenizer.ts';
import { isTemplateKnown, promptCounter, type PromptUse } from './prompt-counter.ts';
import { PromptMaker } from './prompt-maker.ts';
import type { SyntheticSpec } from './synthetic-spec.ts';

export interface SyntheticPrompts {
  /** Tokens around the text of each prompt; part of its length. */
  readonly overheadTokens: number;
  /** The chat template is known, so lengths are the server's own count. */
  readonly isTemplateKnown: boolean;
  rows(): Iterable<RowValues>;
  /** Lengths that were drawn too short for what stands around a prompt, so far. */
  readonly raised: number;
  /** Prompts whose length could not be made exact, so far. */
  readonly inexact: number;
}

/** Added to the seed, so that lengths and words don't hang together. */
const WORDS_SEED_OFFSET = 1;
const PREFIX_SEED_OFFSET = 2;

/**
 * Prompts of made-up words with the lengths of a description, to the token as the server counts them. The same description, seed and tokenizer
 * give the same prompts on every machine.
 *
 * Throws `InferometerError` (input) for a tokenizer whose words don't serve, and for a fixed length that is too short.
 */
export function synthesize(
  spec: SyntheticSpec,
  tokenizer: Tokenizer,
  use: PromptUse,
  seed: number,
): SyntheticPrompts {
  const maker = new PromptMaker(tokenizer.vocabulary(), promptCounter(tokenizer, use));
  // Told at once, not when it is drawn.
  if (spec.input.most < maker.leastTokens) maker.prompt(spec.input.most, new RandomSource(seed));
  let raised = 0;

  function* rows(): Generator<RowValues> {
    const lengths = new RandomSource(seed);
    const words = new RandomSource(seed + WORDS_SEED_OFFSET);
    const beginnings = beginningsOf(maker, spec, seed);
    for (let row = 0; row < spec.count; row++) {
      const drawn = spec.input.draw(lengths);
      const tokens = Math.max(drawn, maker.leastTokens);
      if (tokens > drawn) raised += 1;
      const beginning = beginnings.length === 0 ? undefined : beginnings[lengths.below(beginnings.length)];
      const prompt = maker.prompt(tokens, words, beginning);
      yield spec.output === undefined ? { prompt } : { prompt, max_tokens: spec.output.draw(lengths) };
    }
  }

  return {
    overheadTokens: maker.overheadTokens,
    isTemplateKnown: isTemplateKnown(tokenizer, use),
    rows,
    get raised() {
      return raised;
    },
    get inexact() {
      return maker.inexact;
    },
  };
}

function beginningsOf(
  maker: PromptMaker,
  { prefix }: SyntheticSpec,
  seed: number,
): readonly (readonly string[])[] {
  if (prefix === undefined) return [];
  const random = new RandomSource(seed + PREFIX_SEED_OFFSET);
  return Array.from({ length: prefix.count }, () => maker.beginning(prefix.tokens, random));
}
