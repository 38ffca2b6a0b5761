import type { RequestOptions, SampleInput } from './adapter.ts';
import { missingInput, openAiRequest } from './openai-request.ts';

export function completionRequest(row: SampleInput, options: RequestOptions): Record<string, unknown> {
  const prompt = row.input_tokens ?? row.token_ids ?? row.prompt;
  if (typeof prompt !== 'string' && !Array.isArray(prompt)) {
    throw missingInput('completions', row, 'prompt or input_tokens');
  }
  return openAiRequest({ prompt: prompt as unknown }, row, options, 'max_tokens');
}
