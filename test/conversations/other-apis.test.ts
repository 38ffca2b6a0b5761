import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, expect, test } from 'vitest';
import { adapterOf } from '../../src/protocol/adapters.ts';
import { talk } from './talk.ts';

let server: Server | undefined;
afterEach(() => {
  server?.closeAllConnections();
  server?.close();
});

const TURNS = 5;
const CONVERSATIONS = 12;

/** What the server says: a text, and sometimes a call of a tool. */
interface Said {
  readonly content: string;
  readonly call: { readonly id: string; readonly name: string; readonly input: object } | undefined;
}

function saidAt(count: number): Said {
  const call = { id: `call_${count}`, name: 'look', input: { query: `"${count}" \\ 日本語 🙂`, n: count } };
  return { content: `answer ${count} "quoted"\n\u2028`, call: count % 3 === 0 ? call : undefined };
}

/** As OpenAI's chat API has it: the form that every API's requests are made of. */
function asMessage({ content, call }: Said): object {
  if (call === undefined) return { role: 'assistant', content };
  const { id, name, input } = call;
  const called = { id, type: 'function', function: { name, arguments: JSON.stringify(input) } };
  return { role: 'assistant', content, tool_calls: [called] };
}

const REPLIES: Readonly<Record<string, (said: Said) => object>> = {
  anthropic: ({ content, call }) => ({
    ...{ id: 'm', type: 'message', role: 'assistant', model: 'm', stop_reason: 'end_turn' },
    content: [
      { type: 'text', text: content },
      ...(call === undefined ? [] : [{ type: 'tool_use', ...call }]),
    ],
    usage: { input_tokens: 1, output_tokens: 1 },
  }),
  ollama: ({ content, call }) => ({
    ...{ model: 'm', done: true, done_reason: 'stop', eval_count: 1, prompt_eval_count: 1 },
    message: {
      ...{ role: 'assistant', content },
      ...(call && { tool_calls: [{ function: { name: call.name, arguments: call.input } }] }),
    },
  }),
  responses: ({ content, call }) => ({
    ...{ id: 'r', object: 'response', status: 'completed', model: 'm' },
    output: [
      { type: 'message', role: 'assistant', content: [{ type: 'output_text', text: content }] },
      ...(call === undefined
        ? []
        : [
            {
              type: 'function_call',
              call_id: call.id,
              name: call.name,
              arguments: JSON.stringify(call.input),
            },
          ]),
    ],
    usage: { input_tokens: 1, output_tokens: 1 },
  }),
};

test.each(Object.keys(REPLIES))(
  '--api %s repeats what this server said, as its own messages',
  async (api) => {
    const exchanges: { readonly body: string; readonly said: Said }[] = [];
    server = createServer((request, response) => {
      void text(request).then((body) => {
        const said = saidAt(exchanges.length);
        exchanges.push({ body, said });
        response.setHeader('content-type', 'application/json').end(JSON.stringify(REPLIES[api]!(said)));
      });
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const questionOf = (talkNumber: number, turn: number) => `#${talkNumber}/${turn} "why"?`;
    const talks = Array.from({ length: CONVERSATIONS }, (_, talkNumber) => ({
      conversations: [
        { from: 'system', value: `be brief, ${talkNumber}` },
        ...Array.from({ length: TURNS }, (__, turn) => [
          { from: 'human', value: questionOf(talkNumber, turn) },
          { from: 'gpt', value: 'recorded' },
        ]).flat(),
      ],
    }));
    const { outcome, turns } = await talk(url, JSON.stringify(talks), {
      flags: ['--api', api, '--streaming', 'off', '--max-output-tokens', '9'],
    });
    expect(turns.filter(({ hasFailed }) => hasFailed)).toEqual([]);
    expect(outcome).toMatchObject({ conversations: CONVERSATIONS, tickets: CONVERSATIONS * TURNS });

    const adapter = adapterOf(api as 'chat');
    const byQuestion = new Map(
      exchanges.map((exchange) => {
        const places = [...exchange.body.matchAll(/#(\d+)\/(\d+) /g)];
        return [places.at(-1)![0], exchange];
      }),
    );
    const options = { model: 'm', streaming: false, includeUsage: false, maxOutputTokens: 9 };
    for (let talkNumber = 0; talkNumber < CONVERSATIONS; talkNumber++) {
      const messages: object[] = [{ role: 'system', content: `be brief, ${talkNumber}` }];
      for (let turn = 0; turn < TURNS; turn++) {
        messages.push({ role: 'user', content: questionOf(talkNumber, turn) });
        const { body, said } = byQuestion.get(`#${talkNumber}/${turn} `)!;
        expect(body).toBe(JSON.stringify(adapter.requestBody({ messages }, options)));
        messages.push(asMessage(said));
      }
    }
  },
);

test('an API without messages has no live history', async () => {
  const one = [
    {
      conversations: [
        { from: 'human', value: 'a' },
        { from: 'gpt', value: 'b' },
        { from: 'human', value: 'c' },
        { from: 'gpt', value: 'd' },
      ],
    },
  ];
  await expect(
    talk('http://127.0.0.1:9', JSON.stringify(one), { flags: ['--api', 'completions'] }),
  ).rejects.toThrow("--api completions cannot repeat this server's responses");
});
