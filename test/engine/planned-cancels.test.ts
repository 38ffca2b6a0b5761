import { afterEach, expect, test, vi } from 'vitest';
import { NS_PER_MS } from '../../src/core/time.ts';
import { type CancelSettings, PlannedCancels } from '../../src/engine/planned-cancels.ts';
import { LocalEngine, type SeenSample, ThreadedEngine } from './harness.ts';
import {
  ANSWER,
  type RawHandler,
  type RawServer,
  startRawServer,
  STREAM_HEAD,
  token,
  withLength,
} from './raw-server.ts';

const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function startServer(handle: RawHandler): Promise<RawServer> {
  const server = await startRawServer(handle);
  closing.push(() => server.close());
  return server;
}

function engineAt({ url }: RawServer, cancel: CancelSettings, streaming = false): LocalEngine {
  const engine = new LocalEngine({ urls: [url], cancel, streaming, seed: 7 });
  closing.push(() => engine.close());
  return engine;
}

const isCancelled = ({ error }: SeenSample) => error?.errorType === 'cancelled.planned';
const HALF: CancelSettings = { share: 0.5, after: { kind: 'fixed', ms: 100 } };

function seedOf(isWanted: (plan: PlannedCancels) => boolean): number {
  let seed = 0;
  while (!isWanted(new PlannedCancels(HALF, seed))) seed += 1;
  return seed;
}

const after = (ms: number) => ({ kind: 'fixed', ms }) as const;

test('a sample is cancelled its time after it was issued, with what it has got so far', async () => {
  const server = await startServer(({ socket }) =>
    socket.write(`${STREAM_HEAD}\r\nConnection: keep-alive\r\n\r\n${token('a')}`),
  );
  const engine = engineAt(server, { share: 1, after: after(100) }, true);
  const samples = await engine.sendOneByOne(3);
  for (const { topics, error, issuedNs, completedNs, output } of samples) {
    expect(topics).toEqual(['sample.issued', 'sample.recv_first', 'error.generic', 'sample.complete']);
    expect(error?.errorType).toBe('cancelled.planned');
    expect(output).toBeUndefined();
    // A timer of Node may be up to a ms early.
    expect(completedNs - issuedNs).toBeGreaterThan(98 * NS_PER_MS);
    expect(completedNs - issuedNs).toBeLessThan(2000 * NS_PER_MS);
  }
  // The client that stops waiting closes its connection.
  expect(server.accepted).toBe(3);
  await vi.waitUntil(() => server.open.size === 0, { timeout: 5000 });
});

test('a timer of one that was answered in time does not cancel the next on its connection', async () => {
  // By its seed sample 1 is cancelled after 100 ms unless it has ended, and sample 2 is not.
  const seed = seedOf((plan) => plan.delayMsOf(1) !== undefined && plan.delayMsOf(2) === undefined);
  const server = await startServer(({ socket, nth }) => {
    setTimeout(() => socket.write(withLength(ANSWER)), nth === 2 ? 200 : 5);
  });
  const engine = new LocalEngine({ urls: [server.url], cancel: HALF, seed });
  closing.push(() => engine.close());
  const samples = await engine.sendOneByOne(3);
  expect(samples.map(({ error }) => error)).toEqual([undefined, undefined, undefined]);
  expect(server.accepted).toBe(1);
});

test('the same samples are cancelled with any number of workers, as many as was said', async () => {
  const server = await startServer(({ socket }) => {
    setTimeout(() => socket.write(withLength(ANSWER)), 150);
  });
  const cancelledBy = async (workers: number) => {
    const cancel = { share: 0.3, after: { kind: 'uniform', leastMs: 1, mostMs: 20 } } as const;
    const engine = await ThreadedEngine.start({ urls: [server.url], workers, cancel, seed: 11 });
    closing.push(() => engine.close());
    await engine.run({ pattern: 'constant', ratePerSecond: 1000 }, { maxSamples: 200 });
    return engine
      .samples()
      .filter(isCancelled)
      .map(({ seq }) => seq);
  };
  const byOne = await cancelledBy(1);
  expect(await cancelledBy(3)).toEqual(byOne);
  expect(Math.abs(byOne.length - 60)).toBeLessThan(4 * Math.sqrt(200 * 0.3 * 0.7));
});

test('a cancellation of the run is another one', async () => {
  const server = await startServer(() => undefined);
  const engine = engineAt(server, { share: 1, after: after(60_000) });
  const running = engine.run({ pattern: 'concurrency', concurrency: 2 }, { maxSamples: 2 });
  await vi.waitUntil(() => server.requests.length === 2);
  engine.take({ kind: 'cancel' });
  await running;
  expect(engine.samples().map(({ error }) => error?.errorType)).toEqual(['cancelled', 'cancelled']);
});

test('a status of failure that has come says more', async () => {
  const server = await startServer(({ socket }) =>
    socket.write('HTTP/1.1 503 Service Unavailable\r\nContent-Length: 10\r\n\r\nwait'),
  );
  const [sample] = await engineAt(server, { share: 1, after: after(50) }).sendOneByOne();
  expect(sample!.error?.errorType).toBe('http_503');
});
