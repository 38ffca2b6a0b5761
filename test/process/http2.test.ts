import { writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, expect, it } from 'vitest';
import { TestAuthority } from '../engine/certificates.ts';
import { answerWith, startHttp2Server } from '../engine/http2-server.ts';
import { WENT_THROUGH, Workbench } from './program.ts';

const authority = new TestAuthority();
const closing: (() => unknown)[] = [() => authority.remove()];
afterAll(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

function openBench(): Workbench {
  const bench = new Workbench();
  closing.push(() => bench.end());
  return bench;
}

const MOCK = ['--ttft', 'fixed:5', '--inter-token', 'fixed:1', '--output-tokens', 'fixed:5'];

it.concurrent('a run over HTTP/2 has what one over HTTP/1.1 has, and few connections', async () => {
  const bench = openBench();
  const url = await bench.mock(...MOCK);
  const load = ['--samples', '60', '--rate', '200', '--pattern', 'poisson', '--workers', '1', '--http', '2'];
  const { code, stdout } = await bench.start(bench.runArgs(url, 20, ...load)).finished;
  expect(WENT_THROUGH).toContain(code);
  expect(stdout).toContain('60 issued = ');
  expect((await bench.samples()).map(({ error_type: type }) => type)).toEqual(Array(60).fill(''));
  const truth = await bench.truth(url);
  expect(truth.map(({ outcome, output_tokens: tokens }) => [outcome, tokens])).toEqual(
    Array(60).fill(['ok', 5]),
  );
  const { client } = bench.json<{ client: Record<string, number> }>('run/performance/result_summary.json');
  expect(client).toMatchObject({ connections_opened: 1, connect_failures: 0 });
  expect(stdout).toMatch(/TCP connect( +[\d.]+ .?s){4} +1\n/);
});

it.concurrent('conversations repeat what a server of HTTP/2 has said, over TLS', async () => {
  const bench = openBench();
  const server = await startHttp2Server(
    (exchange) => {
      const choice = {
        message: { role: 'assistant', content: `said ${exchange.nth}` },
        finish_reason: 'stop',
      };
      answerWith(exchange, JSON.stringify({ id: 'x', choices: [{ index: 0, ...choice }] }));
    },
    { tls: authority.sign('server') },
  );
  closing.push(() => server.close());
  writeFileSync(
    bench.file('talk.json'),
    JSON.stringify([
      {
        id: 't',
        conversations: ['one', 'two', 'three'].flatMap((value) => [
          { from: 'human', value },
          { from: 'gpt', value: 'recorded' },
        ]),
      },
    ]),
  );
  const { code } = await bench.start([
    ...[
      'run',
      '--endpoint',
      server.url,
      '--model',
      'm',
      '--dataset',
      bench.file('talk.json'),
      '--multi-turn',
    ],
    ...['--concurrency', '1', '--streaming', 'off', '--http', '2', '--ca', authority.caFile, '--request-id'],
    ...['--out', bench.file('run'), '--check', 'off'],
  ]).finished;
  expect(WENT_THROUGH).toContain(code);
  const contents = server.requests.map(({ body }) =>
    (JSON.parse(body) as { messages: { content: string }[] }).messages.map(({ content }) => content),
  );
  expect(contents.at(-1)).toEqual(['one', 'said 0', 'two', 'said 1', 'three']);
  expect(new Set(server.requests.map(({ headers }) => headers['x-request-id'])).size).toBe(3);
});

it.concurrent('a server without HTTP/2 is one sentence, before anything is sent', async () => {
  const bench = openBench();
  const server = createServer((_, response) => response.end('{}'));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => server.close());
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const { code, stderr } = await bench.start(bench.runArgs(url, 2, '--http', '2')).finished;
  expect([code, stderr]).toEqual([
    3,
    `error: ${url} is reachable, but the server does not speak HTTP/2 on this port: use --http 1; --no-check starts the run all the same\n`,
  ]);
});

it.concurrent('a probe tells whether a server speaks HTTP/2, and speaks it where told to', async () => {
  const bench = openBench();
  const url = await bench.mock(...MOCK);
  const told = await bench.start(['probe', url]).finished;
  expect(told.stdout).toMatch(/HTTP\/2: +yes: --http 2/);
  const { stdout } = await bench.start(['probe', url, '--http', '2', '--json']).finished;
  expect(JSON.parse(stdout)).toMatchObject({ http2: true, api: 'chat', streams: true, error: null });
  expect((JSON.parse(stdout) as { command: string }).command).toContain('--http 2');
});

it.concurrent('Ctrl-C cancels the streams that are open', async () => {
  const bench = openBench();
  const url = await bench.mock(...MOCK, '--fail', 'stall=1');
  const run = bench.start(bench.runArgs(url, 4, '--concurrency', '4', '--duration', '60s', '--http', '2'));
  await run.waitForOutput(/measuring/);
  await new Promise((resolve) => setTimeout(resolve, 500));
  run.child.kill('SIGINT');
  await new Promise((resolve) => setTimeout(resolve, 100));
  run.child.kill('SIGINT');
  const { stdout } = await run.finished;
  expect(stdout).toMatch(/4 issued = 0 succeeded .*4 cancelled/);
  const outcomes = (await bench.truth(url)).map(({ outcome }) => outcome);
  expect(outcomes).toEqual(Array(4).fill('stall'));
});
