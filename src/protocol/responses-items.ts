import type { ToolCall } from '../core/model-output.ts';
import { ResponseFormatError } from './adapter.ts';
import { isJsonObject, type JsonObject, malformed, shown } from './json.ts';
import { jsonText } from '../core/json-text.ts';
import { finishReasonIn } from './openai-choice.ts';
import { type MessageParts, textOf } from './openai-message.ts';
import { refuseError, refuseReason, serverError } from './openai-reply.ts';

/** Items of a response that call a tool of the client, and the field that holds what the call is given. */
const CALLS: Readonly<Record<string, 'arguments' | 'input'>> = {
  function_call: 'arguments',
  custom_tool_call: 'input',
  mcp_call: 'arguments',
};

/** The tool call in an item, as OpenAI's chat API writes it; undefined for an item of another kind. */
export function toolCallOf(item: JsonObject): ToolCall | undefined {
  const field = typeof item.type === 'string' && Object.hasOwn(CALLS, item.type) && CALLS[item.type];
  if (!field) return undefined;
  return {
    id: item.call_id ?? item.id ?? null,
    type: 'function',
    function: { name: item.name ?? null, arguments: textOf(item, field) },
  };
}

/** What the items of a response say. Those of unknown kinds say nothing. */
export function partsOfItems(items: readonly unknown[]): MessageParts {
  const found = { content: '', reasoning: '', refusal: '', toolCalls: [] as ToolCall[] };
  for (const item of items.filter(isJsonObject)) {
    const call = toolCallOf(item);
    if (call !== undefined) found.toolCalls.push(call);
    for (const part of [...objectsIn(item.summary), ...objectsIn(item.content)]) {
      if (part.type === 'refusal') found.refusal += textOf(part, 'refusal');
      else if (item.type === 'reasoning') found.reasoning += textOf(part, 'text');
      else if (item.type === 'message') found.content += textOf(part, 'text');
    }
  }
  return found;
}

/**
 * The finish reason of a response object with that status: the status, or why it is incomplete. Throws `ResponseFormatError` when it
 * failed, was canceled, or is not done.
 */
export function finishOf(status: unknown, response: JsonObject): string {
  switch (status) {
    case 'completed':
      return 'completed';
    case 'incomplete': {
      const { incomplete_details: details } = response;
      return finishReasonIn(isJsonObject(details) ? details.reason : null) ?? 'incomplete';
    }
    case 'failed':
      refuseError(response);
      throw serverError('the server reports that the response failed without saying why');
    case 'cancelled':
    case 'canceled':
      throw new ResponseFormatError('aborted', 'the server canceled the response');
    default:
      refuseReason(response);
      throw malformed(`the response must be done (got the status ${shown(jsonText(status ?? null))})`);
  }
}

function objectsIn(list: unknown): readonly JsonObject[] {
  return Array.isArray(list) ? (list as readonly unknown[]).filter(isJsonObject) : [];
}
