import { datasetError, isRowValues, shown } from '../../dataset/row.ts';
import { BlockReader } from '../blocks.ts';
import { type Conversation, PLAIN_TURN, type Turn } from '../conversation.ts';
import { Fields } from '../fields.ts';
import { allRows, type Reading, type WorkloadFormat } from '../format.ts';
import type { Notes } from '../notes.ts';

const MS_PER_SECOND = 1000;
/** `s`: streamed, `n`: not. */
const REQUEST_TYPES: readonly unknown[] = ['s', 'n'];
const SUB_AGENT = 'subagent';

/**
 * Coding sessions as Weka's kv-cache-tester and AgentX have them (one JSON object a session): requests with their whole context as blocks, and
 * sub-agents that run beside them.
 */
export const WEKA: WorkloadFormat = {
  name: 'weka',
  title: 'Weka coding session',
  recognizes: ({ fields }) =>
    Array.isArray(fields.requests) &&
    (fields.requests as unknown[]).some((item) => isRowValues(item) && 't' in item && 'type' in item),
  read: readWeka,
};

function* readWeka({ source, notes }: Reading): Generator<Conversation> {
  let shared: BlockReader | undefined;
  for (const raw of allRows(source)) {
    const session = new Fields(raw.read(), raw.place);
    const scope = session.textOr('hash_id_scope', undefined);
    if (scope === undefined)
      notes.add(session.place(), 'has no hash_id_scope; the block ids are taken for its own');
    else if (scope === 'global')
      notes.add(session.place(), 'block ids are shared between the files (hash_id_scope: global)');
    else if (scope !== 'local') throw session.fault('hash_id_scope', 'local or global');
    const rules = { blockTokens: session.count('block_size', 1), isLastPartial: false };
    const isGlobal = scope === 'global';
    const blocks = isGlobal ? (shared ??= new BlockReader(rules, notes)) : new BlockReader(rules, notes);
    yield sessionOf(session, blocks, isGlobal, notes);
  }
}

/** A request with its times, s. */
interface Call {
  readonly turn: Turn;
  readonly startMs: number;
  readonly endMs: number;
}

/** A sub-agent with its requests. */
interface Agent {
  readonly id: string;
  readonly place: () => string;
  readonly spawnMs: number;
  readonly endMs: number;
  readonly calls: readonly Call[];
}

function sessionOf(session: Fields, blocks: BlockReader, isGlobal: boolean, notes: Notes): Conversation {
  const calls: Call[] = [];
  const agents: Agent[] = [];
  for (const request of session.objects('requests')) {
    const type = request.values.type;
    if (REQUEST_TYPES.includes(type)) calls.push(callOf(request, 0, blocks));
    else if (type === SUB_AGENT) {
      const agent = agentOf(request, blocks);
      if (agents.some(({ id }) => id === agent.id))
        throw datasetError(`${request.place()}: agent_id`, `"${agent.id}" is there twice`);
      if (agent.calls.length === 0) notes.add(request.place(), 'a sub-agent without requests is left out');
      else agents.push(agent);
    } else {
      throw datasetError(`${request.place()}: type`, `must be s, n or ${SUB_AGENT} (got ${shown(type)})`);
    }
  }
  if (calls.length === 0) throw datasetError(`${session.place()}: requests`, 'holds no request');
  inOrder(calls, session, notes);
  const joined = new Set<string>();
  const turns = calls.map(({ turn, startMs }, position) => {
    if (position === 0) return turn;
    const before = calls[position - 1]!;
    // Waited for by the first turn that began after they had ended.
    const ended = agents.filter(
      (agent) => agent.endMs <= startMs && !joined.has(agent.id) && parentOf(agent, calls) < position,
    );
    for (const { id } of ended) joined.add(id);
    const readyMs = Math.max(before.endMs, ...ended.map(({ endMs }) => endMs));
    if (startMs < before.endMs) {
      notes.add(
        `${session.place()}: requests`,
        'a request begins while the one before it still runs; it is sent when that one has ended',
      );
    }
    return {
      ...turn,
      waitsFor: [position - 1, ...ended.map(({ id }) => id)],
      delayMs: Math.max(0, startMs - readyMs),
    };
  });
  return {
    id: session.textOr('id', session.place()),
    place: session.place,
    startMs: calls[0]!.startMs,
    history: 'recorded',
    hasOwnBlocks: !isGlobal,
    turns,
    children: agents.map((agent) => childOf(agent, calls, isGlobal)),
    notJoined: agents.filter(({ id }) => !joined.has(id)).map(({ id }) => id),
  };
}

/** Its last turn that had begun before the sub-agent. */
function parentOf({ spawnMs }: Agent, calls: readonly Call[]): number {
  return Math.max(
    0,
    calls.findLastIndex(({ startMs }) => startMs <= spawnMs),
  );
}

function childOf(agent: Agent, parents: readonly Call[], isGlobal: boolean): Conversation {
  const parent = parentOf(agent, parents);
  const startMs = agent.calls[0]!.startMs;
  return {
    id: agent.id,
    place: agent.place,
    startMs,
    history: 'recorded',
    hasOwnBlocks: !isGlobal,
    turns: agent.calls.map((call, position) => {
      const endMs = (position === 0 ? parents[parent]! : agent.calls[position - 1]!).endMs;
      const delayMs = Math.max(0, call.startMs - endMs);
      return { ...call.turn, waitsFor: position === 0 ? [] : [position - 1], delayMs };
    }),
    children: [],
    startsAfterParentTurn: parent,
    recordedEndMs: agent.endMs,
  };
}

function agentOf(entry: Fields, blocks: BlockReader): Agent {
  const spawnMs = entry.number('t', 0) * MS_PER_SECOND;
  const requests = [...entry.objects('requests')];
  // From the spawn by the description, from the start of the session in what is published.
  const isRelative = requests.length > 0 && requests[0]!.number('t', 0) * MS_PER_SECOND < spawnMs;
  const calls = requests.map((request) => callOf(request, isRelative ? spawnMs : 0, blocks));
  const durationMs = entry.numberOr('duration_ms', 0, null);
  const lastEndMs = calls.reduce((latest, { endMs }) => Math.max(latest, endMs), spawnMs);
  return {
    id: entry.text('agent_id'),
    place: entry.place,
    spawnMs,
    endMs: durationMs === null ? lastEndMs : spawnMs + durationMs,
    calls,
  };
}

function callOf(request: Fields, originMs: number, blocks: BlockReader): Call {
  const startMs = originMs + request.number('t', 0) * MS_PER_SECOND;
  const serviceMs = request.numberOr('api_time', 0, 0) * MS_PER_SECOND;
  const inputTokens = request.count('in', 1);
  const turn: Turn = {
    ...PLAIN_TURN,
    dueMs: startMs,
    inputTokens,
    outputTokens: request.count('out'),
    model: request.textOr('model', null),
    blocks: blocks.read(request, 'hash_ids', inputTokens),
    recorded: {
      serviceMs,
      ...(request.has('think_time') ? { thinkMs: request.number('think_time') * MS_PER_SECOND } : {}),
    },
  };
  return { turn, startMs, endMs: startMs + serviceMs };
}

function inOrder(calls: Call[], session: Fields, notes: Notes): void {
  const isSorted = calls.every((call, index) => index === 0 || calls[index - 1]!.startMs <= call.startMs);
  if (isSorted) return;
  notes.add(`${session.place()}: requests`, 'are not in order of time; they are sent in order of time');
  calls.sort((a, b) => a.startMs - b.startMs);
}
