import type { RequestOptions, SampleInput } from './adapter.ts';
import { missingInput, openAiRequest, usedColumns } from './openai-request.ts';

/** What a row may ask by, best first, and what is used then. */
const ASKED_BY = ['input_tokens', 'token_ids', 'prompt'].map((column) => ({
  column,
  used: usedColumns(column),
}));

/**
 * The body of a (legacy) completion. A row asks by `input_tokens` (or `token_ids`), else by `prompt`; a system prompt has no place here and
 * is not sent. The output limit of the run is sent as `max_tokens`, unless another name was chosen; a row that brings a limit keeps its own.
 */
export function completionRequest(row: SampleInput, options: RequestOptions): Record<string, unknown> {
  const asked = ASKED_BY.find(({ column }) => (row[column] ?? null) !== null);
  const prompt = asked === undefined ? undefined : row[asked.column];
  if (asked === undefined || (typeof prompt !== 'string' && !Array.isArray(prompt))) {
    throw missingInput('completions', row, 'a prompt or input_tokens');
  }
  return openAiRequest({ prompt: prompt as unknown }, asked.used, row, options, 'max_tokens');
}
