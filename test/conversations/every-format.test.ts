import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { openWorkload } from '../../src/workload/open-workload.ts';
import { type Conversation, type Message, type Turn, withChildren } from '../../src/workload/conversation.ts';
import { FORCED } from '../workload/readings.ts';
import { talkOf } from './talk.ts';
import { startTalkingServer, type TalkingServer } from './talking-server.ts';

const FIXTURES = join(import.meta.dirname, '../workload/fixtures');
const DELAY_CAP_MS = 4;

let server: TalkingServer | undefined;
afterEach(() => server?.close());

function goodFixtures(): readonly string[] {
  return readdirSync(FIXTURES, { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .flatMap(({ name }) => readdirSync(join(FIXTURES, name)).map((file) => `${name}/${file}`))
    .filter((path) => path.split('/')[1]!.startsWith('good-') && FORCED[path] === undefined);
}

async function conversationsOf(fixture: string): Promise<readonly Conversation[]> {
  return [...(await openWorkload(join(FIXTURES, fixture))).conversations()];
}

/** Describes conversations that are to be made up. */
const MADE_UP = 'vllm/good-generate.json';

/**
 * Those that hold what is said. A trace of lengths is for `--replay`, which makes its prompts up; calls that failed when they were recorded, and images,
 * are looked at in the tests of planned turns.
 */
async function sentFixtures() {
  const read = goodFixtures()
    .filter((fixture) => fixture !== MADE_UP)
    .map(async (fixture) => ({ fixture, conversations: await conversationsOf(fixture) }));
  return (await Promise.all(read)).filter(({ conversations }) => {
    const turns = conversations.flatMap((root) => [...withChildren(root)].flatMap((one) => one.turns));
    const isTrace = turns.some((turn) => messagesOf(turn) === undefined);
    return (
      !isTrace && !turns.some(({ recorded, images }) => recorded?.hasFailed === true || images !== undefined)
    );
  });
}

function messagesOf({ messages, payload }: Turn): readonly Message[] | undefined {
  return messages ?? (payload?.messages as readonly Message[] | undefined);
}

/** What the server says depends on what it was asked alone, so that the plain reading below knows it, too. */
function answerTo(messages: readonly Message[]): string {
  return `${messages.length} messages of ${JSON.stringify(messages).length} "letters"`;
}

interface Plain {
  readonly messages: readonly unknown[];
  readonly waitsFor: readonly number[];
  readonly delayMs: number | null;
}

/** The requests of a conversation and those it starts, worked out turn by turn with plain lists; rows as in the engine. */
function plainTurns(root: Conversation): readonly Plain[] {
  const all = [...withChildren(root)];
  const firstRows = all.map((_, at) => all.slice(0, at).reduce((sum, { turns }) => sum + turns.length, 0));
  const rowOf = (conversation: Conversation, position: number) =>
    firstRows[all.indexOf(conversation)]! + position;
  const said = new Map<Conversation, Message[]>();
  const historyAfter = new Map<string, readonly Message[]>();
  return all.flatMap((conversation) => {
    const parent = all.find(({ children }) => children.includes(conversation));
    const starter =
      parent?.turns.findIndex(({ starts }) => starts?.some(({ ids }) => ids.includes(conversation.id))) ?? -1;
    const startedBy = conversation.startsAfterParentTurn ?? Math.max(0, starter);
    const isFork = parent?.turns[startedBy]?.starts?.some(
      ({ ids, mode }) => mode === 'fork' && ids.includes(conversation.id),
    );
    const isLive = conversation.history === 'live' && (all.length > 1 || conversation.turns.length > 1);
    said.set(
      conversation,
      isFork === true ? [...historyAfter.get(`${all.indexOf(parent!)}/${startedBy}`)!] : [],
    );
    return conversation.turns.map((turn, position) => {
      const system =
        position === 0 && conversation.system !== undefined
          ? [{ role: 'system', content: conversation.system }]
          : [];
      const own = [...system, ...messagesOf(turn)!];
      const history = said.get(conversation)!;
      const messages = isLive ? [...history, ...own] : own;
      if (isLive) history.push(...own, { role: 'assistant', content: answerTo(messages) });
      historyAfter.set(`${all.indexOf(conversation)}/${position}`, [...history]);
      const waits = turn.waitsFor.flatMap((one) => {
        if (typeof one === 'number') return [rowOf(conversation, one)];
        const child = conversation.children.find(({ id }) => id === one)!;
        return child.turns.map((_, at) => rowOf(child, at));
      });
      if (position === 0 && parent !== undefined) waits.push(rowOf(parent, startedBy));
      return { messages, waitsFor: waits, delayMs: turn.delayMs };
    });
  });
}

const SENT = await sentFixtures();

describe('each format, as it is sent', () => {
  it.each(SENT)('$fixture', async ({ fixture, conversations }) => {
    server = await startTalkingServer((body) => ({ content: answerTo(body.messages as Message[]) }));
    const { turns: seen } = await talkOf(server.url, join(FIXTURES, fixture), {
      flags: ['--delay-cap', `${DELAY_CAP_MS}ms`],
      arrivals: { pattern: 'concurrency', concurrency: 3 },
      workers: 1,
    });
    const plain = conversations.flatMap((root) => {
      const own = plainTurns(root);
      return own.map((turn) => ({ ...turn, conversationRows: own.length }));
    });
    const sent = server.exchanges.map(({ body }) =>
      JSON.stringify((JSON.parse(body) as { messages: unknown }).messages),
    );
    expect(sent.toSorted()).toEqual(plain.map(({ messages }) => JSON.stringify(messages)).toSorted());
    // Rows of one conversation follow one another, and what a turn waits for is counted from the first of them.
    let first = 0;
    const byRow = new Map(seen.map((turn) => [turn.row, turn]));
    for (const root of conversations) {
      const own = plainTurns(root);
      for (const [at, { waitsFor, delayMs }] of own.entries()) {
        if (waitsFor.length === 0) continue;
        const lastNs = Math.max(...waitsFor.map((row) => byRow.get(first + row)!.endedNs));
        const delayNs = Math.round(Math.min(delayMs ?? 0, DELAY_CAP_MS) * 1e6);
        expect(byRow.get(first + at)!.dueNs, `row ${first + at}`).toBe(lastNs + delayNs);
      }
      first += own.length;
    }
  });
});
