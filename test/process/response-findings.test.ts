import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, expect, it } from 'vitest';
import { Workbench, WENT_THROUGH } from './program.ts';

const bench = new Workbench();
afterAll(() => bench.end());

/** What a server says to every request. */
interface Said {
  readonly isStream?: boolean;
  readonly text?: string;
  readonly model?: string;
  readonly usage?: object | null;
}

const USAGE = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 };

function answerOf({ isStream = true, text = 'a b', model = 'mock', usage = USAGE }: Said): string {
  const facts = { model, ...(usage === null ? {} : { usage }) };
  const choice = { index: 0, finish_reason: 'stop' };
  if (!isStream) return JSON.stringify({ ...facts, choices: [{ ...choice, message: { content: text } }] });
  return [
    ...text.split(' ').map((word) => ({ model, choices: [{ index: 0, delta: { content: word } }] })),
    { ...facts, choices: [{ ...choice, delta: {} }] },
  ]
    .map((frame) => `data: ${JSON.stringify(frame)}\n\n`)
    .join('')
    .concat('data: [DONE]\n\n');
}

async function serverThatSays(said: Said): Promise<Server> {
  const type = said.isStream === false ? 'application/json' : 'text/event-stream';
  const server = createServer((request, response) => {
    request.resume().on('end', () => response.setHeader('content-type', type).end(answerOf(said)));
  });
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return server;
}

interface Summary {
  readonly verdict: { readonly findings: readonly { readonly check: string; readonly message: string }[] };
}

async function findingsOf(said: Said, name: string, more: readonly string[] = []) {
  const server = await serverThatSays(said);
  try {
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const { code, stderr } = await bench.start([
      ...['run', '--endpoint', url, '--model', 'mock', '--no-check'],
      ...(more.includes('--dataset') ? [] : ['--dataset', bench.dataset(2)]),
      ...['--concurrency', '2', '--samples', '20', '--out', bench.file(name), ...more],
    ]).finished;
    expect(WENT_THROUGH, stderr).toContain(code);
  } finally {
    server.close();
    server.closeAllConnections();
  }
  const { verdict } = bench.json<Summary>(`${name}/performance/result_summary.json`);
  return verdict.findings.filter(({ check }) => CHECKS.includes(check));
}

const CHECKS = ['not_streamed', 'empty_responses', 'other_model', 'no_token_counts', 'over_output_limit'];

it.each<[string, Said, string, string]>([
  [
    'streams nothing',
    { isStream: false },
    'not_streamed',
    '20 of 20 responses were not streamed, although a stream was requested: they have no TTFT and no TPOT; use --streaming off',
  ],
  ['says nothing', { text: '' }, 'empty_responses', '20 of 20 responses are empty'],
  [
    'responds as another model',
    { model: 'tiny-8b' },
    'other_model',
    'the endpoint responds as model "tiny-8b", which no request asks for: check --model',
  ],
  ['counts no tokens', { usage: null }, 'no_token_counts', 'count them with --tokenizer, or ask the server'],
  [
    'ignores the limit',
    { usage: { ...USAGE, completion_tokens: 9 } },
    'over_output_limit',
    'up to 9 tokens (median 9), limit 4; a server that ignores the limit may know it by another name (--limit-field)',
  ],
])('a server that %s is noted', async (name, said, check, message) => {
  const found = await findingsOf(said, name.replaceAll(' ', '-'), ['--max-output-tokens', '4']);
  expect(found).toEqual([expect.objectContaining({ check, level: 'note' })]);
  expect(found[0]!.message).toContain(message);
});

it('nothing is noted of a server that does as it is told, under an alias', async () => {
  const said = { model: 'org/mock-2026-08-01' };
  expect(await findingsOf(said, 'plain', ['--max-output-tokens', '4'])).toEqual([]);
  // What a row names is asked for, too.
  const rows = bench.file('models.jsonl');
  writeFileSync(rows, '{"prompt":"a"}\n{"prompt":"a","model":"other"}\n');
  expect(await findingsOf({ model: 'other' }, 'rows', ['--dataset', rows])).toEqual([]);
});
