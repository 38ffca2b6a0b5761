import { existsSync } from 'node:fs';
import { createServer } from 'node:net';
import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, expect, it } from 'vitest';
import { startRawServer } from '../engine/raw-server.ts';
import { chat, type FakeOptions, startFake } from '../probe/fake-servers.ts';
import { WENT_THROUGH, Workbench } from './program.ts';

const closing: (() => unknown)[] = [];
afterAll(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

function openBench(): Workbench {
  const bench = new Workbench();
  closing.push(() => bench.end());
  return bench;
}

async function fake(routes: FakeOptions['routes']) {
  const all = { 'POST /v1/chat/completions': chat(), ...routes };
  const server = await startFake({ routes: all, otherwise: () => ({ status: 404, body: 'no' }) });
  closing.push(() => server.close());
  return server;
}

const LOAD = ['--samples', '3', '--concurrency', '1'];

it.concurrent('a server that is not there is one sentence, before anything is written', async () => {
  const bench = openBench();
  const { code, stdout, stderr } = await bench.start(bench.runArgs('http://127.0.0.1:9', 2, ...LOAD))
    .finished;
  expect([code, stdout]).toEqual([3, '']);
  expect(stderr).toBe(
    'error: http://127.0.0.1:9 is not reachable (connection_refused: connect ECONNREFUSED 127.0.0.1:9): is it running? ' +
      '--wait-ready 5m waits for it; --no-check starts the run all the same\n',
  );
  expect(existsSync(bench.file('run'))).toBe(false);
});

it.concurrent('one of two endpoints that is not there is a warning', async () => {
  const bench = openBench();
  const { url } = await fake({});
  const args = bench.runArgs(url, 2, ...LOAD, '--endpoint', 'http://127.0.0.1:9');
  const { stdout, stderr } = await bench.start(args).finished;
  expect(stderr).toContain('warning: http://127.0.0.1:9 is not reachable');
  expect(stdout).toContain('3 issued = ');
});

it.concurrent.each([
  [
    { status: 401, body: { error: 'Unauthorized' } },
    'm',
    / requires a key \(HTTP 401\): set INFEROMETER_API_KEY/,
  ],
  [
    { status: 503, body: { error: { message: 'Loading model', code: 503 } } },
    'm',
    / is not ready \(HTTP 503: Loading model\): --wait-ready 5m waits for it/,
  ],
])('--check on: %j ends the run before it begins', async (answer, model, message) => {
  const bench = openBench();
  const { url, requests } = await fake({ 'GET /v1/models': answer });
  const args = bench.runArgs(url, 2, ...LOAD, '--check', 'on');
  const { code, stderr } = await bench.start(args).finished;
  expect([model, code]).toEqual(['m', 3]);
  expect(stderr).toMatch(message);
  expect(stderr.trim().split('\n')).toHaveLength(1);
  expect(requests.map(({ method }) => method)).toEqual(['GET']);
});

it.concurrent.each([
  [{ body: { data: [{ id: 'x' }, { id: 'y' }] } }, / does not list the model m; it lists x, y/],
  [{ body: { data: [{ id: 'm' }] } }, null],
  [{ status: 404, body: 'no such path' }, null],
  [{ status: 500, body: 'broken' }, null],
  [{ status: 403, body: 'not for you' }, null],
])('--check on: after %j the run goes on, and the check is in no number', async (answer, warning) => {
  const bench = openBench();
  const { url, requests } = await fake({ 'GET /v1/models': answer });
  const { code, stdout, stderr } = await bench.start(bench.runArgs(url, 2, ...LOAD, '--check', 'on'))
    .finished;
  expect(WENT_THROUGH, stderr).toContain(code);
  expect(stdout).toContain('3 issued = 3 succeeded');
  expect(requests.map(({ method }) => method)).toEqual(['GET', 'POST', 'POST', 'POST']);
  if (warning === null) expect(stderr).not.toContain('warning: http');
  else expect(stderr).toMatch(warning);
});

it.concurrent('away from a terminal a server gets no request but those of the run', async () => {
  const bench = openBench();
  const { url, requests } = await fake({});
  await bench.start(bench.runArgs(url, 2, ...LOAD)).finished;
  expect(requests.map(({ method }) => method)).toEqual(['POST', 'POST', 'POST']);
});

it.concurrent('--wait-ready waits for a server that starts, and loads', async () => {
  const bench = openBench();
  const placeholder = createServer();
  await once(placeholder.listen(0, '127.0.0.1'), 'listening');
  const { port } = placeholder.address() as AddressInfo;
  placeholder.close();
  const run = bench.start(bench.runArgs(`http://127.0.0.1:${port}`, 2, ...LOAD, '--wait-ready', '30s'));
  await run.waitForOutput(/waiting for http:\/\/127\.0\.0\.1:\d+: it is not reachable/);
  let asked = 0;
  const routes: FakeOptions['routes'] = {
    'GET /v1/models': () =>
      ++asked < 3
        ? { status: 503, body: { error: { message: 'Loading model' } } }
        : { body: { data: [{ id: 'm' }] } },
    'POST /v1/chat/completions': chat(),
  };
  const server = await startFake({ routes, otherwise: () => ({ status: 404, body: '' }), port });
  closing.push(() => server.close());
  const { code, stdout, stderr } = await run.finished;
  expect(WENT_THROUGH, stderr).toContain(code);
  expect(stderr).toContain('it is not ready (HTTP 503: Loading model)');
  expect(asked).toBe(3);
  expect(stdout).toContain('3 issued = 3 succeeded');
});

it.concurrent('a wait that is over, and one that is interrupted, end the run', async () => {
  const bench = openBench();
  const gone = await startRawServer(() => undefined);
  await gone.close();
  const over = await bench.start(bench.runArgs(gone.url, 2, ...LOAD, '--wait-ready', '600ms')).finished;
  expect([over.code, over.stderr]).toEqual([3, expect.stringContaining('is not reachable')]);
  const other = openBench();
  const waiting = other.start(other.runArgs(gone.url, 2, ...LOAD, '--wait-ready', '10m'));
  await waiting.waitForOutput(/waiting for http/);
  waiting.child.kill('SIGINT');
  expect((await waiting.finished).code).toBe(130);
});
