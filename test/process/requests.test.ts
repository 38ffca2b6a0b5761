import { once } from 'node:events';
import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { WENT_THROUGH, Workbench } from './program.ts';

interface Received {
  readonly url: string;
  readonly body: Record<string, unknown>;
}

const bench = new Workbench();
const received: Received[] = [];
/** Answers with nine tokens, whatever limit it is told, and quotes the URL it was asked by. */
const server = createServer((request, response) => void answer(request, response));
let origin = '';

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) text += String(chunk);
  received.push({ url: request.url!, body: JSON.parse(text) as Received['body'] });
  response.setHeader('Content-Type', 'application/json').end(
    JSON.stringify({
      ...{ id: 'x', object: 'chat.completion', created: 1, model: 'm' },
      choices: [{ index: 0, message: { role: 'assistant', content: request.url }, finish_reason: 'stop' }],
      usage: { prompt_tokens: 1, completion_tokens: 9, total_tokens: 10 },
    }),
  );
}

beforeAll(async () => {
  await once(server.listen(0, '127.0.0.1'), 'listening');
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
});
afterAll(async () => {
  server.close();
  await bench.end();
});

function filesBelow(path: string): readonly string[] {
  return readdirSync(path, { recursive: true, encoding: 'utf8' })
    .map((name) => join(path, name))
    .filter((file) => statSync(file).isFile());
}

it('sends what rows and flags say, tells what was left out, and keeps the key of the URL to itself', async () => {
  const key = 'k3y-of-the-service';
  writeFileSync(bench.file('p.csv'), 'id,prompt,vendor\n1,red?,5\n2,,5\n3,blue?,6\n');
  const { code, stdout, stderr } = await bench.start([
    ...['run', '--endpoint', `${origin}/openai/deployments/d?api-version=1&api-key=${key}`, '--model', 'm'],
    ...[
      '--dataset',
      bench.file('p.csv'),
      '--skip-bad-rows',
      '--extra',
      '{"priority": 3}',
      '--extra',
      'user=me',
    ],
    ...['--max-output-tokens', '7', '--limit-field', 'max_tokens', '--out', bench.file('run')],
  ]).finished;
  expect(WENT_THROUGH, stderr).toContain(code);
  const path = `/openai/deployments/d/chat/completions?api-version=1&api-key=${key}`;
  const sent = (prompt: string, vendor: number) => ({
    url: path,
    body: {
      ...{ model: 'm', messages: [{ role: 'user', content: prompt }], vendor },
      ...{ max_tokens: 7, priority: 3, user: 'me' },
    },
  });
  expect(received).toHaveLength(2);
  expect(received).toEqual(expect.arrayContaining([sent('red?', 5), sent('blue?', 6)]));
  expect(stderr).toContain('p.csv: skipped 1 bad row, 2 left: ');
  expect(stderr).toContain('p.csv:3: prompt is empty');
  expect(stderr).toContain('dataset columns not sent: id (to send a field, put it into extra_body)');
  expect(stderr).toContain('dataset columns sent as fields of the request: vendor');
  const report = readFileSync(bench.file('run/report.txt'), 'utf8').replace(/\s+/g, ' ');
  expect(report).toContain('up to 9 tokens (median 9), limit 7');
  expect(report).toContain('1 bad row of the dataset skipped');
  for (const file of filesBelow(bench.file('run'))) {
    expect(readFileSync(file, 'latin1').includes(key), file).toBe(false);
  }
  expect(stdout + stderr).not.toContain(key);
});

it('a run from the config.yaml of another asks for the key again', async () => {
  const { code, stderr } = await bench.start(['run', '--config', bench.file('run/config.yaml')]).finished;
  expect(code).toBe(2);
  expect(stderr).toContain(
    'endpoints.0: the secret was redacted; set it again by flag or environment variable',
  );
});

it('a row as long as a book is refused with its line', async () => {
  const long = Buffer.alloc(300_000_000, 'x');
  writeFileSync(
    bench.file('long.jsonl'),
    Buffer.concat([Buffer.from('{"prompt":"a"}\n{"prompt":"'), long, Buffer.from('"}\n')]),
  );
  const { code, stderr } = await bench.start([
    ...['run', '--endpoint', origin, '--model', 'm', '--dataset', bench.file('long.jsonl')],
    ...['--out', bench.file('unmade')],
  ]).finished;
  expect(code).toBe(2);
  expect(stderr).toMatch(
    /^error: .*long\.jsonl:2: the row has 300,000,013 bytes; the limit for one request is /,
  );
});

it('tells how much of the requested output came', async () => {
  const dataset = bench.file('limits.jsonl');
  writeFileSync(dataset, '{"prompt": "a", "max_tokens": 12}\n{"prompt": "b", "max_tokens": 24}\n');
  const { code, stderr } = await bench.start([
    ...['run', '--endpoint', origin, '--model', 'm', '--dataset', dataset, '--out', bench.file('limits')],
  ]).finished;
  expect(WENT_THROUGH, stderr).toContain(code);
  const report = readFileSync(bench.file('limits/report.txt'), 'utf8').replace(/\s+/g, ' ');
  expect(report).toContain('Output length: 18.0 tokens requested on average, 9.00 delivered (50.0 %)');
  const { output_length: length } = bench.json('limits/performance/result_summary.json');
  expect(length).toEqual({ requested_mean: 18, delivered_mean: 9 });
});
