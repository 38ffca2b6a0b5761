import type { TextModelOutput, ToolCall } from '../core/model-output.ts';
import { isJsonObject } from './json.ts';
import { messageParts } from '../core/model-output-text.ts';

/** What a conversation keeps of a response's reasoning for the turns after it. */
export type ReasoningHistory = 'drop' | 'keep';

/**
 * A response as a message of the history, in the shape of OpenAI's chat API: its text (null where it only calls tools), and its tool calls
 * with id, type, name and arguments as the server gave them. Reasoning is left out unless `reasoning` says otherwise: most chat templates
 * drop that of earlier turns, and some servers refuse it.
 */
export function assistantMessage(
  output: TextModelOutput,
  reasoning: ReasoningHistory,
): Readonly<Record<string, unknown>> {
  const parts = messageParts(output);
  const calls = parts.toolCalls;
  return {
    role: 'assistant',
    content: parts.content === '' && calls !== null ? null : parts.content,
    ...(reasoning === 'keep' && parts.reasoning !== null ? { reasoning_content: parts.reasoning } : {}),
    ...(calls === null ? {} : { tool_calls: calls.map(callOf) }),
  };
}

/** In the order in which OpenAI's API has the fields, whether it came in pieces or at once. */
function callOf({ index: _, id, type, function: called, ...others }: ToolCall): ToolCall {
  if (!isJsonObject(called)) return { id, type, function: called, ...others };
  const { name, arguments: text, ...rest } = called;
  return { id, type, function: { name, arguments: text, ...rest }, ...others };
}
