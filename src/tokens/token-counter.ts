import type { MessageParts } from '../core/model-output-text.ts';
import type { PromptData } from '../core/model-output.ts';

/**
 * Counts tokens, in batches, off the thread that measures.
 *
 * Each method gives one count an item, in order. NaN marks an item that could not be counted; a rejection or a result
 * of the wrong length means that none of them could. Either way the caller may ask again.
 */
export interface TokenCounter {
  /** Counts texts without the special tokens that frame a sequence. */
  countTexts(texts: readonly string[]): Promise<readonly number[]>;
  /** Counts answers made of parts. Absent: they are counted as the plain text of their parts. */
  countAnswers?(answers: readonly MessageParts[]): Promise<readonly number[]>;
  /** Counts prompts made of messages. Absent: they are counted as the plain text of their parts. */
  countPrompts?(prompts: readonly PromptData[]): Promise<readonly number[]>;
  /** Stops counting; calls under way reject. Idempotent. */
  close(): Promise<void>;
}
