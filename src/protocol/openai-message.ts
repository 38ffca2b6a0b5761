import type { ToolCall } from '../core/model-output.ts';
import { isJsonObject, type JsonObject, malformed, optionalObjects, shown } from './json.ts';
import { jsonText } from '../core/json-text.ts';

/** What a message, or the delta of a frame, says in each channel; empty where it says nothing. */
export interface MessageParts {
  readonly content: string;
  readonly reasoning: string;
  readonly refusal: string;
  readonly toolCalls: readonly ToolCall[];
}

/** Fields for reasoning, best first. A server that fills several repeats itself. */
const REASONING_FIELDS = ['reasoning_content', 'reasoning', 'thinking'] as const;

/**
 * Reads a chat message or delta, as OpenAI and the servers that follow it write them: `content` as text or as a list of parts;
 * reasoning under any of its names, in `reasoning_details` or in parts of type `thinking`; `refusal`; `tool_calls`, or the older
 * `function_call`. Throws `ResponseFormatError` for a field of another shape.
 */
export function readMessage(message: JsonObject): MessageParts {
  const { content } = message;
  const isList = Array.isArray(content);
  return {
    content: isList ? textOfParts(content, 'content') : textOf(message, 'content'),
    reasoning: reasoningOf(message) || (isList ? textOfParts(content, 'reasoning') : ''),
    refusal: textOf(message, 'refusal') || (isList ? textOfParts(content, 'refusal') : ''),
    toolCalls: toolCallsOf(message),
  };
}

function reasoningOf(message: JsonObject): string {
  for (const field of REASONING_FIELDS) {
    const text = textOf(message, field);
    if (text !== '') return text;
  }
  const { reasoning_details: details } = message;
  if (!Array.isArray(details)) return '';
  return details.map((detail) => (isJsonObject(detail) ? textOf(detail, 'text', 'summary') : '')).join('');
}

function toolCallsOf(message: JsonObject): readonly ToolCall[] {
  const calls = optionalObjects(message, 'tool_calls');
  if (calls !== null && calls.length > 0) return calls;
  const { function_call: call } = message;
  return isJsonObject(call) ? [{ type: 'function', function: call }] : [];
}

type PartChannel = 'content' | 'reasoning' | 'refusal';

/** The text that content parts have for a channel. Parts of other kinds (images, audio) are no text. */
function textOfParts(parts: readonly unknown[], channel: PartChannel): string {
  return parts.map((part) => textOfPart(part, channel)).join('');
}

function textOfPart(part: unknown, channel: PartChannel): string {
  if (typeof part === 'string') return channel === 'content' ? part : '';
  if (!isJsonObject(part))
    throw malformed(`content must be text or a list of parts (got ${shown(jsonText(part))})`);
  switch (part.type) {
    case 'thinking':
    case 'reasoning':
      return channel === 'reasoning' ? thinkingOf(part) : '';
    case 'refusal':
      return channel === 'refusal' ? textOf(part, 'refusal') : '';
    default:
      return channel === 'content' && typeof part.text === 'string' ? part.text : '';
  }
}

/** Mistral's thinking is a list of parts of its own. */
function thinkingOf(part: JsonObject): string {
  const inner = part.thinking ?? part.reasoning;
  return Array.isArray(inner) ? textOfParts(inner, 'content') : textOf(part, 'thinking', 'reasoning', 'text');
}

/** The first of the fields that is there, as text; empty when it is null or absent. */
export function textOf(object: JsonObject, ...fields: readonly string[]): string {
  for (const field of fields) {
    const value = object[field] ?? '';
    if (typeof value !== 'string') throw malformed(`${field} must be text (got ${shown(jsonText(value))})`);
    if (value !== '') return value;
  }
  return '';
}
