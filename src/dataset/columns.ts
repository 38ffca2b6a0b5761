import { datasetError, isRowValues, type LocatedRow, type RowValues, shown } from './row.ts';

/** Names under which datasets keep the prompt, best first. */
export const PROMPT_SYNONYMS = [
  'user_prompt',
  'question',
  'input',
  'input_text',
  'problem',
  'query',
] as const;

const TOKEN_COLUMNS = ['input_tokens', 'token_ids'] as const;

/**
 * The row under the names the program knows: `prompt` (else the first of its synonyms), `system` (else `system_prompt`),
 * `messages`, `input_tokens`; all other columns as they are.
 *
 * Throws `INFEROMETER_DATASET_INVALID` when a row asks nothing, asks both by `input_tokens` and `token_ids`, or holds something
 * unfit in one of these columns.
 */
export function mapColumns({ place, values }: LocatedRow): RowValues {
  const withPrompt = renamed(values, 'prompt', PROMPT_SYNONYMS);
  const row = renamed(withPrompt, 'system', ['system_prompt']);
  if (isPresent(row.input_tokens) && isPresent(row.token_ids)) {
    throw datasetError(place, 'both input_tokens and token_ids', 'one of them');
  }
  check(row, place, 'prompt', isPrompt, 'text');
  check(row, place, 'system', (value) => typeof value === 'string', 'text');
  check(row, place, 'messages', isMessages, 'a list of objects');
  for (const name of TOKEN_COLUMNS) check(row, place, name, isTokens, 'a list of token numbers');
  if (!asksSomething(row))
    throw datasetError(place, columnsFound(values), 'a column prompt (or messages, or input_tokens)');
  return row;
}

function renamed(values: RowValues, name: string, synonyms: readonly string[]): RowValues {
  if (isPresent(values[name])) return values;
  const synonym = synonyms.find((candidate) => isPresent(values[candidate]));
  if (synonym === undefined) return values;
  const { [synonym]: value, ...others } = values;
  return { ...others, [name]: value };
}

function check(
  row: RowValues,
  place: string,
  name: string,
  isFit: (value: unknown) => boolean,
  wanted: string,
): void {
  const value = row[name];
  if (isPresent(value) && !isFit(value)) throw datasetError(`${place}: ${name}`, shown(value), wanted);
}

function asksSomething(row: RowValues): boolean {
  const lists = [row.messages, ...TOKEN_COLUMNS.map((name) => row[name])];
  return isPresent(row.prompt) || lists.some((list) => Array.isArray(list) && list.length > 0);
}

function columnsFound(values: RowValues): string {
  const names = Object.keys(values);
  return names.length === 0 ? 'no columns' : `only ${names.map((name) => `"${name}"`).join(', ')}`;
}

function isPresent(value: unknown): boolean {
  return value !== undefined && value !== null;
}

/** Texts, and the lists of content parts or of texts that some APIs take. */
function isPrompt(value: unknown): boolean {
  return typeof value === 'string' || (Array.isArray(value) && value.length > 0);
}

function isMessages(value: unknown): boolean {
  return Array.isArray(value) && value.every(isRowValues);
}

function isTokens(value: unknown): boolean {
  return (
    Array.isArray(value) && value.every((token) => Number.isSafeInteger(token) && (token as number) >= 0)
  );
}
