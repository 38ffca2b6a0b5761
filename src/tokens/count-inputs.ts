import { errorText } from '../core/errors.ts';
import type { TokenCounter } from './token-counter.ts';
import { answerAsText, promptAsText, type TokenInput } from './token-input.ts';

/** What counting a batch came to: a count for each input in order, NaN where there is none, and why. */
export interface CountOutcome {
  readonly counts: readonly number[];
  readonly errors: readonly string[];
}

/** Counts a mixed batch kind by kind. Never rejects: a kind that fails leaves the others' counts alone. */
export async function countInputs(
  counter: TokenCounter,
  inputs: readonly TokenInput[],
): Promise<CountOutcome> {
  const counts = new Array<number>(inputs.length).fill(NaN);
  const errors: string[] = [];

  async function countKind<T>(
    itemOf: (input: TokenInput) => T | undefined,
    count: (items: readonly T[]) => Promise<readonly number[]>,
  ): Promise<void> {
    const positions: number[] = [];
    const items: T[] = [];
    for (const [position, input] of inputs.entries()) {
      const item = itemOf(input);
      if (item === undefined) continue;
      positions.push(position);
      items.push(item);
    }
    if (items.length === 0) return;
    try {
      const counted = await count(items);
      if (counted.length !== items.length) {
        throw new Error(`${counted.length} token counts came back for ${items.length} items`);
      }
      positions.forEach((position, i) => (counts[position] = counted[i]!));
      const uncounted = counted.filter((tokenCount) => Number.isNaN(tokenCount)).length;
      if (uncounted > 0) errors.push(`${uncounted} of ${items.length} items can't be tokenized`);
    } catch (error) {
      errors.push(errorText(error));
    }
  }

  await Promise.all([
    countKind(
      (input) => (input.kind === 'text' ? input.text : undefined),
      (texts) => counter.countTexts(texts),
    ),
    countKind(
      (input) => (input.kind === 'answer' ? input.answer : undefined),
      (answers) => counter.countAnswers?.(answers) ?? counter.countTexts(answers.map(answerAsText)),
    ),
    countKind(
      (input) => (input.kind === 'prompt' ? input.prompt : undefined),
      (prompts) => counter.countPrompts?.(prompts) ?? counter.countTexts(prompts.map(promptAsText)),
    ),
  ]);
  return { counts, errors };
}
