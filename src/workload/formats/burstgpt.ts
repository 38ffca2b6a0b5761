import { datasetError } from '../../dataset/row.ts';
import { type Conversation, PLAIN_TURN, type Turn } from '../conversation.ts';
import { Fields } from '../fields.ts';
import { allRows, type Reading, type WorkloadFormat } from '../format.ts';
import { OrderWatch } from '../order-watch.ts';

const MS_PER_SECOND = 1000;
const COLUMNS = ['Timestamp', 'Model', 'Request tokens', 'Response tokens'] as const;
const TOTAL = 'Total tokens';

/**
 * BurstGPT traces (CSV): `Timestamp` in seconds from midnight of the first day, and the tokens of request and response. Rows with a `Session ID`
 * (version 2) are turns of a conversation.
 */
export const BURSTGPT: WorkloadFormat = {
  name: 'burstgpt',
  title: 'BurstGPT trace',
  recognizes: ({ columns }) => columns.includes('Timestamp') && columns.includes('Request tokens'),
  read: readBurstGpt,
};

interface Call {
  readonly fields: Fields;
  readonly startMs: number;
  readonly endMs: number | undefined;
  readonly turn: Turn;
}

function* readBurstGpt({ source, notes }: Reading): Generator<Conversation> {
  for (const { columns, path } of source.files) {
    const missing = COLUMNS.find((name) => !columns.includes(name));
    if (missing !== undefined) throw datasetError(`${path}:1`, `the column "${missing}" is missing`);
  }
  const order = new OrderWatch(notes);
  const sessions = new Map<string, Call[]>();
  let index = 0;
  for (const raw of allRows(source)) {
    const fields = new Fields(raw.read(), raw.place, true);
    const startMs = fields.number('Timestamp', 0) * MS_PER_SECOND;
    order.add(fields.place(), startMs);
    const inputTokens = fields.count('Request tokens');
    const outputTokens = fields.count('Response tokens');
    if (COLUMNS.some((name) => /^\d+\.0+$/.test(String(fields.values[name])) && name !== 'Timestamp')) {
      notes.add(
        fields.place(),
        'token counts are written with a point, as 10.0; they are read as whole numbers',
      );
    }
    const total = fields.countOr(TOTAL, 0, inputTokens + outputTokens);
    if (total !== inputTokens + outputTokens) {
      notes.add(fields.place(), `${TOTAL} is not the sum of the two counts, which are used`, String(total));
    }
    const hasFailed = outputTokens === 0;
    if (hasFailed)
      notes.add(
        fields.place(),
        'a call without response tokens failed when it was recorded; it is left out of a run',
      );
    const elapsedMs = fields.has('Elapsed time')
      ? fields.number('Elapsed time', 0) * MS_PER_SECOND
      : undefined;
    const call: Call = {
      fields,
      startMs,
      endMs: elapsedMs === undefined ? undefined : startMs + elapsedMs,
      turn: {
        ...PLAIN_TURN,
        dueMs: startMs,
        inputTokens,
        outputTokens,
        recorded: { model: fields.text('Model'), serviceMs: elapsedMs, ...(hasFailed ? { hasFailed } : {}) },
        ...(fields.has('Log Type') ? { facts: { log_type: fields.text('Log Type') } } : {}),
      },
    };
    const id = fields.textOr('Session ID', `(row ${index})`);
    const calls = sessions.get(id);
    if (calls === undefined) sessions.set(id, [call]);
    else calls.push(call);
    index += 1;
  }
  for (const [id, calls] of sessions) {
    const [first] = calls as [Call, ...Call[]];
    yield {
      id,
      place: first.fields.place,
      startMs: first.startMs,
      history: 'none',
      turns: calls.map(({ turn, startMs }, position) => {
        if (position === 0) return turn;
        const endMs = calls[position - 1]!.endMs;
        return {
          ...turn,
          waitsFor: [position - 1],
          delayMs: endMs === undefined ? null : Math.max(0, startMs - endMs),
        };
      }),
      children: [],
    };
  }
}
