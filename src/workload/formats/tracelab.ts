import { datasetError, shown } from '../../dataset/row.ts';
import { type Conversation, PLAIN_TURN, type PrefixBlocks, type Start, type Turn } from '../conversation.ts';
import { Fields } from '../fields.ts';
import { allRows, type Reading, type WorkloadFormat } from '../format.ts';

/** What begins a round; all other events are output of the model. */
const INPUT_EVENTS: readonly string[] = ['user_message', 'tool_result', 'system_message'];
const AGENT_TOOLS: readonly string[] = ['Task', 'Agent'];
/** Calls of a tool below this are too short to hold a sub-agent. */
const LEAST_AGENT_MS = 10_000;
const BLOCK_TOKENS = 64;

/**
 * TraceLab sessions (JSON lines, one model round a line). Nothing links a sub-agent to its parent: a session that ran wholly within a Task call of
 * the same user and project is taken for one.
 */
export const TRACELAB: WorkloadFormat = {
  name: 'tracelab',
  title: 'TraceLab sessions',
  recognizes: ({ fields }) => 'round_index' in fields && 'input_tokens_total' in fields,
  read: readTraceLab,
};

interface Round {
  readonly fields: Fields;
  readonly startMs: number;
  readonly endMs: number;
}

interface Session {
  readonly id: string;
  readonly owner: string;
  readonly rounds: readonly Round[];
  readonly startMs: number;
  readonly endMs: number;
}

/** A call of a tool that may have been a sub-agent. */
interface AgentCall {
  readonly session: Session;
  readonly round: number;
  readonly startMs: number;
  readonly endMs: number;
}

function* readTraceLab({ source }: Reading): Generator<Conversation> {
  const rounds = new Map<string, Round[]>();
  for (const raw of allRows(source)) {
    const fields = new Fields(raw.read(), raw.place);
    const id = fields.text('session_id');
    const round = roundOf(fields);
    const known = rounds.get(id);
    if (known === undefined) rounds.set(id, [round]);
    else known.push(round);
  }
  const sessions = [...rounds].map(([id, list]) => sessionOf(id, list));
  const originMs = sessions.reduce((earliest, { startMs }) => Math.min(earliest, startMs), Infinity);
  const calls = sessions.flatMap(agentCallsOf);
  const parentOf = new Map<Session, AgentCall>();
  for (const session of sessions) {
    const call = calls.find(
      (candidate) =>
        candidate.session !== session &&
        candidate.session.owner === session.owner &&
        candidate.startMs <= session.startMs &&
        session.endMs <= candidate.endMs,
    );
    if (call !== undefined) parentOf.set(session, call);
  }
  for (const session of sessions) {
    if (!parentOf.has(session)) yield conversationOf(session, session.id, parentOf, originMs);
  }
}

function roundOf(fields: Fields): Round {
  let startMs: number | undefined;
  let endMs: number | undefined;
  for (const event of fields.objects('timing_events')) {
    const ms = timeOf(event, 'timestamp');
    if (INPUT_EVENTS.includes(event.text('event_type'))) startMs = Math.max(startMs ?? ms, ms);
    else endMs = Math.max(endMs ?? ms, ms);
  }
  const begins = startMs ?? endMs;
  if (begins === undefined)
    throw datasetError(
      `${fields.place()}: timing_events`,
      'holds no event, so nothing tells when the round began',
    );
  return { fields, startMs: begins, endMs: Math.max(begins, endMs ?? begins) };
}

function timeOf(fields: Fields, name: string): number {
  const text = fields.text(name);
  const ms = /^\d{4}-\d\d-\d\dT/.test(text) ? Date.parse(text) : NaN;
  if (Number.isFinite(ms)) return ms;
  throw datasetError(
    `${fields.place()}: ${name}`,
    `must be a time such as 2026-01-05T10:00:00.000Z (got ${shown(text)})`,
  );
}

