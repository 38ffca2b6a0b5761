import { afterEach, expect, test } from 'vitest';
import { talk } from './talk.ts';
import { startTalkingServer, type TalkingServer } from './talking-server.ts';

let server: TalkingServer | undefined;
afterEach(() => server?.close());

function turn(text: string, rest: Record<string, unknown> = {}) {
  return { messages: [{ role: 'user', content: text }], ...rest };
}

/** An agent that starts two sub-agents, one of which starts another; a later turn waits for all of them. */
const GRAPH = [
  {
    session_id: 'parent',
    turns: [
      turn('plan', {
        forks: [{ children: ['forked'], join_at: 2 }],
        spawns: [{ children: ['fresh'], join_at: 2 }],
      }),
      turn('meanwhile'),
      turn('summary', { delay: 10 }),
    ],
  },
  { session_id: 'forked', turns: [turn('forked 1'), turn('forked 2')] },
  { session_id: 'fresh', turns: [turn('fresh 1', { spawns: ['deep'] }), turn('fresh 2')] },
  { session_id: 'deep', turns: [turn('deep 1')] },
];

interface Asked {
  readonly last: string;
  readonly texts: readonly string[];
  readonly endedNs: number;
  readonly issuedNs: number;
  readonly dueNs: number;
}

async function asked(
  lines: readonly unknown[],
  flags: readonly string[] = [],
): Promise<ReadonlyMap<string, Asked>> {
  // Each response takes another time, so that an order that is not kept shows.
  server = await startTalkingServer(
    (body) => ({ content: `re ${(body.messages as { content: string }[]).at(-1)!.content}` }),
    (count) => 4 + ((count * 7) % 5) * 6,
  );
  const { turns } = await talk(server.url, lines.map((line) => JSON.stringify(line)).join('\n'), {
    flags,
    workers: 1,
  });
  expect(turns).toHaveLength(server.exchanges.length);
  const arrived = server.exchanges.map(({ body }) => JSON.parse(body) as { messages: { content: string }[] });
  const byRow = new Map(turns.map((one) => [one.row, one]));
  return new Map(
    arrived.map(({ messages }) => {
      const texts = messages.map(({ content }) => content);
      const last = texts.at(-1)!;
      const { endedNs, issuedNs, dueNs } = byRow.get(ROWS.indexOf(last))!;
      return [last, { last, texts, endedNs, issuedNs, dueNs }];
    }),
  );
}

/** Parents first, as the turns are numbered. */
const ROWS = ['plan', 'meanwhile', 'summary', 'fresh 1', 'fresh 2', 'deep 1', 'forked 1', 'forked 2'];

test('a graph runs in its order, with its joins', async () => {
  const turns = await asked(GRAPH);
  expect([...turns.keys()].sort()).toEqual([...ROWS].sort());
  const isBefore = (first: string, then: string) =>
    expect(turns.get(then)!.issuedNs, `${then} behind ${first}`).toBeGreaterThanOrEqual(
      turns.get(first)!.endedNs,
    );
  for (const next of ['meanwhile', 'forked 1', 'fresh 1']) isBefore('plan', next);
  isBefore('forked 1', 'forked 2');
  isBefore('fresh 1', 'deep 1');
  isBefore('deep 1', 'fresh 2');
  const joined = ['meanwhile', 'forked 2', 'fresh 2'];
  for (const before of joined) isBefore(before, 'summary');
  const lastNs = Math.max(...joined.map((name) => turns.get(name)!.endedNs));
  expect(turns.get('summary')!.dueNs).toBe(lastNs + 10e6);
});

test('a fork goes on from the history as it was, a spawn begins afresh', async () => {
  const turns = await asked(GRAPH);
  expect(turns.get('forked 1')!.texts).toEqual(['plan', 're plan', 'forked 1']);
  expect(turns.get('forked 2')!.texts).toEqual(['plan', 're plan', 'forked 1', 're forked 1', 'forked 2']);
  expect(turns.get('fresh 2')!.texts).toEqual(['fresh 1', 're fresh 1', 'fresh 2']);
  expect(turns.get('deep 1')!.texts).toEqual(['deep 1']);
  expect(turns.get('summary')!.texts).toEqual(['plan', 're plan', 'meanwhile', 're meanwhile', 'summary']);
});

test('a sub-agent that fails ends the whole graph', async () => {
  server = await startTalkingServer((body) => {
    const { content } = (body.messages as { content: string }[]).at(-1)!;
    return content === 'deep 1' ? undefined : { content: 'yes' };
  });
  const { turns, outcome } = await talk(server.url, GRAPH.map((line) => JSON.stringify(line)).join('\n'), {
    workers: 1,
  });
  expect(turns.map(({ row }) => ROWS[row])).not.toContain('summary');
  expect(turns.map(({ row }) => ROWS[row])).not.toContain('fresh 2');
  expect(outcome).toMatchObject({ conversations: 1, tickets: turns.length, sent: turns.length });
});
