import { once } from 'node:events';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { Workbench } from '../process/program.ts';

const SECRETS = {
  key: 'sk-4f/9a+77=Zq1',
  header: 'tenant/0042-private',
  query: 'fn/code+secret==',
} as const;
const QUERY = encodeURIComponent(SECRETS.query);

let bench: Workbench;
beforeEach(() => {
  bench = new Workbench();
});
afterEach(() => bench.end());

/** What a server says back, one after the other. */
function replies(): readonly ((text: string) => {
  status: number;
  type?: string;
  location?: string;
  body: string;
})[] {
  const letters = (text: string) =>
    [...text].map((c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
  const chunk = (delta: object) => `data: ${JSON.stringify({ choices: [{ index: 0, delta }] })}\n\n`;
  const stream = (...deltas: object[]) => ({
    status: 200,
    type: 'text/event-stream',
    body: `${deltas.map(chunk).join('')}data: [DONE]\n\n`,
  });
  return [
    (text) => ({ status: 401, body: `{"error":{"message":"bad key ${text}"}}` }),
    (text) => ({ status: 401, body: `no JSON: ${text.replaceAll('/', '\\/')}` }),
    (text) => ({ status: 500, body: `no JSON: ${letters(text).join('')} ${encodeURIComponent(text)}` }),
    (text) => ({
      status: 302,
      location: `https://login.example/?from=${encodeURIComponent(text)}`,
      body: '',
    }),
    (text) => stream({ content: `so: ${text.slice(0, 5)}` }, { content: `${text.slice(5)} it is` }),
    (text) => stream({ content: 'so: ' }, ...[...text].map((content) => ({ content }))),
    (text) =>
      stream(
        ...[...`{"k":"${letters(text).join('')}"}`].map((part) => ({
          tool_calls: [{ index: 0, type: 'function', function: { name: 'f', arguments: part } }],
        })),
      ),
  ];
}

it('secrets that a server sends back stand nowhere in a run, however they are written', async () => {
  let count = 0;
  const server = createServer((request, response) => {
    request.resume();
    const forms = replies();
    const secrets = Object.values(SECRETS);
    const reply = forms[count % forms.length]!(secrets[Math.floor(count / forms.length) % secrets.length]!);
    count += 1;
    response.writeHead(reply.status, {
      'content-type': reply.type ?? 'application/json',
      ...(reply.location === undefined ? {} : { location: reply.location }),
    });
    response.end(reply.body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const run = bench.start(
    [
      ...['run', '--endpoint', `http://127.0.0.1:${port}/v1?api-version=7&code=${QUERY}`, '--model', 'm'],
      ...[
        '--dataset',
        bench.dataset(30),
        '--samples',
        '42',
        '--concurrency',
        '1',
        '--out',
        bench.file('run'),
      ],
      ...['--header', `X-Tenant: ${SECRETS.header}`, '--events-jsonl', 'on'],
    ],
    { INFEROMETER_API_KEY: SECRETS.key },
  );
  const { stdout, stderr } = await run.finished;
  server.close();
  expect(count, stderr).toBeGreaterThanOrEqual(42);
  const texts = new Map([
    ['stdout', stdout],
    ['stderr', stderr],
  ]);
  for (const name of readdirSync(bench.file('run'), { recursive: true, encoding: 'utf8' })) {
    const path = join(bench.file('run'), name);
    if (statSync(path).isFile()) texts.set(name, readFileSync(path, 'latin1'));
  }
  expect([...texts.keys()]).toContain('run.log');
  for (const [name, text] of texts) {
    const plain = unescaped(text);
    for (const secret of Object.values(SECRETS)) {
      expect(plain.includes(secret), `${secret} in ${name}`).toBe(false);
      // Nor its second half, where the first was masked.
      expect(plain.includes(secret.slice(5)), `the end of ${secret} in ${name}`).toBe(false);
    }
  }
  expect(texts.get('config.yaml')).toContain('api-version=7');
  expect(texts.get('run.log')).toContain('so: ');
});

function unescaped(text: string): string {
  return text
    .replace(/\\+u00([\da-f]{2})/gi, (_escape, hex: string) => String.fromCharCode(parseInt(hex, 16)))
    .replace(/%([\da-f]{2})/gi, (_escape, hex: string) => String.fromCharCode(parseInt(hex, 16)))
    .replace(/\\+\//g, '/');
}
