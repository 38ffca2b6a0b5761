import { datasetError, isRowValues, shown } from '../../dataset/row.ts';
import { type Conversation, PLAIN_TURN, type Start, type Turn } from '../conversation.ts';
import { Fields } from '../fields.ts';
import { allRows, type Reading, type WorkloadFormat } from '../format.ts';
import { messagesOf } from '../messages.ts';

const TURN_FIELDS = [
  'messages',
  'model',
  'max_tokens',
  'tools',
  'extra',
  'delay',
  'spawns',
  'forks',
] as const;

/**
 * aiperf's dag_jsonl: sessions whose turns start other sessions. `spawns` begin afresh and are waited for by the next turn, or by the one at
 * `join_at`; `forks` go on from the history of their parent.
 */
export const AIPERF_DAG: WorkloadFormat = {
  name: 'aiperf-dag',
  title: 'aiperf graph of sessions',
  recognizes: ({ fields }) =>
    Array.isArray(fields.turns) &&
    (fields.turns as unknown[]).some((turn) => isRowValues(turn) && 'messages' in turn),
  read: readDag,
};

interface Session {
  readonly row: Fields;
  readonly id: string;
  readonly turns: readonly Fields[];
  readonly branches: readonly Branch[];
}

/** Sessions that a turn starts. */
interface Branch extends Start {
  readonly turn: number;
  /** The turn that waits for them; undefined when none does. */
  readonly joinAt: number | undefined;
}

function* readDag({ source }: Reading): Generator<Conversation> {
  const sessions = new Map<string, Session>();
  for (const raw of allRows(source)) {
    const session = sessionOf(new Fields(raw.read(), raw.place));
    if (sessions.has(session.id))
      throw datasetError(`${session.row.place()}: session_id`, `"${session.id}" is there twice`);
    sessions.set(session.id, session);
  }
  const parents = new Map<string, string>();
  for (const { id, row, branches } of sessions.values()) {
    for (const child of branches.flatMap(({ ids }) => ids)) {
      if (!sessions.has(child))
        throw datasetError(`${row.place()}: turns`, `must start sessions of this file (got ${shown(child)})`);
      const other = parents.get(child);
      if (other !== undefined)
        throw datasetError(
          `${row.place()}: turns`,
          `must not start "${child}", which "${other}" starts as well`,
        );
      parents.set(child, id);
    }
  }
  for (const session of sessions.values()) refuseCircle(session, parents);
  for (const session of sessions.values()) {
    if (!parents.has(session.id)) yield conversationOf(session, sessions);
  }
}

function sessionOf(row: Fields): Session {
  const turns = [...row.objects('turns')];
  if (turns.length === 0) throw datasetError(`${row.place()}: turns`, 'holds no turn');
  for (const [position, turn] of turns.entries()) {
    const unknown = turn.unknownName(TURN_FIELDS);
    if (unknown !== undefined) {
      throw datasetError(
        `${turn.place()}: ${unknown}`,
        `is no field of a turn, which has ${TURN_FIELDS.join(', ')}; put it into "extra"`,
      );
    }
    if (position > 0 && messagesOf(turn, 'messages').some(({ role }) => role === 'system')) {
      throw datasetError(`${turn.place()}: messages`, 'a system message can only stand in the first turn');
    }
  }
  return {
    row,
    id: row.text('session_id'),
    turns,
    branches: turns.flatMap((turn, index) => branchesOf(turn, index, turns.length)),
  };
}

function branchesOf(turn: Fields, position: number, turns: number): readonly Branch[] {
  const branches: Branch[] = [];
  const next = position + 1 < turns ? position + 1 : undefined;
  for (const mode of ['spawn', 'fork'] as const) {
    const name = `${mode}s`;
    const plain = turn.listOr(name).filter((item) => typeof item === 'string');
    // Forks end their parent unless they are in the background: nothing is left that would wait.
    if (plain.length > 0)
      branches.push({ ids: plain, mode, isJoined: true, atMs: null, turn: position, joinAt: next });
    for (const [index, item] of turn.listOr(name).entries()) {
      if (typeof item === 'string') continue;
      const branch = new Fields(item, () => `${turn.place()}: ${name}[${index}]`);
      const joinAt = branch.countOr('join_at', 0, next);
      if (joinAt !== undefined && (joinAt <= position || joinAt >= turns)) {
        throw datasetError(
          `${branch.place()}: join_at`,
          `must be a turn behind ${position} and below ${turns} (got ${joinAt})`,
        );
      }
      const isBackground = branch.values.background === true;
      branches.push({
        ids: branch.texts('children'),
        mode,
        isJoined: !isBackground,
        atMs: null,
        turn: position,
        joinAt: isBackground ? undefined : joinAt,
      });
    }
  }
  return branches;
}

function refuseCircle({ id, row }: Session, parents: ReadonlyMap<string, string>): void {
  let above = parents.get(id);
  for (let steps = 0; above !== undefined && steps <= parents.size; steps++) {
    if (above === id)
      throw datasetError(
        `${row.place()}: turns`,
        `must not start the session itself, not even through others ("${id}" does)`,
      );
    above = parents.get(above);
  }
}

function conversationOf(session: Session, sessions: ReadonlyMap<string, Session>): Conversation {
  const { id, row, turns, branches } = session;
  const childOf = (child: string, turn: number): Conversation => ({
    ...conversationOf(sessions.get(child)!, sessions),
    startsAfterParentTurn: turn,
  });
  return {
    id,
    place: row.place,
    startMs: null,
    history: 'live',
    turns: turns.map((fields, position): Turn => {
      const starts = branches.filter(({ turn }) => turn === position);
      const joined = branches.filter(({ joinAt }) => joinAt === position).flatMap(({ ids }) => ids);
      return {
        ...PLAIN_TURN,
        waitsFor: position === 0 ? [] : [position - 1, ...joined],
        delayMs: fields.has('delay') ? fields.number('delay', 0) : 0,
        outputTokens: fields.countOr('max_tokens', 1, null),
        messages: messagesOf(fields, 'messages'),
        model: fields.textOr('model', null),
        ...(fields.has('tools') ? { tools: fields.list('tools') } : {}),
        ...(fields.has('extra') ? { extraBody: fields.object('extra') } : {}),
        ...(starts.length === 0
          ? {}
          : { starts: starts.map(({ ids, mode, isJoined, atMs }) => ({ ids, mode, isJoined, atMs })) }),
      };
    }),
    children: branches.flatMap(({ ids, turn }) => ids.map((child) => childOf(child, turn))),
    notJoined: branches.filter(({ joinAt }) => joinAt === undefined).flatMap(({ ids }) => ids),
  };
}
