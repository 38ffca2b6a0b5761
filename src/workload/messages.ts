import { datasetError, isRowValues, shown } from '../dataset/row.ts';
import type { Message } from './conversation.ts';
import type { Fields } from './fields.ts';

/** Whether a value is a list of messages, as far as a look tells. */
export function looksLikeMessages(value: unknown): boolean {
  return (
    Array.isArray(value) && value.length > 0 && value.every((item) => isRowValues(item) && 'role' in item)
  );
}

/**
 * A list of messages that each have a role, and one that says something. Throws `INFEROMETER_DATASET_INVALID` for anything else.
 */
export function messagesOf(fields: Fields, name: string): readonly Message[] {
  const list = fields.list(name);
  const place = `${fields.place()}: ${name}`;
  if (list.length === 0) throw datasetError(place, 'holds no message');
  for (const [index, message] of list.entries()) {
    if (!isRowValues(message)) {
      throw datasetError(`${place}[${index}]`, `must be a message, an object (got ${shown(message)})`);
    }
    if (typeof message.role !== 'string' || message.role === '') {
      throw datasetError(`${place}[${index}]: role`, `must be text (got ${shown(message.role)})`);
    }
  }
  return list as readonly Message[];
}

export function userMessage(content: unknown): Message {
  return { role: 'user', content };
}
