import { columnGroup, columnsOf } from '../core/row-columns.ts';
import { cellValue, valueOfKind } from './cell.ts';
import { firstTurn, isShareGpt } from './conversation.ts';
import { datasetError, isPresent, isRowValues, type LocatedRow, type RowValues, shown } from './row.ts';

const PROMPT_COLUMNS = columnsOf('prompt');
const SYSTEM_COLUMNS = columnsOf('system');
const CONVERSATION_COLUMNS = columnsOf('conversation');
const TOKEN_COLUMNS = columnsOf('tokens');
const LIMIT_COLUMNS = columnsOf('limit');
/** Far beyond every request; each level takes a little of the stack of whoever writes it. */
const MAX_DEPTH = 200;
/** Fields of `extra_body` that would make a request ask, or answer, something else than the row says. */
const NOT_EXTRA = ['messages', 'prompt', 'input_ids', 'text', 'stream'] as const;

/**
 * The row under the names the program knows: `prompt`, `system`, `messages`, `input_tokens`, `token_ids`; all other columns as they are.
 * Text stands for the value its column holds where the file has only text, and where it can be nothing else (a number in
 * `temperature`, JSON in `messages`).
 *
 * Throws `INFEROMETER_DATASET_INVALID` when a row asks nothing, asks both by `input_tokens` and `token_ids`, or holds something
 * unfit in a column. `mayAskNothing`: what is asked is elsewhere, as in a file.
 */
export function mapColumns(located: LocatedRow, mayAskNothing = false): RowValues {
  const { place } = located;
  if (isDeeperThan(located.values, MAX_DEPTH)) {
    throw datasetError(place(), `nests lists or objects more than ${MAX_DEPTH} levels deep`);
  }
  const typed = typedRow(batchBody(located));
  const named = renamed(renamed(typed, 'prompt', PROMPT_COLUMNS), 'system', SYSTEM_COLUMNS);
  const row = withFirstTurn(named, place);
  if (isPresent(row.input_tokens) && isPresent(row.token_ids)) {
    throw datasetError(place(), 'has both input_tokens and token_ids; keep one of them');
  }
  checkValues(row, place);
  const reserved = NOT_EXTRA.find((name) => isRowValues(row.extra_body) && name in row.extra_body);
  if (reserved !== undefined) {
    throw datasetError(`${place()}: extra_body`, `cannot set ${reserved}: it comes from the row itself`);
  }
  if (!mayAskNothing && !asksSomething(row)) throw datasetError(place(), whatIsMissing(typed));
  if (Array.isArray(row.messages) && saysNothing(row.messages as readonly RowValues[])) {
    throw datasetError(`${place()}: messages`, 'no message has any content');
  }
  return withoutBlankPrompt(row);
}

/** A row that asks otherwise does not ask by a blank prompt. */
function withoutBlankPrompt(row: RowValues): RowValues {
  if (row.prompt === undefined || isPresent(row.prompt)) return row;
  const { prompt: _blank, ...others } = row;
  return others;
}

/** The request of a line of an OpenAI batch file, else the row itself. */
function batchBody(row: LocatedRow): LocatedRow {
  if (row.values.body === undefined) return row;
  const { body, ...others } = row.values;
  const request = typeof body === 'string' ? valueOfKind('body', 'json', body, row.place) : body;
  if (!isRowValues(request)) return row;
  const { url } = others;
  if (typeof url === 'string' && !/\/completions\/?$/.test(url)) {
    throw datasetError(
      `${row.place()}: url`,
      `must be /v1/chat/completions or /v1/completions (got ${shown(url)})`,
    );
  }
  return { place: row.place, values: { ...others, ...request } };
}

function typedRow({ place, values, isText = false }: LocatedRow): RowValues {
  const names = Object.keys(values);
  // Most rows are as they should be: only one that isn't is copied, from the first value that changes.
  let typed: [string, unknown][] | undefined;
  for (let i = 0; i < names.length; i++) {
    const name = names[i]!;
    const value = values[name];
    const read = typeof value === 'string' ? textValue(name, value, place, isText) : value;
    const isKept = read !== undefined && read !== null;
    if (typed === undefined && isKept && read === value) continue;
    typed ??= names.slice(0, i).map((before) => [before, values[before]]);
    if (isKept) typed.push([name, read]);
  }
  // Not by assignment, to which the name __proto__ means something else.
  return typed === undefined ? values : Object.fromEntries(typed);
}

function textValue(name: string, text: string, place: () => string, isText: boolean): unknown {
  if (isText && isPresent(text)) return cellValue(name, text, place);
  // A blank cell is no value, but a prompt is then reported as empty rather than as missing.
  if (isText) return columnGroup(name)?.role === 'prompt' ? '' : undefined;
  const kind = columnGroup(name)?.kind ?? 'text';
  // In a typed file text stays text, except in columns that cannot hold any.
  return kind === 'list' ? text : valueOfKind(name, kind, text, place);
}

