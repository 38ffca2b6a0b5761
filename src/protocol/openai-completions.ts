import type { TextModelOutput } from '../core/model-output.ts';
import type { ApiAdapter, RequestOptions, SampleInput } from './adapter.ts';
import { type JsonObject, optionalText } from './json.ts';
import { OpenAiBodyReader } from './openai-body.ts';
import type { Delta } from './openai-delta.ts';
import { openAiReader } from './openai-reader.ts';
import { missingInput, openAiRequest } from './openai-request.ts';

const REQUIRED_KEYS = ['id', 'created', 'model', 'usage'] as const;

/**
 * OpenAI (legacy) completions.
 *
 * A row asks by `input_tokens` (or `token_ids`), else by `prompt`; a system prompt has no place here and is not sent. The output limit of the
 * run is sent as `max_tokens`; a row that brings a limit keeps its own. A body must hold id, created, model and usage
 * (which may be null), as the API promises.
 */
export const OPENAI_COMPLETIONS: ApiAdapter = {
  name: 'completions',
  path: 'v1/completions',
  requestBody: (row, options) => completionRequest(row, options),
  createReader: () => openAiReader(new OpenAiBodyReader(REQUIRED_KEYS, readText), readDelta),
};

function completionRequest(row: SampleInput, options: RequestOptions): Record<string, unknown> {
  const prompt = row.input_tokens ?? row.token_ids ?? row.prompt;
  if (typeof prompt !== 'string' && !Array.isArray(prompt)) {
    throw missingInput('completions', row, 'prompt or input_tokens');
  }
  return openAiRequest({ prompt: prompt as unknown }, row, options, 'max_tokens');
}

function readDelta(choice: JsonObject): Delta {
  const text = optionalText(choice, 'text');
  return {
    text: text ? { channel: 'content', text } : null,
    toolCalls: [],
    finishReason: optionalText(choice, 'finish_reason'),
  };
}

function readText(choice: JsonObject): TextModelOutput {
  return { output: optionalText(choice, 'text') ?? '', reasoning: null, toolCalls: null };
}
