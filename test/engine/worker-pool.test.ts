import { afterEach, describe, expect, test, vi } from 'vitest';
import { WorkerPool } from '../../src/engine/worker-pool.ts';
import { type EngineOptions, type SeenSample, settingsOf, ThreadedEngine } from './harness.ts';
import { ANSWER, type RawHandler, type RawServer, startRawServer, withLength } from './raw-server.ts';

const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function serverOf(handle: RawHandler): Promise<RawServer> {
  const server = await startRawServer(handle);
  closing.push(() => server.close());
  return server;
}

async function engineOf(options: EngineOptions): Promise<ThreadedEngine> {
  const engine = await ThreadedEngine.start(options);
  closing.push(() => engine.close());
  return engine;
}

const answer: RawHandler = ({ socket }) => socket.write(withLength(ANSWER));

/** Samples 0 to `count` − 1, each issued and ended exactly once. */
function expectWhole(samples: readonly SeenSample[], count: number): void {
  expect(samples.map(({ seq }) => seq)).toEqual(Array.from({ length: count }, (_, index) => index));
  for (const { topics } of samples) {
    expect(topics[0]).toBe('sample.issued');
    expect(topics.at(-1)).toBe('sample.complete');
    expect(topics.filter((topic) => topic === 'sample.issued' || topic === 'sample.complete')).toHaveLength(
      2,
    );
  }
}

/** The most samples that were in flight at once, by the stamps. */
function mostInFlight(samples: readonly SeenSample[]): number {
  const changes = samples
    .flatMap(({ issuedNs, completedNs }) => [
      { atNs: issuedNs, by: 1 },
      { atNs: completedNs, by: -1 },
    ])
    .sort((a, b) => a.atNs - b.atNs || a.by - b.by);
  let inFlight = 0;
  return Math.max(...changes.map(({ by }) => (inFlight += by)));
}

describe('closed loop over three workers', () => {
  test('keeps to the concurrency, and numbers samples without a hole', async () => {
    const server = await serverOf((request) => setTimeout(() => answer(request), 1));
    const engine = await engineOf({ urls: [server.url], workers: 3 });
    const outcome = await engine.run({ pattern: 'concurrency', concurrency: 7 }, { maxSamples: 300 });
    expect(outcome).toMatchObject({ tickets: 300, endedBy: 'count' });
    const samples = engine.samples();
    expectWhole(samples, 300);
    expect(samples.map(({ row }) => row)).toEqual(samples.map(({ seq }) => seq % 3));
    expect(mostInFlight(samples)).toBeLessThanOrEqual(7);
    expect(new Set(engine.events.map(({ worker }) => worker)).size).toBe(3);
    expect(engine.pool.counts()).toEqual({
      ...{ issued: 300, completed: 300, succeeded: 300, errored: 0 },
      ...{ inFlight: 0, waiting: 0, lastReadMs: 0 },
    });
  });

  test('with fewer slots than workers leaves some without work, and ends', async () => {
    const server = await serverOf(answer);
    const engine = await engineOf({ urls: [server.url], workers: 3 });
    const outcome = await engine.run({ pattern: 'concurrency', concurrency: 2 }, { maxSamples: 20 });
    expect(outcome).toMatchObject({ tickets: 20, endedBy: 'count' });
    expectWhole(engine.samples(), 20);
    expect(mostInFlight(engine.samples())).toBeLessThanOrEqual(2);
  });

  test('ends by duration, phase after phase with numbers that go on', async () => {
    const server = await serverOf((request) => setTimeout(() => answer(request), 2));
    const engine = await engineOf({ urls: [server.url], workers: 2 });
    const first = await engine.run({ pattern: 'concurrency', concurrency: 4 }, { maxDurationMs: 60 });
    const second = await engine.run({ pattern: 'burst' }, { maxSamples: 200 });
    expect(first.endedBy).toBe('duration');
    expect(second).toMatchObject({ tickets: 200, endedBy: 'count' });
    expectWhole(engine.samples(), first.tickets + 200);
    expect(server.open.size).toBeLessThanOrEqual(64);
  });
});

describe('open loop', () => {
  test('shares out arrivals, keeps their due times and sends to endpoints in turn', async () => {
    const servers = [await serverOf(answer), await serverOf(answer)];
    const engine = await engineOf({ urls: servers.map(({ url }) => url), workers: 2, pacing: 'precise' });
    expect(await engine.pool.warm(8)).toEqual({ opened: 8, failed: 0, failure: undefined });
    const outcome = await engine.run({ pattern: 'constant', ratePerSecond: 500 }, { maxDurationMs: 200 });
    expect(outcome).toMatchObject({ tickets: 100, endedBy: 'duration' });
    const samples = engine.samples();
    expectWhole(samples, 100);
    const [{ dueNs: firstNs }] = samples as [SeenSample];
    for (const { seq, dueNs, issuedNs } of samples) {
      expect(dueNs - firstNs).toBe(seq * 2e6);
      expect(issuedNs).toBeGreaterThanOrEqual(dueNs);
    }
    for (const server of servers) {
      expect(server.requests).toHaveLength(50);
      for (const { text } of server.requests) expect(text).toContain(`Host: 127.0.0.1:${server.port}`);
    }
  });

  test('keeps the connections of every worker to every endpoint in use', async () => {
    const waiting: (() => void)[] = [];
    const hold: RawHandler = (request) => waiting.push(() => void answer(request));
    const servers = [await serverOf(hold), await serverOf(hold)];
    const engine = await engineOf({ urls: servers.map(({ url }) => url), workers: 2, maxConnections: 8 });
    const run = engine.start({ pattern: 'constant', ratePerSecond: 1000 }, { maxSamples: 8 });
    await vi.waitUntil(() => waiting.length === 8, { interval: 1, timeout: 15_000 });
    for (const go of waiting) go();
    await run.finished;
    // Those that found no connection would have made the others time out first.
    expect(engine.samples().map(({ error }) => error)).toEqual(Array(8).fill(undefined));
    for (const server of servers) expect(server.requests).toHaveLength(4);
  });

  test('that a server holds up waits for a connection, and the wait is issue delay', async () => {
    const server = await serverOf((request) => setTimeout(() => answer(request), 40));
    const engine = await engineOf({ urls: [server.url], maxConnections: 1 });
    await engine.run({ pattern: 'constant', ratePerSecond: 1000 }, { maxSamples: 6 });
    const samples = engine.samples();
    expectWhole(samples, 6);
    expect(mostInFlight(samples)).toBe(1);
    expect(samples.map(({ dueNs }) => dueNs - samples[0]!.dueNs)).toEqual([0, 1e6, 2e6, 3e6, 4e6, 5e6]);
    for (const [index, { issuedNs }] of samples.entries()) {
      if (index > 0) expect(issuedNs).toBeGreaterThanOrEqual(samples[index - 1]!.completedNs);
    }
  });
});

