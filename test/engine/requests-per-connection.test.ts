import { afterEach, expect, test } from 'vitest';
import { LocalEngine } from './harness.ts';
import {
  ANSWER,
  inChunks,
  type RawHandler,
  startRawServer,
  STREAM,
  STREAM_HEAD,
  withLength,
} from './raw-server.ts';

const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function startServer(handle: RawHandler) {
  const server = await startRawServer(handle);
  closing.push(() => server.close());
  return server;
}

function engineAt(url: string, requestsPerConnection?: number, streaming = false): LocalEngine {
  const engine = new LocalEngine({ urls: [url], requestsPerConnection, streaming, maxConnections: 4 });
  closing.push(() => engine.close());
  return engine;
}

/** Requests on each connection, in the order in which these were accepted. */
function requestsOf({ requests, accepted }: Awaited<ReturnType<typeof startServer>>): readonly number[] {
  const counts = Array<number>(accepted).fill(0);
  for (const { connection } of requests) counts[connection]! += 1;
  return counts;
}

test('a connection is closed behind its last response, and the next request opens another', async () => {
  const server = await startServer(({ socket }) => socket.write(withLength(ANSWER)));
  const engine = engineAt(server.url, 3);
  const samples = await engine.sendOneByOne(10);
  expect(samples.map(({ error }) => error)).toEqual(Array(10).fill(undefined));
  expect(requestsOf(server)).toEqual([3, 3, 3, 1]);
  const [, , ...later] = samples;
  for (const { issuedNs, dueNs } of later) expect(issuedNs).toBe(dueNs);
  // Every request asks for the connection to be kept: what the server sees differs only in where it ends.
  for (const { text } of server.requests) expect(text).not.toMatch(/connection: close/i);
});

test('no connection takes more, however many there are, and none that opens is wasted', async () => {
  const server = await startServer(({ socket }) => socket.write(inChunks(STREAM, 1e6, STREAM_HEAD)));
  const engine = engineAt(server.url, 5, true);
  await engine.warm(4);
  await engine.run({ pattern: 'concurrency', concurrency: 4 }, { maxSamples: 200 });
  expect(engine.samples().filter(({ error }) => error !== undefined)).toEqual([]);
  const counts = requestsOf(server);
  expect(Math.max(...counts)).toBe(5);
  expect(counts.reduce((sum, count) => sum + count)).toBe(200);
  // Only those in use at the end may have had fewer.
  expect(counts.length).toBeLessThanOrEqual(200 / 5 + 4);
});

test('of one request each, connecting is before issued', async () => {
  const server = await startServer(({ socket }) => socket.write(withLength(ANSWER)));
  const engine = engineAt(server.url, 1);
  await engine.run({ pattern: 'constant', ratePerSecond: 500 }, { maxSamples: 20 });
  expect(requestsOf(server)).toEqual(Array(20).fill(1));
  for (const { issuedNs, dueNs } of engine.samples()) expect(issuedNs).toBeGreaterThan(dueNs);
});

test('without a number a connection goes on', async () => {
  const server = await startServer(({ socket }) => socket.write(withLength(ANSWER)));
  await engineAt(server.url).sendOneByOne(50);
  expect(requestsOf(server)).toEqual([50]);
});
