import { once } from 'node:events';
import { type AddressInfo, connect, createServer } from 'node:net';
import { afterEach, expect, test } from 'vitest';
import { LocalEngine } from './harness.ts';
import { ANSWER, startRawServer, withLength } from './raw-server.ts';
import { SELF_SIGNED } from './self-signed.ts';

const HELD_BACK_MS = 150;
const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

/** A TLS server behind a relay that passes nothing on for a while: TCP stands at once, the handshake takes that long. */
async function slowHandshakes() {
  const server = await startRawServer(({ socket }) => socket.write(withLength(ANSWER)), SELF_SIGNED);
  const relay = createServer((socket) => {
    const onward = connect(server.port, '127.0.0.1');
    for (const end of [socket, onward]) end.on('error', () => end.destroy());
    socket.on('close', () => onward.destroy());
    onward.pipe(socket);
    setTimeout(() => socket.pipe(onward), HELD_BACK_MS);
  });
  relay.listen(0, '127.0.0.1');
  await once(relay, 'listening');
  closing.push(
    () => server.close(),
    () => relay.close(),
  );
  return { server, url: `https://127.0.0.1:${(relay.address() as AddressInfo).port}` };
}

function engineAt(url: string): LocalEngine {
  const engine = new LocalEngine({ urls: [url], connections: 'new', tlsVerify: false, maxConnections: 3 });
  closing.push(() => engine.close());
  return engine;
}

test('a sample has the whole of its own handshake in its times', async () => {
  const { server, url } = await slowHandshakes();
  const engine = engineAt(url);
  expect(await engine.warm(2)).toMatchObject({ opened: 0, failed: 0 });
  for (const { issuedNs, completedNs, dueNs, error } of await engine.sendOneByOne(3)) {
    expect(error).toBeUndefined();
    expect(dueNs).toBe(issuedNs);
    expect(completedNs - issuedNs).toBeGreaterThan(HELD_BACK_MS * 1e6);
  }
  expect(server.accepted).toBe(3);
});

test('a server that would keep connections alive gets a new one for each sample all the same', async () => {
  const server = await startRawServer(({ socket }) => socket.write(withLength(ANSWER)));
  closing.push(() => server.close());
  const engine = engineAt(server.url);
  await engine.run({ pattern: 'constant', ratePerSecond: 1000 }, { maxSamples: 50 });
  expect(server.accepted).toBe(50);
  expect(new Set(server.requests.map(({ connection }) => connection)).size).toBe(50);
  for (const { issuedNs, dueNs, completedNs } of engine.samples()) {
    expect(issuedNs).toBeGreaterThanOrEqual(dueNs);
    expect(completedNs).toBeGreaterThan(issuedNs);
  }
});

test('what is cancelled while it connects was not sent, and its connection is not used', async () => {
  const { url } = await slowHandshakes();
  const engine = engineAt(url);
  const phase = engine.run({ pattern: 'concurrency', concurrency: 3 }, { maxSamples: 3 });
  engine.take({ kind: 'stop' });
  engine.take({ kind: 'cancel' });
  expect(await phase).toBe(3);
  expect(engine.samples().map(({ topics }) => topics)).toEqual(Array(3).fill(['sample.not_sent']));
  const [sample] = await engine.sendOneByOne();
  expect(sample!.error).toBeUndefined();
});
