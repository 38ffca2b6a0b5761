import { datasetError, type RowValues } from '../../dataset/row.ts';
import { BlockReader } from '../blocks.ts';
import { type Conversation, PLAIN_TURN, type Turn } from '../conversation.ts';
import { Fields } from '../fields.ts';
import { allRows, type Reading, type WorkloadFormat } from '../format.ts';
import { messagesOf, userMessage } from '../messages.ts';
import { OrderWatch } from '../order-watch.ts';
import { agenticConversations } from './mooncake-agentic.ts';

/** Of the original traces: the last tokens of a prompt have an id too. */
export const MOONCAKE_BLOCKS = { blockTokens: 512, isLastPartial: true } as const;

/** Names in use for the same thing, the original first. */
const ALIASES = {
  time: ['timestamp', 'created_time'],
  delay: ['delay', 'delay_ms'],
  input: ['input_length', 'input_tokens'],
  output: ['output_length', 'output_tokens'],
} as const;
/** What a trace has and rows of prompts have not. */
const MARKS = [...ALIASES.time, 'hash_ids', 'wait_for', 'tool_wait_ms', 'delay'] as const;
/** What a row asks by. */
const ASKS = [...ALIASES.input, 'text_input', 'messages', 'payload'] as const;

/**
 * Mooncake traces (JSON lines): `timestamp` in ms, `input_length` and `output_length` in tokens, an id for every 512 tokens in `hash_ids`. With the
 * fields that other tools added: sessions and delays, texts, messages and whole payloads, other names, and rows that wait for others.
 */
export const MOONCAKE: WorkloadFormat = {
  name: 'mooncake',
  title: 'Mooncake trace',
  recognizes: ({ fields, source }) =>
    source.files[0]?.layout === 'jsonl' && (isHeader(fields) || isRow(fields)),
  read: readMooncake,
};

function isRow(fields: RowValues): boolean {
  const asks = ASKS.some((name) => name in fields);
  const isTrace = MARKS.some((name) => name in fields);
  // Rows of prompts have token ids under the name of a length.
  return asks && isTrace && !Array.isArray(fields.input_tokens);
}

function isHeader(fields: RowValues): boolean {
  return typeof fields.schema === 'string' && fields.schema.endsWith('agentic_mooncake');
}

interface Row {
  readonly fields: Fields;
  readonly turn: Turn;
  readonly timeMs: number | null;
  readonly delayMs: number | null;
}

function* readMooncake({ source, notes }: Reading): Generator<Conversation> {
  const blocks = new BlockReader(MOONCAKE_BLOCKS, notes);
  const order = new OrderWatch(notes);
  const sessions = new Map<string, Row[]>();
  const rows: Row[] = [];
  let index = 0;
  let isAgentic = false;
  for (const raw of allRows(source)) {
    const fields = new Fields(raw.read(), raw.place);
    if (isHeader(fields.values)) continue;
    isAgentic ||= fields.has('wait_for') || fields.has('branches');
    const timeName = fields.nameOf(...ALIASES.time);
    const delayName = fields.nameOf(...ALIASES.delay);
    const row: Row = {
      fields,
      turn: turnOf(fields, blocks),
      timeMs: timeName === undefined ? null : fields.number(timeName, 0),
      delayMs: delayName === undefined ? null : fields.number(delayName, 0),
    };
    if (row.turn.outputTokens === null && row.turn.payload === undefined) {
      notes.add(fields.place(), 'the row has no output length; the server decides where its response ends');
    }
    if (row.timeMs !== null) order.add(fields.place(), row.timeMs);
    if (rows.length === 0 && !fields.has('session_id') && !fields.has('request_id')) {
      // Nothing before it waits for more rows, and nothing can wait for it.
      yield conversationOf(`(row ${index})`, [row]);
      index += 1;
      continue;
    }
    rows.push(row);
    const id = fields.textOr('session_id', `(row ${index})`);
    const session = sessions.get(id);
    if (session === undefined) sessions.set(id, [row]);
    else session.push(row);
    index += 1;
  }
  if (isAgentic) yield* agenticConversations(rows);
  else for (const [id, rows] of sessions) yield conversationOf(id, rows);
}

/** What the row asks, without its time. */
function turnOf(fields: Fields, blocks: BlockReader): Turn {
  const asks = ASKS.filter((name) => fields.has(name));
  if (asks.length === 0) {
    throw datasetError(
      fields.place(),
      'the row asks nothing: it needs input_length, text_input, messages or payload',
    );
  }
  if (asks.length > 1) {
    throw datasetError(fields.place(), `the row asks by both ${asks[0]} and ${asks[1]}; keep one of them`);
  }
  const [ask] = asks as [(typeof ASKS)[number]];
  const outputName = fields.nameOf(...ALIASES.output);
  const turn: Turn = {
    ...PLAIN_TURN,
    outputTokens: outputName === undefined ? null : fields.count(outputName, 1),
    ...(fields.has('extra') ? { extraBody: fields.object('extra') } : {}),
  };
  switch (ask) {
    case 'payload':
      return { ...turn, payload: fields.object('payload') };
    case 'messages': {
      const tools = fields.has('tools') ? { tools: fields.list('tools') } : {};
      return { ...turn, messages: messagesOf(fields, 'messages'), ...tools };
    }
    case 'text_input':
      return { ...turn, messages: [userMessage(fields.text('text_input'))] };
    case 'input_length':
    case 'input_tokens': {
      const inputTokens = fields.count(ask, 1);
      return { ...turn, inputTokens, blocks: blocks.read(fields, 'hash_ids', inputTokens) };
    }
  }
}

/** The rows of a session are turns one after the other. */
function conversationOf(id: string, rows: readonly Row[]): Conversation {
  const [first] = rows as [Row, ...Row[]];
  const isWhole = ({ turn }: Row) =>
    turn.payload !== undefined || (turn.messages !== null && !('text_input' in first.fields.values));
  const odd = rows.find((row) => isWhole(row) !== isWhole(first));
  if (odd !== undefined) {
    throw datasetError(
      odd.fields.place(),
      `session "${id}" mixes rows that hold a whole request (messages, payload) with rows that add to one (input_length, text_input)`,
    );
  }
  return {
    id,
    place: first.fields.place,
    startMs: first.timeMs,
    history: rows.length === 1 || isWhole(first) ? 'none' : 'live',
    turns: rows.map(({ turn, timeMs, delayMs }, position) => {
      if (position === 0) return { ...turn, dueMs: timeMs };
      const beforeMs = rows[position - 1]!.timeMs;
      // A later turn without a delay waits as long as lay between the two requests.
      const between = timeMs === null || beforeMs === null ? null : timeMs - beforeMs;
      return { ...turn, waitsFor: [position - 1], delayMs: delayMs ?? between, dueMs: timeMs };
    }),
    children: [],
  };
}
