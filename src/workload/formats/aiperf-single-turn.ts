import { isRowValues, type RowValues } from '../../dataset/row.ts';
import type { Conversation } from '../conversation.ts';
import { Fields } from '../fields.ts';
import { allRows, type Reading, type WorkloadFormat } from '../format.ts';
import { OrderWatch } from '../order-watch.ts';
import { type AiperfTurn, aiperfTurn } from './aiperf-turn.ts';

/** aiperf's single_turn rows (JSON lines): a request a row; rows of one `session_id` are sent one after the other, each whole. */
export const AIPERF_SINGLE_TURN: WorkloadFormat = {
  name: 'aiperf-single-turn',
  title: 'aiperf single-turn rows',
  recognizes: ({ fields }) =>
    fields.type === 'single_turn' || (saysText(fields) && !('prompt' in fields) && !('messages' in fields)),
  read: readRows,
};

function saysText(fields: RowValues): boolean {
  return (
    typeof fields.text === 'string' ||
    (Array.isArray(fields.texts) &&
      fields.texts.every((item) => typeof item === 'string' || isRowValues(item)))
  );
}

interface Row extends AiperfTurn {
  readonly place: () => string;
}

function* readRows({ source, notes }: Reading): Generator<Conversation> {
  const order = new OrderWatch(notes);
  const sessions = new Map<string, Row[]>();
  let index = 0;
  for (const raw of allRows(source)) {
    const fields = new Fields(raw.read(), raw.place);
    const row = { ...aiperfTurn(fields, notes), place: fields.place };
    if (row.timeMs !== null) order.add(row.place(), row.timeMs);
    const id = fields.textOr('session_id', `(row ${index})`);
    const rows = sessions.get(id);
    if (rows === undefined) sessions.set(id, [row]);
    else rows.push(row);
    index += 1;
  }
  for (const [id, rows] of sessions) {
    yield {
      id,
      place: rows[0]!.place,
      startMs: rows[0]!.timeMs,
      history: 'none',
      turns: rows.map(({ turn, timeMs, delayMs }, position) => ({
        ...turn,
        waitsFor: position === 0 ? [] : [position - 1],
        dueMs: timeMs,
        delayMs,
      })),
      children: [],
    };
  }
}
