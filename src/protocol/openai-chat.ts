import type { TextModelOutput } from '../core/model-output.ts';
import type { ApiAdapter, RequestOptions, SampleInput } from './adapter.ts';
import { isJsonObject, type JsonObject, malformed, optionalObjects, optionalText } from './json.ts';
import { OpenAiBodyReader } from './openai-body.ts';
import type { Delta, DeltaText } from './openai-delta.ts';
import { openAiReader } from './openai-reader.ts';
import { missingInput, openAiRequest } from './openai-request.ts';

const REASONING_KEYS = ['reasoning_content', 'reasoning'] as const;

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
  createReader: () => openAiReader(new OpenAiBodyReader(['id'], readMessage), readDelta),
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

function readDelta(choice: JsonObject): Delta {
  const finishReason = optionalText(choice, 'finish_reason');
  const delta = choice.delta ?? {};
  if (!isJsonObject(delta)) throw malformed('choices[0].delta: wanted an object');
  return { text: textOf(delta), toolCalls: optionalObjects(delta, 'tool_calls') ?? [], finishReason };
}

function textOf(delta: JsonObject): DeltaText | null {
  const content = optionalText(delta, 'content');
  const reasoning = REASONING_KEYS.map((key) => optionalText(delta, key)).find((text) => text);
  if (content) return { channel: 'content', text: content };
  return reasoning ? { channel: 'reasoning', text: reasoning } : null;
}

function readMessage({ message }: JsonObject): TextModelOutput {
  if (!isJsonObject(message)) throw malformed('choices[0].message: wanted an object');
  const reasoning = REASONING_KEYS.map((key) => optionalText(message, key)).filter((text) => text);
  if (reasoning.length > 1) throw malformed(`both ${REASONING_KEYS.join(' and ')} in the answer`);
  const toolCalls = optionalObjects(message, 'tool_calls');
  return {
    output: optionalText(message, 'content') ?? '',
    reasoning: reasoning[0] ?? null,
    toolCalls: toolCalls !== null && toolCalls.length > 0 ? toolCalls : null,
  };
}
