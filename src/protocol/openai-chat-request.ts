import type { RequestOptions, SampleInput } from './adapter.ts';
import { missingInput, openAiRequest } from './openai-request.ts';

export function chatRequest(row: SampleInput, options: RequestOptions): Record<string, unknown> {
  return openAiRequest({ messages: messagesOf(row) }, row, options, 'max_completion_tokens');
}

function messagesOf(row: SampleInput): readonly unknown[] {
  if (Array.isArray(row.messages) && row.messages.length > 0) return row.messages as readonly unknown[];
  const { prompt, system } = row;
  if (typeof prompt !== 'string' && !Array.isArray(prompt))
    throw missingInput('chat', row, 'prompt or messages');
  const question = { role: 'user', content: prompt as unknown };
  return typeof system === 'string' && system !== ''
    ? [{ role: 'system', content: system }, question]
    : [question];
}
