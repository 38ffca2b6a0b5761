import { expect, test } from 'vitest';
import { DONE, END, finish, give, play, usage, word, HANG } from './scripted-answer.ts';
import { LocalEngine } from '../engine/harness.ts';
import { startRawServer } from '../engine/raw-server.ts';

const good = { steps: [word('a '), word('b '), ...END] };

test('a server that closes behind each response, unannounced, fails no sample and sees each request once', async () => {
  const server = await startRawServer(({ socket }) => {
    void give(socket, good).then(() => socket.end(() => socket.destroy()));
  });
  const engine = new LocalEngine({ urls: [server.url], streaming: true, maxConnections: 8 });
  try {
    await engine.run({ pattern: 'concurrency', concurrency: 4 }, { maxSamples: 80 });
    const samples = engine.samples();
    expect(samples.filter(({ error }) => error !== undefined)).toEqual([]);
    expect(samples).toHaveLength(80);
    expect(server.requests).toHaveLength(80);
    expect(engine.health.at(-1)).toMatchObject({ singleUseEndpoints: 1 });
  } finally {
    engine.close();
    await server.close();
  }
});

test('a request that was read and not answered has failed, and is not sent again', async () => {
  const { samples, server } = await play(
    ({ nth, socket }) => {
      if (nth === 0) return good;
      setTimeout(() => socket.end(), 30);
      return undefined;
    },
    { count: 6 },
  );
  const types = samples.map(({ error }) => error?.errorType);
  expect(types).toEqual([
    undefined,
    'connection_reset',
    undefined,
    'connection_reset',
    undefined,
    'connection_reset',
  ]);
  expect(server.requests).toHaveLength(6);
});

test('a request whose connection is reset long after it was sent has failed: a proxy may have given up on it', async () => {
  const { samples, server } = await play(
    ({ nth, socket }) => {
      if (nth === 0) return good;
      setTimeout(() => socket.resetAndDestroy(), 1200);
      return undefined;
    },
    { count: 2 },
  );
  expect(samples.map(({ error }) => error?.errorType)).toEqual([undefined, 'connection_reset']);
  expect(server.requests).toHaveLength(2);
});

test('a connection whose message did not end in time is not used again', async () => {
  const { samples, server } = await play({ steps: [...good.steps, HANG] }, { count: 3 });
  expect(samples.map(({ error }) => error)).toEqual([undefined, undefined, undefined]);
  expect(server.accepted).toBe(3);
});

test('a message that ends soon behind the terminator leaves its connection usable', async () => {
  const { samples, server } = await play(
    { steps: [word('a '), finish(), usage(4, 1), DONE, 1] },
    { count: 3 },
  );
  expect(samples.map(({ error }) => error)).toEqual([undefined, undefined, undefined]);
  expect(server.accepted).toBe(1);
});

test('messages behind the terminator are counted', async () => {
  const server = await startRawServer(({ socket }) => {
    void give(socket, { steps: [...good.steps, word('stray')] });
  });
  const engine = new LocalEngine({ urls: [server.url], streaming: true });
  try {
    await engine.sendOneByOne(2);
    expect(engine.health.at(-1)).toMatchObject({ strayMessages: 2 });
  } finally {
    engine.close();
    await server.close();
  }
});

test.each(['with its end', 'by a reset'])(
  'a status that comes while the request is being sent is reported: %s',
  async (how) => {
    const refuse = 'HTTP/1.1 413 Too Large\r\nContent-Type: application/json\r\nConnection: close\r\n';
    const body = '{"error":{"message":"the body is too large"}}';
    const { createServer } = await import('node:net');
    const server = createServer({ allowHalfOpen: true }, (socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => {
        socket.pause();
        if (how === 'with its end') socket.end(`${refuse}Content-Length: ${body.length}\r\n\r\n${body}`);
        else socket.write(`${refuse}\r\n${body}`, () => setTimeout(() => socket.resetAndDestroy(), 10));
        if (how === 'with its end') setTimeout(() => socket.destroy(), 60);
      });
    });
    await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening));
    const address = server.address() as { port: number };
    const engine = new LocalEngine({
      urls: [`http://127.0.0.1:${address.port}`],
      rows: [{ prompt: 'word '.repeat(2_000_000) }],
      requestTimeoutMs: 5000,
    });
    try {
      const samples = await engine.sendOneByOne(3);
      expect(samples.map(({ error }) => error?.errorType)).toEqual(['http_413', 'http_413', 'http_413']);
      expect(samples[0]!.error?.errorMessage).toContain('too large');
    } finally {
      engine.close();
      await new Promise((closed) => server.close(closed));
    }
  },
);