/** The first of the names that has a value, under the first name; the others stay. */
function renamed(row: RowValues, name: string, names: readonly string[]): RowValues {
  const found = names.find((candidate) => isPresent(row[candidate]));
  if (found === undefined || found === name) return row;
  const { [found]: value, ...others } = row;
  return { ...others, [name]: value };
}

/** What a ShareGPT conversation asks, for a row that asks nothing else. */
function withFirstTurn(row: RowValues, place: () => string): RowValues {
  const { messages } = row;
  if (Array.isArray(messages) && isShareGpt(messages)) return asked(row, 'messages', place);
  if (asksSomething(row)) return row;
  const name = CONVERSATION_COLUMNS.find((candidate) => isPresent(row[candidate]));
  return name === undefined ? row : asked(row, name, place);
}

function asked(row: RowValues, name: string, place: () => string): RowValues {
  const { [name]: conversation, ...others } = row;
  const { prompt, system } = firstTurn(conversation, name, place);
  return { ...(system === undefined ? {} : { system }), ...others, prompt };
}

/** What must hold of the value in a column, if there is one. */
interface ColumnCheck {
  readonly isFit: (value: unknown) => boolean;
  readonly allowed: string;
}

const CHECKS: ReadonlyMap<string, ColumnCheck> = new Map<string, ColumnCheck>([
  ['prompt', { isFit: isPrompt, allowed: 'text' }],
  ['system', { isFit: isText, allowed: 'text' }],
  ['model', { isFit: isText, allowed: 'text' }],
  ['messages', { isFit: isObjects, allowed: 'a list of messages' }],
  ['tools', { isFit: isObjects, allowed: 'a list of objects' }],
  ['tool_choice', { isFit: (value) => isText(value) || isRowValues(value), allowed: 'text or an object' }],
  ['chat_template', { isFit: isText, allowed: 'text' }],
  ['chat_template_kwargs', { isFit: isRowValues, allowed: 'an object' }],
  ['extra_body', { isFit: isRowValues, allowed: 'an object' }],
  ['sampling_parameters', { isFit: isRowValues, allowed: 'an object' }],
  ...LIMIT_COLUMNS.map((name) => [name, { isFit: Number.isFinite, allowed: 'a number' }] as const),
  ...TOKEN_COLUMNS.map((name) => [name, { isFit: isTokens, allowed: 'a list of token ids' }] as const),
]);

/** Throws for a column that holds what it cannot. */
function checkValues(row: RowValues, place: () => string): void {
  for (const name of Object.keys(row)) {
    const found = CHECKS.get(name);
    const value = row[name];
    if (found !== undefined && isPresent(value) && !found.isFit(value)) {
      throw datasetError(`${place()}: ${name}`, `must be ${found.allowed} (got ${shown(value)})`);
    }
  }
}

function asksSomething(row: RowValues): boolean {
  if (isPresent(row.prompt)) return true;
  return isFilled(row.messages) || TOKEN_COLUMNS.some((name) => isFilled(row[name]));
}

function isFilled(list: unknown): boolean {
  return Array.isArray(list) && list.length > 0;
}

function whatIsMissing(row: RowValues): string {
  const names = Object.keys(row);
  const blank = PROMPT_COLUMNS.find((name) => row[name] !== undefined);
  if (blank !== undefined) return `${blank} is empty`;
  const needed = 'needs a column prompt, messages or input_tokens';
  return names.length === 0
    ? `the row is empty; it ${needed}`
    : `the row ${needed} (got only ${names.map((name) => `"${name}"`).join(', ')})`;
}

/** No message but the instructions says, calls or answers anything. */
function saysNothing(messages: readonly RowValues[]): boolean {
  if (messages.length === 0) return false;
  return !messages.some(({ role, content, tool_calls: calls, function_call: call }) => {
    if (role === 'system' || role === 'developer') return false;
    const hasContent = Array.isArray(content) ? content.length > 0 : isPresent(content);
    return hasContent || isPresent(calls) || isPresent(call);
  });
}

/** Texts, and the lists of content parts or of texts that some APIs take. */
function isPrompt(value: unknown): boolean {
  return typeof value === 'string' || (Array.isArray(value) && value.length > 0);
}

function isText(value: unknown): boolean {
  return typeof value === 'string';
}

function isObjects(value: unknown): boolean {
  return Array.isArray(value) && value.every(isRowValues);
}

function isTokens(value: unknown): boolean {
  return (
    Array.isArray(value) && value.every((token) => Number.isSafeInteger(token) && (token as number) >= 0)
  );
}

function isDeeperThan(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (levels === 0) return true;
  for (const name in value) {
    if (isDeeperThan((value as RowValues)[name], levels - 1)) return true;
  }
  return false;
}
