import { RandomSource } from '../../core/random.ts';
import type { LengthPairs } from './length-pairs.ts';
import { type PromptFrame, tooShort } from './prompt-frame.ts';
import type { SyntheticSpec } from './synthetic-spec.ts';

/** No prefix, or no limit of output tokens. */
export const NONE = -1;

/** Lengths and shared texts of every prompt, drawn before one is made. A text is the prompt of a request or of a turn. */
export interface SyntheticPlan {
  /** Of the first text of each conversation, and how many texts there are; a request of its own is a conversation of one. */
  readonly firsts: Uint32Array;
  /** Tokens of each text that are its own. */
  readonly ownTokens: Uint32Array;
  /** Number of the prefix before them, or {@link NONE}. */
  readonly prefixes: Int32Array;
  /** Of a text that opens a conversation or is a request of its own: the number of that one; else {@link NONE}. */
  readonly openings: Int32Array;
  /** Limit of output tokens, or {@link NONE}. */
  readonly outputs: Int32Array;
  /** Of each conversation: number of its system prompt. */
  readonly systems: Uint32Array;
  /** Lengths that were drawn too short for what stands around a text, and raised. */
  readonly raised: number;
}

/**
 * Draws all lengths, from one sequence. `leastOwn`: tokens of its own that each first text has at least. Throws `INFEROMETER_SYNTHETIC_LENGTH` (input) for inputs
 * that are all too short.
 */
export function synthesisPlan(
  { prefix, system, turns, count }: Pick<SyntheticSpec, 'prefix' | 'system' | 'turns' | 'count'>,
  pairs: LengthPairs,
  { firstTokens, nextTokens }: PromptFrame,
  leastOwn: number,
  seed: number,
): SyntheticPlan {
  const leastFirst = firstTokens + leastOwn;
  if (pairs.mostInput < leastFirst) throw tooShort('a prompt', pairs.mostInput, leastFirst - 1);
  if (turns !== undefined && pairs.mostInput <= nextTokens)
    throw tooShort('a later turn', pairs.mostInput, nextTokens);
  const random = new RandomSource(seed);
  const turnCounts = Uint32Array.from({ length: count }, () => turns?.draw(random) ?? 1);
  const firsts = new Uint32Array(count + 1);
  for (const [index, turnCount] of turnCounts.entries()) firsts[index + 1] = firsts[index]! + turnCount;
  const textCount = firsts[count]!;
  const plan = {
    firsts,
    ownTokens: new Uint32Array(textCount),
    prefixes: new Int32Array(textCount).fill(NONE),
    openings: new Int32Array(textCount).fill(NONE),
    outputs: new Int32Array(textCount).fill(NONE),
    systems: new Uint32Array(count),
  };
  let raised = 0;
  for (let conversation = 0; conversation < count; conversation++) {
    plan.openings[firsts[conversation]!] = conversation;
    if (system !== undefined) plan.systems[conversation] = system.pick(random);
    for (let text = firsts[conversation]!; text < firsts[conversation + 1]!; text++) {
      const isFirst = text === firsts[conversation];
      const { input, output } = pairs.draw(random);
      const own = input - (isFirst ? firstTokens : nextTokens);
      const least = isFirst ? leastOwn : 1;
      if (own < least) raised += 1;
      plan.ownTokens[text] = Math.max(own, least);
      if (output !== undefined) plan.outputs[text] = output;
      if (isFirst && prefix !== undefined) plan.prefixes[text] = prefix.pick(random);
    }
  }
  return { ...plan, raised };
}
