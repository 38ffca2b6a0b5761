import type { ApiAdapter, ReportedTokens } from './adapter.ts';
import { askedVectors, embeddingsRequest, readVectors } from './embeddings.ts';
import { isJsonObject } from './json.ts';
import { countOf, UNKNOWN_TOKENS } from './openai-reply.ts';
import { itemsReader } from './whole-api.ts';

/** Ollama's API for embeddings. A row asks as one of OpenAI's does. */
export const OLLAMA_EMBED: ApiAdapter = {
  name: 'ollama-embed',
  path: 'api/embed',
  kind: 'vectors',
  isWhole: true,
  isChat: false,
  namesModel: true,
  requestBody: (row, options) => embeddingsRequest('ollama-embed', row, options),
  choicesOf: askedVectors,
  createReader: () => itemsReader(readVectors, tokensIn),
};

function tokensIn(reply: unknown): ReportedTokens {
  return {
    ...UNKNOWN_TOKENS,
    promptTokens: isJsonObject(reply) ? countOf(reply.prompt_eval_count) : NaN,
  };
}
