import { columnGroup, columnsOf } from '../../core/row-columns.ts';
import { mapColumns } from '../../dataset/columns.ts';
import {
  datasetError,
  isPresent,
  isRowValues,
  type RawRow,
  type RowValues,
  shown,
} from '../../dataset/row.ts';
import { type Conversation, type Message, PLAIN_TURN, type Turn } from '../conversation.ts';
import { Fields } from '../fields.ts';
import { allRows, type Reading, type WorkloadFormat } from '../format.ts';
import type { Notes } from '../notes.ts';
import { looksLikeMessages, messagesOf, userMessage } from '../messages.ts';

const PROMPTS = columnsOf('prompt');
const LIMITS = columnsOf('limit');
/** How long the response was, or should be, where no field of the request says it. */
const OUTPUT_COUNTS = [
  'output_tokens',
  'output_tokens_count',
  'completion_tokens_count',
  'output_len',
  'output_length',
];
const INPUT_COUNTS = [
  'prompt_tokens_count',
  'input_tokens_count',
  'prompt_tokens',
  'prompt_len',
  'input_length',
];
/** Other tools read these for the prompt; here they are only told apart from it. */
const OTHER_PROMPTS = ['instruction', 'text', 'context', 'content'];
/** `prompt_0`, `prompt-1`: what turn 0 asks, what turn 1 asks. */
const TURN_COLUMN = /^(.+?)[_-](\d+)$/;

/**
 * Rows of prompts or messages in JSON, JSON lines, CSV or text: one request a row, under the column names of docs/datasets.md, or several turns
 * with live history in columns such as `prompt_0` and `prompt_1`.
 */
export const ROWS: WorkloadFormat = {
  name: 'rows',
  title: 'rows of prompts or messages',
  recognizes: () => true,
  read: readRows,
};

function* readRows({ source, notes }: Reading): Generator<Conversation> {
  let index = 0;
  for (const raw of allRows(source)) {
    const values = valuesOf(raw);
    const turns = turnsOf(values).map((turn, position): Turn => ({
      ...turnOf({ ...raw, values: turn }, notes),
      waitsFor: position === 0 ? [] : [position - 1],
    }));
    yield {
      id: `(row ${index})`,
      place: raw.place,
      startMs: null,
      history: turns.length === 1 ? 'none' : 'live',
      turns,
      children: [],
    };
    index += 1;
  }
}

function valuesOf(raw: RawRow): RowValues {
  const value = raw.read();
  if (typeof value === 'string') return { prompt: value };
  if (looksLikeMessages(value)) return { messages: value };
  if (isRowValues(value)) return value;
  throw datasetError(raw.place(), `must be an object, a text or a list of messages (got ${shown(value)})`);
}

/** The columns of each turn; those without a number belong to all. */
function turnsOf(values: RowValues): readonly RowValues[] {
  const turns = new Map<number, Record<string, unknown>>();
  const common: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(values)) {
    const [, column, number] = TURN_COLUMN.exec(name) ?? [];
    const isTurn =
      column !== undefined &&
      (columnGroup(column) !== undefined || OUTPUT_COUNTS.includes(column) || INPUT_COUNTS.includes(column));
    if (!isTurn) common[name] = value;
    else turns.set(Number(number), { ...turns.get(Number(number)), [column]: value });
  }
  const asked = [...turns].filter(([, turn]) => PROMPTS.some((name) => name in turn));
  if (asked.length === 0) return [values];
  return asked.sort(([a], [b]) => a - b).map(([, turn]) => ({ ...common, ...turn }));
}

function turnOf(
  { place, values, isText = false }: RawRow & { readonly values: RowValues },
  notes: Notes,
): Turn {
  const candidates = [...PROMPTS, ...OTHER_PROMPTS].filter((name) => isPresent(values[name]));
  if (candidates.length > 1 && candidates.some((name) => PROMPTS.includes(name))) {
    notes.add(
      place(),
      `several columns could be the prompt; "${candidates[0]}" is taken`,
      candidates.join(', '),
    );
  }
  const row = mapColumns({ place, values, isText });
  const fields = new Fields(row, place, isText);
  const limit = fields.nameOf(...LIMITS, ...OUTPUT_COUNTS);
  if (limit === undefined) {
    notes.add(
      place(),
      'the row does not say how long its response may be; --max-output-tokens does, or the server',
    );
  }
  const length = fields.nameOf(...INPUT_COUNTS);
  const extra = Object.entries(row).filter(([name]) => isPassedOn(name));
  return {
    ...PLAIN_TURN,
    inputTokens: length === undefined ? null : fields.count(length, 1),
    outputTokens: limit === undefined ? null : fields.count(limit, 1),
    messages: messagesIn(fields),
    model: fields.textOr('model', null),
    ...(fields.has('tools') ? { tools: fields.list('tools') } : {}),
    ...(extra.length === 0 && !fields.has('extra_body')
      ? {}
      : { extraBody: { ...Object.fromEntries(extra), ...fields.objectOr('extra_body', {}) } }),
  };
}

/** A field of the request that has no place of its own in a turn. */
function isPassedOn(name: string): boolean {
  if (OUTPUT_COUNTS.includes(name) || INPUT_COUNTS.includes(name) || name === 'tools') return false;
  const role = columnGroup(name)?.role;
  return role === undefined || role === 'field';
}

function messagesIn(fields: Fields): readonly Message[] | null {
  if (fields.has('messages')) return messagesOf(fields, 'messages');
  if (!fields.has('prompt')) return null;
  const system = fields.has('system') ? [{ role: 'system', content: fields.text('system') }] : [];
  return [...system, userMessage(fields.values.prompt)];
}
