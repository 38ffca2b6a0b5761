import type { RequestOptions, SampleInput } from './adapter.ts';
import { missingInput, openAiRequest } from './openai-request.ts';

/**
 * The body of a (legacy) completion. A row asks by `input_tokens` (or `token_ids`), else by `prompt`; a system prompt has no place here and
 * is not sent. The output limit of the run is sent as `max_tokens`, unless another name was chosen; a row that brings a limit keeps its own.
 */
export function completionRequest(row: SampleInput, options: RequestOptions): Record<string, unknown> {
  const column = ['input_tokens', 'token_ids', 'prompt'].find((name) => (row[name] ?? null) !== null);
  const prompt = column === undefined ? undefined : row[column];
  if (column === undefined || (typeof prompt !== 'string' && !Array.isArray(prompt))) {
    throw missingInput('completions', row, 'a prompt or input_tokens');
  }
  return openAiRequest({ prompt: prompt as unknown }, [column], row, options, 'max_tokens');
}
