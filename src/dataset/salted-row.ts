import { datasetError, isRowValues, type RowValues } from './row.ts';

/** Where in a request a salt goes. */
export const SALT_POSITIONS = ['prefix', 'suffix', 'system'] as const;
export type SaltPosition = (typeof SALT_POSITIONS)[number];

const SYSTEM_ROLES: readonly unknown[] = ['system', 'developer'];

/**
 * The row with a salt in front of its first user message (`prefix`), behind its last one, or the first one of a conversation (`suffix`), or in front of its system
 * message, which is made where there is none.
 *
 * Throws `INFEROMETER_DATASET_INVALID` (input) for a row that has no text to put it into.
 */
export function saltedRow(
  row: RowValues,
  salt: string,
  position: SaltPosition,
  { place, isConversation = false }: { readonly place: () => string; readonly isConversation?: boolean },
): RowValues {
  const { prompt, messages, system } = row;
  if (Array.isArray(messages) && messages.length > 0) {
    return { ...row, messages: saltedMessages(messages, salt, position, isConversation, place) };
  }
  if (position === 'system') {
    return { ...row, system: typeof system === 'string' ? `${salt} ${system}` : salt };
  }
  if (typeof prompt !== 'string' && !Array.isArray(prompt)) throw noPlace(place);
  return { ...row, prompt: saltedContent(prompt, salt, position, place) };
}

function saltedMessages(
  messages: readonly unknown[],
  salt: string,
  position: SaltPosition,
  isConversation: boolean,
  place: () => string,
): readonly unknown[] {
  const roleOf = (message: unknown) => (isRowValues(message) ? message.role : undefined);
  const isUser = (message: unknown) => roleOf(message) === 'user';
  let index: number;
  if (position === 'system') {
    index = messages.findIndex((message) => SYSTEM_ROLES.includes(roleOf(message)));
    if (index < 0) return [{ role: 'system', content: salt }, ...messages];
  } else {
    index =
      position === 'prefix' || isConversation ? messages.findIndex(isUser) : messages.findLastIndex(isUser);
    if (index < 0) throw noPlace(place);
  }
  const message = messages[index] as RowValues;
  return messages.with(index, { ...message, content: saltedContent(message.content, salt, position, place) });
}

function saltedContent(content: unknown, salt: string, position: SaltPosition, place: () => string): unknown {
  const salted = (text: string) => (position === 'suffix' ? `${text} ${salt}` : `${salt} ${text}`);
  if (typeof content === 'string') return salted(content);
  if (!Array.isArray(content)) throw noPlace(place);
  const parts = content as readonly unknown[];
  const isText = (part: unknown) =>
    typeof part === 'string' || (isRowValues(part) && part.type === 'text' && typeof part.text === 'string');
  const index = position === 'suffix' ? parts.findLastIndex(isText) : parts.findIndex(isText);
  if (index < 0) throw noPlace(place);
  const part = parts[index];
  return parts.with(
    index,
    isRowValues(part) ? { ...part, text: salted(part.text as string) } : salted(part as string),
  );
}

function noPlace(place: () => string): Error {
  return datasetError(place(), 'has no text of a user that a salt could be put into (--salt)');
}
