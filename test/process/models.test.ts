import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { WENT_THROUGH, Workbench } from './program.ts';

interface Asked {
  readonly path: string;
  readonly id: string;
  readonly model: unknown;
  readonly body: Readonly<Record<string, unknown>>;
}

const bench = new Workbench();
const received: Asked[] = [];
const server = createServer((request, response) => void answer(request, response));
let origin = '';

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) text += String(chunk);
  if (request.method === 'GET') {
    const data = ['org/name:tag', 'b"ü'].map((id) => ({ id, object: 'model' }));
    response.end(JSON.stringify({ object: 'list', data }));
    return;
  }
  const body = JSON.parse(text) as Asked['body'];
  const id = String(request.headers['x-request-id']);
  received.push({ path: request.url!, id, model: body.model, body });
  response.setHeader('Content-Type', 'application/json').end(
    JSON.stringify({
      ...{ id: 'x', object: 'chat.completion', created: 1, model: 'm', text_output: 'ok' },
      choices: [{ index: 0, message: { role: 'assistant', content: 'ok' }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 },
    }),
  );
}

beforeAll(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
beforeEach(() => {
  received.length = 0;
});
afterAll(async () => {
  server.close();
  await bench.end();
});

/** Runs, and returns its samples as exported and its standard error. */
async function run(name: string, ...flags: string[]) {
  const { code, stderr } = await bench.start([
    ...['run', '--endpoint', origin, '--out', bench.file(name), '--streaming', 'off'],
    ...['--request-id', '--concurrency', '4', ...flags],
  ]).finished;
  expect(WENT_THROUGH, stderr).toContain(code);
  return { samples: await bench.samples(name), stderr };
}

const TWO = ['--model', 'org/name:tag=0.8', '--model', 'b"ü=20%'];

it('sends each request to the model that the plan has for it, whatever the number of workers', async () => {
  const flags = [...TWO, '--dataset', bench.dataset(7), '--samples', '200', '--salt', 'prefix'];
  const plans = [];
  for (const workers of ['1', '2']) {
    received.length = 0;
    const { samples } = await run(`w${workers}`, ...flags, '--workers', workers);
    expect(received).toHaveLength(200);
    const modelOf = new Map(received.map(({ id, model }) => [id, model]));
    for (const sample of samples) {
      expect(unquoted(sample.model!)).toBe(modelOf.get(sample.sample_id!));
    }
    const bySeq = [...samples].sort((a, b) => Number(a.seq) - Number(b.seq));
    plans.push(bySeq.map(({ model }) => unquoted(model!)));
  }
  expect(plans[1]).toEqual(plans[0]);
  for (const half of [plans[0]!.slice(0, 100), plans[0]!.slice(100)]) {
    expect(half.filter((model) => model === 'b"ü')).toHaveLength(20);
  }
  const salts = received.map(({ body }) => JSON.stringify(body.messages));
  expect(new Set(salts).size).toBe(200);
  const [{ groups }] = bench.json<{ groups: [{ groups: { name: string; succeeded: number }[] }] }>(
    'w2/performance/result_summary.json',
  ).groups;
  expect(groups).toMatchObject([
    { name: 'org/name:tag', succeeded: 160 },
    { name: 'b"ü', succeeded: 40 },
  ]);
});

/** A cell of CSV, which is quoted only where it must be. */
function unquoted(cell: string): string {
  return cell.startsWith('"') ? cell.slice(1, -1).replaceAll('""', '"') : cell;
}

it('leaves a row its own model', async () => {
  const rows = [{ prompt: 'a', model: 'own' }, { prompt: 'b' }];
  writeFileSync(bench.file('own.jsonl'), rows.map((row) => JSON.stringify(row)).join('\n'));
  const { samples } = await run('own', ...TWO, '--dataset', bench.file('own.jsonl'), '--samples', '100');
  const own = received.filter(({ model }) => model === 'own');
  expect(own).toHaveLength(50);
  expect(own.every(({ body }) => JSON.stringify(body.messages).includes('"a"'))).toBe(true);
  expect(new Set(received.map(({ model }) => model))).toEqual(new Set(['own', 'org/name:tag', 'b"ü']));
  expect(samples.filter(({ model }) => model === 'own')).toHaveLength(50);
  received.length = 0;
  const single = await run(
    'single',
    '--model',
    'a=b',
    '--dataset',
    bench.file('own.jsonl'),
    '--samples',
    '4',
  );
  expect(received.map(({ model }) => model).sort()).toEqual(['a=b', 'a=b', 'own', 'own']);
  expect(single.samples.map(({ model }) => model).sort()).toEqual(['a=b', 'a=b', 'own', 'own']);
});

it('keeps the model of a conversation, whose live history is made as it goes', async () => {
  const talk = (n: number) => ({
    conversations: ['a', 'b', 'c'].flatMap((turn) => [
      { from: 'human', value: `question ${n}${turn}` },
      { from: 'gpt', value: 'recorded' },
    ]),
  });
  writeFileSync(bench.file('talks.json'), JSON.stringify(Array.from({ length: 20 }, (_, n) => talk(n))));
  const models = ['--model', 'one', '--model', 'another one'];
  const { samples } = await run('talks', ...models, '--multi-turn', '--dataset', bench.file('talks.json'));
  expect(received).toHaveLength(60);
  const modelOf = new Map(received.map(({ id, model }) => [id, model]));
  const byConversation = Map.groupBy(samples, ({ conversation }) => conversation);
  expect(byConversation.size).toBe(20);
  for (const turns of byConversation.values()) {
    expect(new Set(turns.map(({ model }) => model)).size).toBe(1);
    for (const { sample_id: id, model } of turns) expect(modelOf.get(id!)).toBe(model);
  }
  const longest = received.filter(({ body }) => (body.messages as unknown[]).length === 5);
  expect(longest).toHaveLength(20);
  expect(samples.filter(({ model }) => model === 'one').length).toBeGreaterThanOrEqual(24);
});

it('puts the model into the path where the API has it there', async () => {
  const flags = ['--api', 'triton', '--dataset', bench.dataset(3), '--samples', '100'];
  await run('triton', ...flags, '--model', 'x', '--model', 'much/longer=3');
  const paths = received.map(({ path }) => path);
  expect(paths.filter((path) => path === '/v2/models/x/generate')).toHaveLength(25);
  expect(paths.filter((path) => path === '/v2/models/much%2Flonger/generate')).toHaveLength(75);
  expect(new Set(received.map(({ id }) => id)).size).toBe(100);
});

it('looks for each model before the run', async () => {
  const flags = ['--dataset', bench.dataset(3), '--samples', '2', '--check', 'on'];
  const { stderr } = await run('check', ...TWO, '--model', 'missing', '--model', 'gone', ...flags);
  expect(stderr).toContain('does not list the models missing, gone; it lists org/name:tag, b"ü (--model)');
});

it.each([
  [['--model', 'a', '--model', 'a=2'], /--model must be a name, or a list of 1 to 64 models.*of its own/],
  [['--model', 'a=0'], /--model must be a name, or a name and its weight such as llama=0.8 \(got "a=0"\)/],
  [['--api', 'tgi', '--model', 'a', '--model', 'b'], /--model may be given once with --api tgi/],
])('refuses %j', async (flags, said) => {
  const args = ['run', '--endpoint', origin, '--dataset', bench.dataset(3), '--out', bench.file('no')];
  const { code, stderr } = await bench.start([...args, ...flags]).finished;
  expect(code).toBe(2);
  expect(stderr).toMatch(said);
});
