import { afterEach, describe, expect, test } from 'vitest';
import { createResponseMemory } from '../../src/protocol/response-memory.ts';
import { byConversation, talk } from './talk.ts';
import { repeated, startTalkingServer, type TalkingServer, trickySpeech } from './talking-server.ts';

let server: TalkingServer | undefined;
afterEach(() => server?.close());

const CONVERSATIONS = 200;
const TURNS = 6;

/** ShareGPT conversations whose questions tell where they stand, and hold what is hard to quote. */
function shareGpt(
  conversations: number,
  turns: number,
): readonly { readonly from: string; readonly value: string }[][] {
  return Array.from({ length: conversations }, (_, talkNumber) => [
    { from: 'system', value: `be ${talkNumber} "brief"` },
    ...Array.from({ length: turns }, (_, turn) => [
      {
        from: 'human',
        value: `#${talkNumber}/${turn} ${trickySpeech(talkNumber * 31 + turn).content ?? ''}`,
      },
      { from: 'gpt', value: `recorded ${talkNumber}/${turn}` },
    ]).flat(),
  ]);
}

function fileOf(talks: readonly unknown[]): string {
  return JSON.stringify(talks.map((conversations) => ({ conversations })));
}

/** Which conversation and turn a request is of. */
function placeOf(body: {
  messages: readonly { role: string; content: string }[];
}): readonly [number, number] {
  const [, talkNumber, turn] = /^#(\d+)\/(\d+) /.exec(body.messages.at(-1)!.content)!;
  return [Number(talkNumber), Number(turn)];
}

describe.each([
  ['streamed', 'on'],
  ['whole', 'off'],
])('responses that come %s', (_, streaming) => {
  test('take no more memory than all histories may have together, and give it back', async () => {
    server = await startTalkingServer(() => ({ content: 'x'.repeat(2000) }));
    const historyMemory = createResponseMemory(30_000);
    const { outcome, turns } = await talk(server.url, fileOf(shareGpt(16, 12)), {
      flags: ['--streaming', streaming],
      arrivals: { pattern: 'concurrency', concurrency: 8 },
      historyMemory,
    });
    expect(outcome).toMatchObject({ conversations: 16, notSent: 0 });
    const failed = turns.filter(({ hasFailed }) => hasFailed);
    expect(failed.length).toBeGreaterThan(0);
    expect(new Set(failed.map(({ errorType }) => errorType))).toEqual(new Set(['response_memory_exhausted']));
    // A conversation ends with the turn that there was no room for, and others go on.
    for (const talkTurns of byConversation(turns).values())
      expect(talkTurns.filter(({ hasFailed }) => hasFailed).length).toBeLessThanOrEqual(1);
    expect(turns.some(({ hasFailed, seq }) => !hasFailed && seq > failed[0]!.seq)).toBe(true);
    expect(new Int32Array(historyMemory)[0]).toBe(0);
  });

  test('are repeated as JSON.parse and JSON.stringify would, in every body', async () => {
    server = await startTalkingServer();
    const talks = shareGpt(CONVERSATIONS, TURNS);
    const { outcome, turns } = await talk(server.url, fileOf(talks), {
      flags: ['--streaming', streaming],
      arrivals: { pattern: 'concurrency', concurrency: 40 },
    });
    expect(outcome).toMatchObject({
      ...{ tickets: CONVERSATIONS * TURNS, sent: CONVERSATIONS * TURNS },
      ...{ conversations: CONVERSATIONS, notSent: 0, endedBy: 'count' },
    });
    const spoken = new Map(
      server.exchanges.map((exchange) => [placeOf(JSON.parse(exchange.body) as never).join('/'), exchange]),
    );
    expect(spoken.size).toBe(CONVERSATIONS * TURNS);
    for (const [talkNumber, talkText] of talks.entries()) {
      const messages: unknown[] = [{ role: 'system', content: talkText[0]!.value }];
      for (let turn = 0; turn < TURNS; turn++) {
        const exchange = spoken.get(`${talkNumber}/${turn}`)!;
        messages.push({ role: 'user', content: talkText[1 + 2 * turn]!.value });
        const { messages: _, ...rest } = JSON.parse(exchange.body) as Record<string, unknown>;
        expect(exchange.body).toBe(JSON.stringify({ model: 'm', messages, ...without(rest, 'model') }));
        messages.push(repeated(exchange.spoken));
      }
    }
    expect(turns.map(({ seq }) => seq)).toEqual(turns.map((_, index) => index));
    for (const [, own] of byConversation(turns)) {
      expect(own.map(({ position }) => position)).toEqual([0, 1, 2, 3, 4, 5]);
      expect(own.every(({ turnCount }) => turnCount === TURNS)).toBe(true);
    }
  });
});

function without(values: Record<string, unknown>, name: string): Record<string, unknown> {
  const { [name]: _, ...rest } = values;
  return rest;
}

test('a recorded history is that of the file, whatever the server says', async () => {
  server = await startTalkingServer();
  await talk(server.url, fileOf(shareGpt(5, 3)), { flags: ['--history', 'recorded'] });
  const last = server.exchanges
    .map(({ body }) => JSON.parse(body) as { messages: { role: string; content: string }[] })
    .filter((body) => placeOf(body)[1] === 2);
  expect(last).toHaveLength(5);
  for (const body of last) {
    const [talkNumber] = placeOf(body);
    expect(body.messages.map(({ role }) => role)).toEqual([
      'system',
      'user',
      'assistant',
      'user',
      'assistant',
      'user',
    ]);
    expect(body.messages[2]!.content).toBe(`recorded ${talkNumber}/0`);
  }
});

test('reasoning is kept where that is asked for', async () => {
  server = await startTalkingServer(() => ({ content: 'yes', reasoning: 'because' }));
  await talk(server.url, fileOf(shareGpt(1, 2)), { flags: ['--history-reasoning', 'keep'] });
  const { messages } = JSON.parse(server.exchanges[1]!.body) as { messages: unknown[] };
  expect(messages[2]).toEqual({ role: 'assistant', content: 'yes', reasoning_content: 'because' });
});
