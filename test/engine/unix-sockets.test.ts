import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, expect, test, vi } from 'vitest';
import { type EngineOptions, LocalEngine } from './harness.ts';
import {
  ANSWER,
  inChunks,
  startRawServer,
  STREAM_END,
  STREAM_HEAD,
  token,
  withLength,
} from './raw-server.ts';
import { SELF_SIGNED } from './self-signed.ts';

const place = mkdtempSync(join(tmpdir(), 'inferometer-unix-'));
const closing: (() => unknown)[] = [];

afterAll(() => rmSync(place, { recursive: true, force: true }));
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

function engineAt(url: string, options: Partial<EngineOptions> = {}): LocalEngine {
  const engine = new LocalEngine({ urls: [url], ...options });
  closing.push(() => engine.close());
  return engine;
}

test('requests go to a Unix socket, below the path behind it, on one connection', async () => {
  const answers = [withLength(ANSWER), inChunks(token('a') + token('b') + STREAM_END, 9, STREAM_HEAD)];
  const path = join(place, 'a b.sock');
  const server = await startRawServer(({ socket, nth }) => socket.write(answers[nth]!), undefined, path);
  closing.push(() => server.close());
  const engine = engineAt(`unix:${path}:/serve/v1?api-version=2`);
  const [whole, stream] = await engine.sendOneByOne(2);
  expect(whole!.output!.output).toBe('Hello wörld');
  expect(stream!.output!.output).toEqual(['a', 'b']);
  expect(server.accepted).toBe(1);
  expect(server.requests[0]!.text).toMatch(
    /^POST \/serve\/v1\/chat\/completions\?api-version=2 HTTP\/1\.1\r\nHost: localhost\r\n/,
  );
});

test('TLS goes over a Unix socket, too', async () => {
  const path = join(place, 'tls.sock');
  const server = await startRawServer(({ socket }) => socket.write(withLength(ANSWER)), SELF_SIGNED, path);
  closing.push(() => server.close());
  const [sample] = await engineAt(`https://unix:${path}`, { tlsVerify: false }).sendOneByOne();
  expect(sample!.error).toBeUndefined();
});

test('a request on a connection that the server closed meanwhile is sent again', async () => {
  const path = join(place, 'closes.sock');
  const server = await startRawServer(({ socket }) => socket.write(withLength(ANSWER)), undefined, path);
  closing.push(() => server.close());
  const engine = engineAt(`unix:${path}`);
  await engine.sendOneByOne();
  for (const socket of server.open) socket.destroy();
  await vi.waitUntil(() => server.open.size === 0, { interval: 2 });
  const [sample] = await engine.sendOneByOne();
  expect(sample!.error).toBeUndefined();
  expect(server.accepted).toBe(2);
});

test('hundreds of connections are opened at once', async () => {
  const path = join(place, 'busy.sock');
  const server = await startRawServer(({ socket }) => socket.write(withLength(ANSWER)), undefined, path);
  closing.push(() => server.close());
  const engine = engineAt(`unix:${path}`, { maxConnections: 300 });
  await engine.run({ pattern: 'burst' }, { maxSamples: 600 });
  expect(engine.samples().filter(({ error }) => error !== undefined)).toEqual([]);
});

test.each([
  ['that is not there', 'none.sock', () => undefined, 'connect_failed', /ENOENT.*is the server running/],
  ['that is a file', 'file', writeEmpty, 'connection_refused', /ECONNREFUSED.*no server listens on it/],
])('a socket %s', async (_, name, prepare, errorType, message) => {
  const path = join(place, name);
  prepare(path);
  const [sample] = await engineAt(`unix:${path}`).sendOneByOne();
  expect(sample!.error!.errorType).toBe(errorType);
  expect(sample!.error!.errorMessage).toMatch(message);
  expect(sample!.error!.errorMessage).toContain(path);
});

function writeEmpty(path: string): void {
  writeFileSync(path, '');
}
