import { datasetError } from '../../dataset/row.ts';
import type { Conversation } from '../conversation.ts';
import { Fields } from '../fields.ts';
import { allRows, type Reading, type WorkloadFormat } from '../format.ts';
import { type AiperfTurn, aiperfTurn } from './aiperf-turn.ts';

/** aiperf's multi_turn rows (JSON lines): a conversation with live history a row; rows of one `session_id` go on with it. */
export const AIPERF_MULTI_TURN: WorkloadFormat = {
  name: 'aiperf-multi-turn',
  title: 'aiperf multi-turn conversations',
  recognizes: ({ fields }) => Array.isArray(fields.turns),
  read: readRows,
};

interface Session {
  readonly place: () => string;
  readonly turns: (AiperfTurn & { readonly fields: Fields })[];
}

function* readRows({ source, notes }: Reading): Generator<Conversation> {
  const sessions = new Map<string, Session>();
  let index = 0;
  for (const raw of allRows(source)) {
    const row = new Fields(raw.read(), raw.place);
    if (row.list('turns').length === 0) throw datasetError(`${row.place()}: turns`, 'holds no turn');
    const id = row.textOr('session_id', `(row ${index})`);
    const session = sessions.get(id) ?? { place: row.place, turns: [] };
    sessions.set(id, session);
    for (const fields of row.objects('turns')) session.turns.push({ ...aiperfTurn(fields, notes), fields });
    index += 1;
  }
  for (const [id, session] of sessions) yield conversationOf(id, session);
}

function conversationOf(id: string, { place, turns }: Session): Conversation {
  const [first, second] = turns;
  const hasSystem = turns.length > 1 && isSystem(first!.fields) && !isSystem(second!.fields);
  const asked = hasSystem ? turns.slice(1) : turns;
  return {
    id,
    place,
    startMs: asked[0]!.timeMs,
    history: 'live',
    ...(hasSystem ? { system: first!.fields.text('text') } : {}),
    turns: asked.map(({ turn, timeMs, delayMs }, position) => ({
      ...turn,
      waitsFor: position === 0 ? [] : [position - 1],
      dueMs: timeMs,
      delayMs,
    })),
    children: [],
  };
}

/** A leading turn of instructions and nothing else is the system message of its conversation. */
function isSystem(fields: Fields): boolean {
  return (
    fields.values.role === 'system' &&
    fields.has('text') &&
    fields.unknownName(['role', 'text', 'type']) === undefined
  );
}
