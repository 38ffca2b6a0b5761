import type { ApiAdapter } from './adapter.ts';
import { countedChoices, countedInputs } from './choice-count.ts';
import type { JsonObject } from './json.ts';
import { completionRequest } from './openai-completions-request.ts';
import { type MessageParts, textOf } from './openai-message.ts';
import { openAiReader } from './openai-reader.ts';

/** OpenAI (legacy) completions. A list of prompts asks for `n` choices each. */
export const OPENAI_COMPLETIONS: ApiAdapter = {
  name: 'completions',
  path: 'v1/completions',
  isChat: false,
  namesModel: true,
  requestBody: completionRequest,
  choicesOf: ({ n, prompt }) => countedChoices(n) * countedInputs(prompt),
  createReader: () => openAiReader(readText, readText),
};

function readText(choice: JsonObject): MessageParts {
  return { content: textOf(choice, 'text'), reasoning: '', refusal: '', toolCalls: [] };
}