test('a stop ends issuing at once and lets what is in flight end', async () => {
  const waiting: (() => void)[] = [];
  const server = await serverOf((request) => waiting.push(() => void answer(request)));
  const engine = await engineOf({ urls: [server.url], workers: 2 });
  const run = engine.start({ pattern: 'concurrency', concurrency: 6 }, { maxSamples: 1000 });
  await vi.waitUntil(() => waiting.length === 6, { interval: 1, timeout: 15_000 });
  // The server may be told before the counter is.
  await vi.waitUntil(() => engine.pool.counts().inFlight === 6, { interval: 1, timeout: 15_000 });
  engine.pool.stopIssuing();
  await run.issuingDone;
  for (const go of waiting) go();
  expect(await run.finished).toMatchObject({ tickets: 6, endedBy: 'stop' });
  expectWhole(engine.samples(), 6);
  expect(engine.samples().every(({ error }) => error === undefined)).toBe(true);
});

test('cancelling after a stop ends everything; the pool can go on', async () => {
  let isSilent = true;
  const server = await serverOf((request) => {
    if (!isSilent) answer(request);
  });
  const engine = await engineOf({ urls: [server.url], workers: 2 });
  const run = engine.start({ pattern: 'burst' }, { maxSamples: 500 });
  await vi.waitUntil(() => server.requests.length === 64, { interval: 1, timeout: 15_000 });
  engine.pool.stopIssuing();
  engine.pool.cancelInFlight();
  expect(await run.finished).toMatchObject({ tickets: 64, endedBy: 'stop' });
  expectWhole(engine.samples(), 64);
  expect(engine.samples().map(({ error }) => error?.errorType)).toEqual(Array(64).fill('cancelled'));
  isSilent = false;
  engine.events.length = 0;
  expect(await engine.run({ pattern: 'burst' }, { maxSamples: 64 })).toEqual({
    ...{ tickets: 64, conversations: 0, cutOff: 0, sent: 64, notSent: 0 },
    endedBy: 'count',
    hasStoppedMeasuring: false,
  });
  expectWhole(engine.samples(), 64);
});

test('has no more workers than connections allow', async () => {
  const server = await serverOf(answer);
  const engine = await engineOf({ urls: [server.url, server.url], workers: 4, maxConnections: 5 });
  expect(engine.pool.workerCount).toBe(2);
});

test('tells of its health', async () => {
  const server = await serverOf(answer);
  const engine = await engineOf({ urls: [server.url] });
  await engine.pool.warm(2);
  await vi.waitUntil(() => engine.health.length > 0, { timeout: 15_000 });
  const [health] = engine.health;
  expect(health).toMatchObject({ connectionsOpened: 2, connectFailures: 0 });
  expect(health!.loopDelayMaxMs).toBeGreaterThanOrEqual(health!.loopDelayP99Ms);
  expect(health!.cpuShare).toBeGreaterThan(0);
  await engine.run({ pattern: 'burst' }, { maxSamples: 5000 });
  expect(engine.health.reduce((sum, { events }) => sum + events, 0)).toBe(engine.events.length);
});

test('a worker that dies is reported; the others cancel what they have, and the phase is rejected', async () => {
  const server = await serverOf(() => undefined);
  const engine = await engineOf({ urls: [server.url], workers: 2 });
  // The plan knows more rows than there are requests: whoever draws the fourth ticket dies.
  const run = engine.start({ pattern: 'burst' }, { maxSamples: 10 }, 10);
  await expect(run.finished).rejects.toThrow(/engine worker \d died: request arena: the row must be 0 to/);
  await run.issuingDone;
  expect(engine.deaths.map(({ message }) => message)).toEqual([expect.stringContaining('died')]);
  for (const { error } of engine.samples()) expect(error?.errorType ?? 'cancelled').toBe('cancelled');
  await expect(engine.start({ pattern: 'burst' }, { maxSamples: 1 }).finished).rejects.toThrow('died');
});

test('a worker that cannot start rejects the start', async () => {
  const server = await serverOf(answer);
  const settings = { ...settingsOf({ urls: [server.url] }), arenas: [] };
  const handlers = { onFrame: vi.fn(), onHealth: vi.fn(), onWorkerDied: vi.fn() };
  await expect(WorkerPool.start(settings, handlers)).rejects.toThrow(/engine worker 0 died/);
});
