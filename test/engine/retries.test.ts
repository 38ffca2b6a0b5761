import { afterEach, expect, test, vi } from 'vitest';
import { NS_PER_MS } from '../../src/core/time.ts';
import type { RetrySettings } from '../../src/engine/retry-rules.ts';
import { type EngineOptions, LocalEngine } from './harness.ts';
import { ANSWER, type RawHandler, type RawServer, startRawServer, withLength } from './raw-server.ts';

const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function against(
  handle: RawHandler,
  retry: RetrySettings,
  options: Omit<EngineOptions, 'urls'> = {},
): Promise<{ readonly engine: LocalEngine; readonly server: RawServer }> {
  const server = await startRawServer(handle);
  const engine = new LocalEngine({ urls: [server.url], retry, seed: 7, ...options });
  closing.push(
    () => server.close(),
    () => engine.close(),
  );
  return { engine, server };
}

const busy = (retryAfter: string) =>
  `HTTP/1.1 429 Too Many Requests\r\nRetry-After: ${retryAfter}\r\nContent-Length: 0\r\n\r\n`;

test('each attempt is an event, and the sample is one', async () => {
  let requests = 0;
  const { engine } = await against(
    ({ socket }) => socket.write(++requests < 3 ? busy('0') : withLength(ANSWER)),
    { on: ['429'], max: 3 },
  );
  const [sample] = await engine.sendOneByOne();
  expect(sample!.topics).toEqual([
    ...[
      'sample.issued',
      'sample.attempt_failed',
      'sample.retried',
      'sample.attempt_failed',
      'sample.retried',
    ],
    'sample.complete',
  ]);
  const attempts = engine.events.filter(({ topic }) => /attempt|retried/.test(topic));
  expect(attempts.map(({ extras: [attempt] }) => attempt)).toEqual([1, 2, 2, 3]);
  expect(attempts[0]!.error?.errorType).toBe('http_429');
  expect(attempts[0]!.extras[1]).toBe(0);
  expect(attempts.map(({ atNs }) => atNs)).toEqual(attempts.map(({ atNs }) => atNs).sort((a, b) => a - b));
  expect(sample!.error).toBeUndefined();
  expect(sample!.completedNs).toBeGreaterThan(attempts[3]!.atNs);
});

test('a back-off is longer each time, and the same for the same seed', async () => {
  const waits = [];
  for (let run = 0; run < 2; run++) {
    const { engine } = await against(({ socket }) => socket.destroy(), { on: ['connection_reset'], max: 1 });
    const [sample] = await engine.sendOneByOne();
    expect(sample!.error?.errorType).toBe('connection_reset');
    const [failed, again] = engine.events.filter(({ topic }) => /attempt|retried/.test(topic));
    const waitNs = failed!.extras[1]!;
    expect(again!.atNs - failed!.atNs).toBeGreaterThan(waitNs - 2 * NS_PER_MS);
    waits.push(waitNs);
  }
  expect(waits[0]).toBeGreaterThan(374 * NS_PER_MS);
  expect(waits[1]).toBe(waits[0]);
});

test('a sample that waits for a connection to be sent again is cancelled by a stop: it was sent before', async () => {
  let requests = 0;
  const { engine, server } = await against(
    ({ socket }) => {
      if (++requests === 1) socket.write(busy('0'));
    },
    { on: ['429'], max: 3 },
    { maxConnections: 1 },
  );
  const phase = engine.start({ pattern: 'constant', ratePerSecond: 1000 }, { maxSamples: 3 });
  await vi.waitUntil(() => server.requests.length === 2, { interval: 2, timeout: 15_000 });
  await new Promise((resolve) => setTimeout(resolve, 50));
  engine.take({ kind: 'stop' });
  engine.take({ kind: 'cancel' });
  expect(await phase).toBe(3);
  expect(engine.samples().map(({ topics }) => topics)).toEqual([
    ['sample.issued', 'sample.attempt_failed', 'error.generic', 'sample.complete'],
    ['sample.issued', 'error.generic', 'sample.complete'],
    ['sample.not_sent'],
  ]);
  expect(engine.samples()[0]!.error?.errorType).toBe('cancelled');
});

test('a cancellation by plan counts from the first attempt also when a later one is under way', async () => {
  let requests = 0;
  const { engine } = await against(
    ({ socket }) => {
      if (++requests === 1) setTimeout(() => socket.write(busy('0')), 700);
    },
    { on: ['429'], max: 3 },
    { cancel: { share: 1, after: { kind: 'fixed', ms: 1000 } } },
  );
  const [sample] = await engine.sendOneByOne();
  expect(sample!.error?.errorType).toBe('cancelled.planned');
  expect(sample!.topics).toContain('sample.retried');
  const latencyMs = (sample!.completedNs - sample!.issuedNs) / NS_PER_MS;
  expect(latencyMs).toBeGreaterThan(995);
  expect(latencyMs).toBeLessThan(1690);
});

test('the time-out of a request is that of each attempt', async () => {
  const { engine, server } = await against(
    () => undefined,
    { on: ['timeout'], max: 1 },
    { requestTimeoutMs: 150 },
  );
  const [sample] = await engine.sendOneByOne();
  expect(server.requests).toHaveLength(2);
  expect(sample!.error?.errorType).toBe('timeout');
  expect(sample!.completedNs - sample!.issuedNs).toBeGreaterThan((150 + 374 + 150) * NS_PER_MS);
});
