import type { ApiAdapter, RequestOptions, SampleInput } from './adapter.ts';
import { countedChoices, countedInputs } from './choice-count.ts';
import type { JsonObject } from './json.ts';
import { type MessageParts, textOf } from './openai-message.ts';
import { openAiReader } from './openai-reader.ts';
import { missingInput, openAiRequest } from './openai-request.ts';

/**
 * OpenAI (legacy) completions.
 *
 * A row asks by `input_tokens` (or `token_ids`), else by `prompt`; a system prompt has no place here and is not sent. The output limit of the
 * run is sent as `max_tokens`; a row that brings a limit keeps its own. A list of prompts asks for `n` choices each.
 */
export const OPENAI_COMPLETIONS: ApiAdapter = {
  name: 'completions',
  path: 'v1/completions',
  requestBody: (row, options) => completionRequest(row, options),
  choicesOf: ({ n, prompt }) => countedChoices(n) * countedInputs(prompt),
  createReader: () => openAiReader(readText, readText),
};

function completionRequest(row: SampleInput, options: RequestOptions): Record<string, unknown> {
  const prompt = row.input_tokens ?? row.token_ids ?? row.prompt;
  if (typeof prompt !== 'string' && !Array.isArray(prompt)) {
    throw missingInput('completions', row, 'prompt or input_tokens');
  }
  return openAiRequest({ prompt: prompt as unknown }, row, options, 'max_tokens');
}

function readText(choice: JsonObject): MessageParts {
  return { content: textOf(choice, 'text'), reasoning: '', refusal: '', toolCalls: [] };
}
