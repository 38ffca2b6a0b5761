import { once } from 'node:events';
import { mkdirSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { vocabularies } from '../workload/vocabularies.ts';
import { WENT_THROUGH, Workbench } from './program.ts';

interface Message {
  readonly role: string;
  readonly content: string;
}

const bench = new Workbench();
const received: (readonly Message[])[] = [];
const server = createServer((request, response) => void answer(request, response));
let origin = '';

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) text += String(chunk);
  received.push((JSON.parse(text) as { readonly messages: readonly Message[] }).messages);
  response.setHeader('Content-Type', 'application/json').end(
    JSON.stringify({
      ...{ id: 'x', object: 'chat.completion', created: 1, model: 'm' },
      choices: [{ index: 0, message: { role: 'assistant', content: 'ok' }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
    }),
  );
}

beforeAll(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  writeFileSync(
    bench.file('p.jsonl'),
    ['red “?”', 'green?', 'blue?'].map((prompt) => JSON.stringify({ prompt })).join('\n'),
  );
});
beforeEach(() => {
  received.length = 0;
});
afterAll(async () => {
  server.close();
  await bench.end();
});

async function run(...flags: string[]): Promise<readonly (readonly Message[])[]> {
  const { code, stderr } = await bench.start([
    ...['run', '--endpoint', origin, '--model', 'm', '--out', bench.file(`run-${Math.random()}`)],
    ...['--streaming', 'off', '--concurrency', '3', ...flags],
  ]).finished;
  expect(WENT_THROUGH, stderr).toContain(code);
  return received.splice(0);
}

const PROMPT = /^([0-9a-f]{16}) (red “\?”|green\?|blue\?)$/;

it('is another one in each request that is sent, and the same ones for the same seed', async () => {
  const flags = ['--dataset', bench.file('p.jsonl'), '--salt', 'prefix', '--samples', '12'];
  const salts = (await run(...flags)).map(([message]) => PROMPT.exec(message!.content)![1]);
  expect(new Set(salts).size).toBe(12);
  const again = (await run(...flags)).map(([message]) => PROMPT.exec(message!.content)![1]);
  expect(again.sort()).toEqual(salts.sort());
});

it('is one for each row with --salt-per conversation, or for each conversation', async () => {
  const flags = ['--dataset', bench.file('p.jsonl'), '--salt', 'system', '--salt-per', 'conversation'];
  const sent = await run(...flags, '--samples', '12');
  const bySalt = Map.groupBy(sent, ([first]) => `${first!.role}: ${first!.content}`);
  expect(bySalt.size).toBe(3);
  for (const ofSalt of bySalt.values())
    expect(new Set(ofSalt.map(([, second]) => second!.content)).size).toBe(1);
  const talk = (n: number) => ({
    conversations: [0, 1].flatMap((turn) => [
      { from: 'human', value: `question ${n}.${turn}` },
      { from: 'gpt', value: 'recorded' },
    ]),
  });
  writeFileSync(bench.file('t.json'), JSON.stringify([talk(0), talk(1)]));
  for (const history of ['live', 'recorded']) {
    const turns = await run(
      '--dataset',
      bench.file('t.json'),
      '--multi-turn',
      '--salt',
      'suffix',
      '--history',
      history,
    );
    const opened = turns.map(([first]) => first!.content);
    expect(opened.every((content) => /^question \d\.0 [0-9a-f]{16}$/.test(content))).toBe(true);
    expect([...Map.groupBy(opened, (content) => content).values()].map((some) => some.length)).toEqual([
      2, 2,
    ]);
    expect(
      turns
        .filter((messages) => messages.length === 3)
        .map((messages) => messages[2]!.content)
        .sort(),
    ).toEqual(['question 0.1', 'question 1.1']);
  }
});

it('takes the place of words of made-up prompts', async () => {
  const qwen = vocabularies().find(({ name }) => name === 'Qwen 3')!;
  const folder = bench.file('qwen');
  mkdirSync(folder);
  writeFileSync(join(folder, 'tokenizer.json'), JSON.stringify(qwen.definition));
  writeFileSync(join(folder, 'tokenizer_config.json'), JSON.stringify(qwen.config));
  const flags = ['--synthetic', 'input=60 prefix=10 count=2', '--tokenizer', folder, '--samples', '8'];
  const plain = (await run(...flags)).map(([message]) => message!.content.split(' '));
  const salted = (await run(...flags, '--salt', 'prefix')).map(([message]) => message!.content.split(' '));
  expect(new Set(plain.map((words) => words.slice(0, 10).join(' '))).size).toBe(1);
  expect(new Set(salted.map((words) => words.slice(0, 6).join(' '))).size).toBe(8);
  expect(new Set([...plain, ...salted].map((words) => words.length)).size).toBe(1);
});

it.each([
  [['--salt', 'front'], '--salt must be one of prefix, suffix, system, mlcommons (got "front")'],
  [['--salt-per', 'request'], '--salt is missing'],
  [
    ['--salt', 'prefix', '--salt-per', 'request', '--multi-turn'],
    '--salt-per request is not for --multi-turn',
  ],
  [['--salt', 'system', '--api', 'completions'], '--salt system needs an API with system prompts'],
])('%j is refused', async (flags, why) => {
  const { code, stderr } = await bench.start([
    ...['run', '--endpoint', origin, '--model', 'm', '--dataset', bench.file('p.jsonl'), ...flags],
  ]).finished;
  expect(code).toBe(2);
  expect(stderr).toContain(why);
});