function sessionOf(id: string, rounds: Round[]): Session {
  rounds.sort((a, b) => a.startMs - b.startMs);
  const { fields, startMs } = rounds[0]!;
  const owner = JSON.stringify([fields.values.user, fields.values.project]);
  return { id, owner, rounds, startMs, endMs: rounds.at(-1)!.endMs };
}

function agentCallsOf(session: Session): AgentCall[] {
  return session.rounds.flatMap(({ fields }, round) =>
    [...fields.objects('tools')]
      .filter(
        (tool) =>
          AGENT_TOOLS.includes(String(tool.values.tool_name)) &&
          tool.has('emitted_at') &&
          tool.has('result_at'),
      )
      .map((tool) => ({
        session,
        round,
        startMs: timeOf(tool, 'emitted_at'),
        endMs: timeOf(tool, 'result_at'),
      }))
      .filter((call) => call.endMs - call.startMs >= LEAST_AGENT_MS),
  );
}

function conversationOf(
  session: Session,
  id: string,
  parentOf: ReadonlyMap<Session, AgentCall>,
  originMs: number,
): Conversation {
  const agents = [...parentOf].filter(([, call]) => call.session === session);
  const idOf = (agent: Session) => `${id}::sa:${agent.id}`;
  let ids: readonly string[] = [];
  let fresh = 0;
  const turns = session.rounds.map(({ fields, startMs, endMs }, position): Turn => {
    const inputTokens = fields.count('input_tokens_total', 1);
    const prefixTokens = fields.countOr('prefix_tokens', 0, 0);
    if (prefixTokens > inputTokens) {
      throw datasetError(
        `${fields.place()}: prefix_tokens`,
        `is more than input_tokens_total (${prefixTokens} of ${inputTokens})`,
      );
    }
    const kept = ids.slice(0, Math.floor(prefixTokens / BLOCK_TOKENS));
    const more = Math.floor(inputTokens / BLOCK_TOKENS) - kept.length;
    ids = [...kept, ...Array.from({ length: more }, () => `${id}#${fresh++}`)];
    // The result of a call is the input of the next round.
    const ended = agents.filter(([, call]) => call.round === position - 1).map(([agent]) => idOf(agent));
    const started = agents.filter(([, call]) => call.round === position);
    const isLast = position === session.rounds.length - 1;
    return {
      ...PLAIN_TURN,
      waitsFor: position === 0 ? [] : [position - 1, ...ended],
      delayMs: position === 0 ? null : Math.max(0, startMs - session.rounds[position - 1]!.endMs),
      dueMs: startMs - originMs,
      inputTokens,
      outputTokens: fields.count('output_tokens'),
      blocks: blocksOf(ids, inputTokens),
      recorded: {
        serviceMs: endMs - startMs,
        ...(fields.has('model') ? { model: fields.text('model') } : {}),
      },
      ...(started.length === 0
        ? {}
        : {
            starts: started.map(([agent, call]): Start => ({
              ids: [idOf(agent)],
              mode: 'spawn',
              isJoined: !isLast,
              atMs: call.startMs - startMs,
            })),
          }),
    };
  });
  return {
    id,
    place: session.rounds[0]!.fields.place,
    startMs: session.startMs - originMs,
    history: 'recorded',
    hasOwnBlocks: true,
    turns,
    children: agents.map(([agent, { round }]) => ({
      ...conversationOf(agent, idOf(agent), parentOf, originMs),
      startsAfterParentTurn: round,
      recordedEndMs: agent.endMs - originMs,
    })),
  };
}

/** The file tells how many tokens of a prompt were there before: enough to know which blocks it shares. */
function blocksOf(ids: readonly string[], inputTokens: number): PrefixBlocks | null {
  if (ids.length === 0) return null;
  const tokensAfterLastBlock = inputTokens - ids.length * BLOCK_TOKENS;
  return { blockTokens: BLOCK_TOKENS, ids, lastBlockTokens: BLOCK_TOKENS, tokensAfterLastBlock };
}
