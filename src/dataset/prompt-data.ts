import { InferometerError } from '../core/errors.ts';
import type { PromptData } from '../core/model-output.ts';
import type { RowValues } from './row.ts';

export const EMPTY_PROMPT_DATA: PromptData = {
  text: null,
  tokenIds: null,
  messages: null,
  tools: null,
  chatTemplateKwargs: null,
  chatTemplate: null,
  toolChoice: null,
};

/**
 * What a row asks, as its ISSUED event tells it: its tokens, else its messages with what a chat template needs, else its
 * prompt if that is a text, else nothing. The system prompt is no part of it.
 *
 * Throws `INFEROMETER_DATASET_INVALID` for a row with both `input_tokens` and `token_ids`.
 */
export function promptDataOf(row: RowValues): PromptData {
  const tokenIds = tokensOf(row);
  if (tokenIds !== null) return { ...EMPTY_PROMPT_DATA, tokenIds };
  const { messages, prompt } = row;
  if (Array.isArray(messages) && messages.length > 0) {
    return {
      ...EMPTY_PROMPT_DATA,
      messages: messages as Record<string, unknown>[],
      tools: (row.tools ?? null) as PromptData['tools'],
      chatTemplateKwargs: (row.chat_template_kwargs ?? null) as PromptData['chatTemplateKwargs'],
      chatTemplate: (row.chat_template ?? null) as PromptData['chatTemplate'],
      toolChoice: row.tool_choice ?? null,
    };
  }
  return typeof prompt === 'string' ? { ...EMPTY_PROMPT_DATA, text: prompt } : EMPTY_PROMPT_DATA;
}

function tokensOf(row: RowValues): readonly number[] | null {
  const inputTokens = row.input_tokens ?? null;
  const tokenIds = row.token_ids ?? null;
  if (inputTokens !== null && tokenIds !== null) {
    throw new InferometerError(
      'INFEROMETER_DATASET_INVALID',
      'input',
      'a row has both input_tokens and token_ids; keep one of them',
    );
  }
  return (inputTokens ?? tokenIds) as readonly number[] | null;
}
