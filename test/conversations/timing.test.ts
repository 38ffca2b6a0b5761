import { afterEach, describe, expect, test } from 'vitest';
import { byConversation, type SeenTurn, talk } from './talk.ts';
import { startTalkingServer, type TalkingServer } from './talking-server.ts';

let server: TalkingServer | undefined;
afterEach(() => server?.close());

const MS = 1e6;

/** Conversations with a live history, with delays if given. */
function multiTurn(count: number, turns: number, delayMs?: number): string {
  return Array.from({ length: count }, (_, index) =>
    JSON.stringify({
      session_id: `s${index}`,
      turns: Array.from({ length: turns }, (__, turn) => ({
        text: `s${index} turn ${turn}`,
        ...(delayMs !== undefined && turn > 0 ? { delay: delayMs } : {}),
      })),
    }),
  ).join('\n');
}

/** Pairs of turns that follow one another. */
function pairsOf(turns: readonly SeenTurn[]): readonly (readonly [SeenTurn, SeenTurn])[] {
  return [...byConversation(turns).values()].flatMap((own) =>
    own.slice(1).map((turn, index) => [own[index]!, turn] as const),
  );
}

describe('delays', () => {
  test('of the file count from the end of the turn before, to the ns', async () => {
    server = await startTalkingServer(
      () => ({ content: 'yes' }),
      () => 3,
    );
    const { turns } = await talk(server.url, multiTurn(20, 4, 25));
    const pairs = pairsOf(turns);
    expect(pairs).toHaveLength(60);
    for (const [before, after] of pairs) {
      expect(after.dueNs).toBe(before.endedNs + 25 * MS);
      expect(after.issuedNs).toBeGreaterThanOrEqual(after.dueNs);
    }
  });

  test('are capped, or left out, where that is asked for', async () => {
    server = await startTalkingServer(() => ({ content: 'yes' }));
    const capped = await talk(server.url, multiTurn(3, 2, 60_000), { flags: ['--delay-cap', '10ms'] });
    for (const [before, after] of pairsOf(capped.turns)) expect(after.dueNs).toBe(before.endedNs + 10 * MS);
    const ignored = await talk(server.url, multiTurn(3, 2, 60_000), { flags: ['--ignore-delays', 'on'] });
    for (const [before, after] of pairsOf(ignored.turns)) expect(after.dueNs).toBe(before.endedNs);
  });

  test('are drawn as think times where the file has none: the same ones whatever the workers', async () => {
    server = await startTalkingServer(() => ({ content: 'yes' }));
    const flags = ['--think-time', 'lognormal:20ms,0.5'];
    const drawn = async (workers: number) => {
      const { turns } = await talk(server!.url, multiTurn(30, 3), { flags, workers });
      return pairsOf(turns)
        .map(([before, after]) => `${after.conversation}/${after.position}: ${after.dueNs - before.endedNs}`)
        .sort();
    };
    const one = await drawn(1);
    expect(one).toHaveLength(60);
    expect(new Set(one.map((text) => text.split(' ')[1])).size).toBe(60);
    expect(await drawn(3)).toEqual(one);
  });
});

