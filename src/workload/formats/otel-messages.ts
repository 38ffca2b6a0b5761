import { parseJson } from '../../dataset/json-value.ts';
import { datasetError, isRowValues, type RowValues, shown } from '../../dataset/row.ts';
import type { Message } from '../conversation.ts';

/**
 * The messages of an attribute, structured or as JSON text, in the form chat APIs take. Undefined when the attribute is missing. Throws
 * `INFEROMETER_DATASET_INVALID` for one that holds no messages.
 */
export function genAiMessages(value: unknown, place: string): readonly Message[] | undefined {
  if (value === undefined || value === null) return undefined;
  const list = typeof value === 'string' ? parseJson(value, place, 0) : value;
  if (!Array.isArray(list)) throw datasetError(place, `must be a list of messages (got ${shown(value)})`);
  return list.flatMap((message: unknown, index) => {
    if (!isRowValues(message) || typeof message.role !== 'string') {
      throw datasetError(`${place}[${index}]`, `must be a message with a role (got ${shown(message)})`);
    }
    return Array.isArray(message.parts) ? fromParts(message, message.parts as readonly unknown[]) : [message];
  });
}

/** A message of parts; each result of a tool is a message of its own. */
function fromParts(
  { role, parts: _parts, finish_reason: _reason, ...others }: RowValues,
  parts: readonly unknown[],
): readonly Message[] {
  const texts: string[] = [];
  const calls: RowValues[] = [];
  const results: Message[] = [];
  const reasoning: string[] = [];
  for (const part of parts.filter(isRowValues)) {
    switch (part.type) {
      case 'text':
        texts.push(textOf(part.content));
        break;
      case 'reasoning':
        reasoning.push(textOf(part.content));
        break;
      case 'tool_call':
        calls.push({
          id: part.id,
          type: 'function',
          function: { name: part.name, arguments: jsonText(part.arguments) },
        });
        break;
      case 'tool_call_response':
        results.push({
          role: 'tool',
          tool_call_id: part.id,
          content: jsonText(part.response ?? part.result),
        });
        break;
    }
  }
  if (texts.length === 0 && calls.length === 0 && results.length > 0) return results;
  const message: Message = {
    ...others,
    role,
    content: texts.length === 0 ? null : texts.join('\n'),
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
    ...(reasoning.length === 0 ? {} : { reasoning_content: reasoning.join('\n') }),
  };
  return [message, ...results];
}

function textOf(value: unknown): string {
  return value === undefined || value === null ? '' : jsonText(value);
}

function jsonText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value ?? null);
}

/** Whether a message of an input is what a call answered: the same calls of tools, or else the same text. */
export function sameMessage(message: Message, said: Message): boolean {
  const ids = callIds(message);
  const saidIds = callIds(said);
  if (ids.length > 0 || saidIds.length > 0)
    return ids.length === saidIds.length && ids.every((id, index) => id === saidIds[index]);
  return (
    message.role === said.role &&
    typeof said.content === 'string' &&
    said.content !== '' &&
    message.content === said.content
  );
}

function callIds({ tool_calls: calls }: Message): readonly unknown[] {
  return Array.isArray(calls) ? calls.filter(isRowValues).map(({ id }) => id) : [];
}
