import { datasetError, shown } from '../../dataset/row.ts';
import type { Conversation, Turn } from '../conversation.ts';
import type { Fields } from '../fields.ts';

interface AgenticRow {
  readonly fields: Fields;
  readonly turn: Turn;
  readonly timeMs: number | null;
  readonly delayMs: number | null;
}

/** Kept with the turn, under the file's own names. */
const FACTS = ['priority', 'strict_priority', 'policy_class', 'prefix_reset'] as const;

/**
 * The agentic rows of NVIDIA Dynamo: `wait_for` names the requests that must have ended, and a request is due `delay` + `tool_wait_ms` behind the
 * last of them. What hangs together is one conversation.
 *
 * Throws `INFEROMETER_DATASET_INVALID` for a request that waits for one that is not there, or in a circle.
 */
export function* agenticConversations(rows: readonly AgenticRow[]): Generator<Conversation> {
  const byId = new Map<string, number>();
  for (const [index, { fields }] of rows.entries()) {
    const id = fields.text('request_id');
    if (byId.has(id)) throw datasetError(`${fields.place()}: request_id`, `"${id}" is there twice`);
    byId.set(id, index);
  }
  const waits = rows.map(({ fields }) =>
    fields.texts('wait_for').map((id) => {
      const index = byId.get(id);
      if (index !== undefined) return index;
      throw datasetError(
        `${fields.place()}: wait_for`,
        `names a request that is not in the file (got ${shown(id)})`,
      );
    }),
  );
  refuseCircles(rows, waits);
  for (const members of groupsOf(waits)) {
    const positionOf = new Map(members.map((index, position) => [index, position]));
    const first = rows[members[0]!]!;
    yield {
      id: first.fields.textOr('session_id', first.fields.text('request_id')),
      place: first.fields.place,
      startMs: first.timeMs,
      history: 'recorded',
      turns: members.map((index) =>
        turnOf(
          rows[index]!,
          waits[index]!.map((other) => positionOf.get(other)!),
        ),
      ),
      children: [],
    };
  }
}

function turnOf({ fields, turn, timeMs, delayMs }: AgenticRow, waitsFor: readonly number[]): Turn {
  const toolWaitMs = fields.numberOr('tool_wait_ms', 0, null);
  const facts: Record<string, unknown> = { request_id: fields.text('request_id') };
  if (fields.has('session_id')) facts.session = fields.text('session_id');
  for (const name of FACTS) if (fields.has(name)) facts[name] = fields.values[name];
  return {
    ...turn,
    waitsFor,
    delayMs: waitsFor.length === 0 && delayMs === null ? null : (delayMs ?? 0) + (toolWaitMs ?? 0),
    dueMs: timeMs,
    facts,
  };
}

function refuseCircles(rows: readonly AgenticRow[], waits: readonly (readonly number[])[]): void {
  const left = waits.map((list) => list.length);
  const waiting = waits.map((): number[] => []);
  for (const [index, list] of waits.entries()) for (const other of list) waiting[other]!.push(index);
  const ready = [...left.keys()].filter((index) => left[index] === 0);
  for (let index = ready.pop(); index !== undefined; index = ready.pop()) {
    for (const next of waiting[index]!) if ((left[next]! -= 1) === 0) ready.push(next);
  }
  const stuck = left.findIndex((count) => count > 0);
  if (stuck === -1) return;
  const { fields } = rows[stuck]!;
  throw datasetError(
    `${fields.place()}: wait_for`,
    `"${fields.text('request_id')}" waits for itself in a circle`,
  );
}

/** Rows that wait for one another, directly or through others, each group in the order of the file. */
function groupsOf(waits: readonly (readonly number[])[]): readonly (readonly number[])[] {
  const leader = waits.map((_, index) => index);
  const find = (index: number): number => {
    while (leader[index] !== index) index = leader[index] = leader[leader[index]!]!;
    return index;
  };
  for (const [index, list] of waits.entries()) for (const other of list) leader[find(index)] = find(other);
  const groups = new Map<number, number[]>();
  for (const index of waits.keys()) {
    const key = find(index);
    groups.set(key, [...(groups.get(key) ?? []), index]);
  }
  return [...groups.values()];
}
