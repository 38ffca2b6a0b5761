import type { RequestOptions, SampleInput } from './adapter.ts';
import { missingInput, openAiRequest, usedColumns } from './openai-request.ts';

const USED_WITH_MESSAGES = usedColumns('messages');
const USED_WITH_PROMPT = usedColumns('messages', 'prompt', 'system');

/**
 * The body of a chat completion. A row asks by `messages`, else by `prompt` after an optional `system`. The output limit of the run is sent as
 * `max_completion_tokens`, unless another name was chosen; a row that brings a limit keeps its own.
 */
export function chatRequest(row: SampleInput, options: RequestOptions): Record<string, unknown> {
  const hasMessages = Array.isArray(row.messages) && row.messages.length > 0;
  const messages = hasMessages ? (row.messages as readonly unknown[]) : messagesOf(row);
  const used = hasMessages ? USED_WITH_MESSAGES : USED_WITH_PROMPT;
  return openAiRequest({ messages }, used, row, options, 'max_completion_tokens');
}

function messagesOf(row: SampleInput): readonly unknown[] {
  const { prompt, system } = row;
  if (typeof prompt !== 'string' && !Array.isArray(prompt)) {
    throw missingInput('chat', row, 'a prompt or messages');
  }
  const question = { role: 'user', content: prompt as unknown };
  return typeof system === 'string' && system !== ''
    ? [{ role: 'system', content: system }, question]
    : [question];
}
