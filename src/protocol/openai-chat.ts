import type { ApiAdapter, RequestOptions, SampleInput } from './adapter.ts';
import { countedChoices } from './choice-count.ts';
import { isJsonObject, type JsonObject, malformed } from './json.ts';
import { type MessageParts, readMessage } from './openai-message.ts';
import { openAiReader } from './openai-reader.ts';
import { missingInput, openAiRequest } from './openai-request.ts';

/**
 * OpenAI chat completions.
 *
 * A row asks by `messages`, else by `prompt` after an optional `system`. The output limit of the run is sent as `max_completion_tokens`; a row
 * that brings `max_tokens` (for servers that know no other name) or `max_completion_tokens` keeps its own.
 */
export const OPENAI_CHAT: ApiAdapter = {
  name: 'chat',
  path: 'v1/chat/completions',
  requestBody: (row, options) => chatRequest(row, options),
  choicesOf: ({ n }) => countedChoices(n),
  createReader: () => openAiReader(readDelta, readWholeMessage),
};

function chatRequest(row: SampleInput, options: RequestOptions): Record<string, unknown> {
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

/** A frame's choice may have no delta, as when a filter reports on its own. */
function readDelta(choice: JsonObject): MessageParts {
  const delta = choice.delta ?? choice.message ?? {};
  if (!isJsonObject(delta)) throw malformed('delta must be an object');
  return readMessage(delta);
}

function readWholeMessage({ message }: JsonObject): MessageParts {
  if (!isJsonObject(message)) throw malformed('the response has no message');
  return readMessage(message);
}