describe('load', () => {
  test('closed loop: as many conversations at once as asked for, each with one request in flight at most', async () => {
    server = await startTalkingServer(
      () => ({ content: 'yes' }),
      () => 2,
    );
    const { turns, outcome } = await talk(server.url, multiTurn(40, 3, 5), {
      arrivals: { pattern: 'concurrency', concurrency: 6 },
      workers: 3,
    });
    expect(outcome).toMatchObject({ conversations: 40, tickets: 120, endedBy: 'count' });
    const spans = [...byConversation(turns).values()].map((own) => ({
      from: own[0]!.issuedNs,
      to: own.at(-1)!.endedNs,
    }));
    const most = Math.max(
      ...spans.map(({ from }) => spans.filter((one) => one.from <= from && from < one.to).length),
    );
    expect(most).toBeLessThanOrEqual(6);
    expect(most).toBeGreaterThanOrEqual(5);
    for (const [before, after] of pairsOf(turns))
      expect(after.issuedNs).toBeGreaterThanOrEqual(before.endedNs);
  });

  test('open loop: conversations begin at the rate, whatever their turns do', async () => {
    server = await startTalkingServer(
      () => ({ content: 'yes' }),
      () => 5,
    );
    const { turns, startNs } = await talk(server.url, multiTurn(50, 3, 30), {
      arrivals: { pattern: 'constant', ratePerSecond: 200 },
      conversations: 100,
    });
    const begins = [...byConversation(turns).values()]
      .map(([first]) => first!.dueNs - startNs)
      .sort((a, b) => a - b);
    expect(begins).toEqual(Array.from({ length: 100 }, (_, index) => index * 5 * MS));
    expect(turns).toHaveLength(300);
  });

  test('a duration ends it: what is in flight is answered, what would follow is not sent', async () => {
    server = await startTalkingServer(
      () => ({ content: 'yes' }),
      () => 20,
    );
    const { turns, outcome } = await talk(server.url, multiTurn(4, 1000, 20), {
      arrivals: { pattern: 'concurrency', concurrency: 4 },
      maxDurationMs: 300,
    });
    expect(outcome).toMatchObject({ conversations: 4, cutOff: 4, endedBy: 'duration', notSent: 0 });
    expect(turns.every(({ hasFailed, endedNs }) => !hasFailed && endedNs > 0)).toBe(true);
    expect(turns.length).toBeGreaterThan(4);
    expect(turns.length).toBeLessThan(4 * 16);
  });

  test('a pause holds turns back, and they are due when it is over', async () => {
    server = await startTalkingServer(() => ({ content: 'yes' }));
    const { turns, startNs } = await talk(server.url, multiTurn(4, 8, 50), {
      meanwhile: async (pool) => {
        await new Promise((resolve) => setTimeout(resolve, 60));
        pool.changePlan({ kind: 'pause', atNs: 300 * MS });
        await new Promise((resolve) => setTimeout(resolve, 200));
        pool.changePlan({ kind: 'resume', atNs: 800 * MS });
      },
    });
    // What was due before may go out late; what would be due in the pause has to wait.
    const dueMs = turns.map(({ dueNs }) => (dueNs - startNs) / MS);
    expect(dueMs.filter((ms) => ms >= 300 && ms < 800)).toEqual([]);
    const resumed = turns.filter(({ dueNs }) => dueNs === startNs + 800 * MS);
    expect(resumed).toHaveLength(4);
    expect(resumed.filter(({ issuedNs }) => issuedNs < startNs + 800 * MS)).toEqual([]);
    expect(turns).toHaveLength(32);
  });
});

test('a duration that cuts conversations off ended the phase, also when all had begun', async () => {
  server = await startTalkingServer(
    () => ({ content: 'yes' }),
    () => 20,
  );
  const { outcome } = await talk(server.url, multiTurn(4, 1000, 20), {
    conversations: 4,
    maxDurationMs: 200,
  });
  expect(outcome).toMatchObject({ conversations: 4, cutOff: 4, endedBy: 'duration' });
});

describe('a turn that fails', () => {
  const failing = async (flags: readonly string[]) => {
    server = await startTalkingServer((body) => {
      const { content } = (body.messages as { content: string }[]).at(-1)!;
      return content === 's1 turn 1' ? undefined : { content: 'yes' };
    });
    return talk(server.url, multiTurn(3, 4), { flags });
  };

  test('ends its conversation', async () => {
    const { turns, outcome } = await failing([]);
    expect([...byConversation(turns).values()].map((own) => own.length).sort()).toEqual([2, 4, 4]);
    expect(turns.filter(({ hasFailed }) => hasFailed)).toHaveLength(1);
    expect(outcome).toMatchObject({ conversations: 3, tickets: 10 });
  });

  test('or is passed over: the next one goes on without a response to it', async () => {
    const { turns } = await failing(['--on-turn-failure', 'continue']);
    expect(turns).toHaveLength(12);
    const bodies = server!.exchanges.map(
      ({ body }) => JSON.parse(body) as { messages: { content: string; role: string }[] },
    );
    const after = bodies.find(({ messages }) => messages.at(-1)!.content === 's1 turn 2')!;
    expect(after.messages.map(({ role }) => role)).toEqual(['user', 'assistant', 'user', 'user']);
  });
});

test('a trace of sessions is replayed: they begin at its times, and their turns come after its delays, at its speed', async () => {
  server = await startTalkingServer(() => ({ content: 'yes' }));
  const row = (session: string, timestamp: number | undefined, text: string, delay?: number) =>
    JSON.stringify({ session_id: session, timestamp, text_input: text, output_length: 3, delay });
  const trace = [
    row('b', 100, 'b 1'),
    row('a', 0, 'a 1'),
    row('a', undefined, 'a 2', 60),
    row('b', undefined, 'b 2', 20),
  ];
  const { turns, startNs } = await talk(server.url, trace.join('\n'), {
    flags: ['--replay', 'on', '--speed', '2'],
  });
  const firsts = turns.filter(({ position }) => position === 0).map(({ dueNs }) => (dueNs - startNs) / MS);
  expect(firsts).toEqual([0, 50]);
  const waits = pairsOf(turns).map(([before, after]) => (after.dueNs - before.endedNs) / MS);
  expect(waits).toEqual([30, 10]);
  const texts = server.exchanges.map(({ body }) =>
    (JSON.parse(body) as { messages: { content: string }[] }).messages.map(({ content }) => content),
  );
  expect(texts).toContainEqual(['a 1', 'yes', 'a 2']);
  expect(texts).toContainEqual(['b 1', 'yes', 'b 2']);
});
