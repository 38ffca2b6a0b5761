import { afterEach, expect, test } from 'vitest';
import { CONNECTION_STAGES, type ConnectionStage } from '../../src/core/connection-stages.ts';
import { parseProxy } from '../../src/protocol/proxy.ts';
import { startMockServer } from '../../src/testing/mock-server.ts';
import { startConnectProxy } from './connect-proxy.ts';
import { type EngineOptions, LocalEngine } from './harness.ts';
import { SELF_SIGNED } from './self-signed.ts';

const closing: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function serve(secure: boolean, ttftMs = 1) {
  const server = await startMockServer({
    latency: { ttftMs: { kind: 'fixed', value: ttftMs }, outputTokens: { kind: 'fixed', value: 1 } },
    ...(secure ? { tls: SELF_SIGNED } : {}),
  });
  closing.push(() => server.close());
  return server;
}

/** How often each stage was timed in a run of so many requests, four at a time. */
async function countsOf(url: string, options: Partial<EngineOptions>, samples = 12) {
  const engine = new LocalEngine({ urls: [url], tlsVerify: false, maxConnections: 4, ...options });
  closing.push(() => engine.close());
  await engine.warm(4);
  await engine.run({ pattern: 'concurrency', concurrency: 4 }, { maxSamples: samples });
  expect(engine.samples().filter(({ error }) => error !== undefined)).toEqual([]);
  const counts: Partial<Record<ConnectionStage, number>> = {};
  for (const stage of CONNECTION_STAGES) {
    const tookNs = engine.health.flatMap(({ connectionTimes }) => connectionTimes[stage] ?? []);
    expect(tookNs.every((ns) => Number.isInteger(ns) && ns > 0 && ns < 5e9)).toBe(true);
    if (tookNs.length > 0) counts[stage] = tookNs.length;
  }
  return counts;
}

test.each([
  ['HTTP/1.1', { http: 1 }, 4],
  ['HTTP/2', { http: 2 }, 1],
  ['HTTP/1.1 without reuse', { http: 1, connections: 'new' }, 12],
] as const)('each connection is timed once, stage by stage: %s', async (_, options, connections) => {
  const plain = await serve(false);
  const sent = { tcp_connect: connections, request_sent: connections };
  expect(await countsOf(plain.url, options)).toEqual(sent);
  const secure = await serve(true);
  expect(await countsOf(secure.url, options)).toEqual({ ...sent, tls_handshake: connections });
});

test('a name is looked up once, however many connections it is for', async () => {
  const { port } = await serve(false);
  const counts = await countsOf(`http://localhost:${port}`, {});
  expect(counts).toEqual({ dns_lookup: 1, tcp_connect: 4, request_sent: 4 });
});

test('behind a proxy, TCP is that to the proxy, and TLS that to the server', async () => {
  const proxy = await startConnectProxy();
  closing.push(() => proxy.close());
  const { url } = await serve(true);
  for (const [http, connections] of [[1, 4] as const, [2, 1] as const]) {
    expect(await countsOf(url, { http, proxies: [parseProxy(proxy.url)] })).toEqual({
      tcp_connect: connections,
      tls_handshake: connections,
      request_sent: connections,
    });
  }
});

test('a request that the server takes long to answer is sent as quickly as any', async () => {
  const { url } = await serve(false, 300);
  const engine = new LocalEngine({ urls: [url] });
  closing.push(() => engine.close());
  const [sample] = await engine.sendOneByOne();
  const [sentNs] = engine.health.flatMap(({ connectionTimes }) => connectionTimes.request_sent ?? []);
  // What the server took comes on top of it. A timer may be a ms early.
  expect(sentNs).toBeLessThan(sample!.completedNs - sample!.issuedNs - 299e6);
});
