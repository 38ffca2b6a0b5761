import { type AddressInfo, createServer } from 'node:net';
import { once } from 'node:events';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { MAX_ANSWER_BYTES } from '../../src/protocol/adapter.ts';
import { type EngineOptions, LocalEngine } from './harness.ts';
import {
  ANSWER,
  inChunks,
  type RawHandler,
  type RawServer,
  startRawServer,
  STREAM_END,
  STREAM_HEAD,
  token,
  withLength,
} from './raw-server.ts';
import { SELF_SIGNED } from './self-signed.ts';

const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

function engineAt(url: string, options: Partial<EngineOptions> = {}): LocalEngine {
  const engine = new LocalEngine({ urls: [url], ...options });
  closing.push(() => engine.close());
  return engine;
}

async function against(handle: RawHandler, options: Partial<EngineOptions> = {}): Promise<LocalEngine> {
  const server = await startRawServer(handle);
  closing.push(() => server.close());
  return engineAt(server.url, options);
}

/** Waits until the server has so many connections. */
async function untilOpen(server: RawServer, connections: number): Promise<void> {
  await vi.waitUntil(() => server.open.size === connections, { interval: 2, timeout: 15_000 });
}

/** One request that fails: issued, error, complete without data. */
async function failureOf(engine: LocalEngine) {
  const [sample] = await engine.sendOneByOne();
  expect(sample!.topics.filter((topic) => !topic.startsWith('sample.recv'))).toEqual([
    'sample.issued',
    'error.generic',
    'sample.complete',
  ]);
  expect(sample!.output).toBeUndefined();
  expect(sample!.finishReason).toBeUndefined();
  expect(sample!.completedNs).toBeGreaterThanOrEqual(sample!.issuedNs);
  return sample!.error!;
}

const AN_ERROR_FRAME = 'data: {"error": {"message": "out of memory"}}\n\n';
const JSON_HEAD = 'HTTP/1.1 200 OK\r\nContent-Type: application/json';

describe('an answer that is none', () => {
  test.each([
    ['status 503', false, withLength('no room', 'HTTP/1.1 503 Busy'), 'http_503', 'HTTP 503: no room'],
    [
      'status 503 to a stream',
      true,
      withLength('no room', 'HTTP/1.1 503 Busy'),
      'http_503',
      'HTTP 503: no room',
    ],
    ['status 503 without a body', false, withLength('', 'HTTP/1.1 503 Busy'), 'http_503', 'HTTP 503'],
    [
      'status 404 names what was requested',
      false,
      withLength('no page', 'HTTP/1.1 404 Not Found'),
      'http_404',
      'HTTP 404 (POST /v1/chat/completions): no page',
    ],
    [
      'status 405 likewise',
      false,
      withLength('', 'HTTP/1.1 405 Method Not Allowed'),
      'http_405',
      'HTTP 405 (POST /v1/chat/completions)',
    ],
    ['a redirect', false, withLength('', 'HTTP/1.1 302 Found\r\nLocation: /'), 'http_302', 'HTTP 302'],
    ['no body', false, withLength(''), 'malformed_response', 'nothing'],
    ['204', false, 'HTTP/1.1 204 No Content\r\n\r\n', 'malformed_response', 'nothing'],
    ['no JSON', false, withLength('<html>'), 'malformed_response', '<html>'],
    [
      'no JSON that begins like data',
      false,
      withLength('dataset not found'),
      'malformed_response',
      'dataset',
    ],
    ['JSON of another shape', false, withLength('{"id": 1}'), 'malformed_response', 'choice'],
    ['no HTTP', false, 'SSH-2.0-OpenSSH\r\n\r\n', 'malformed_response', 'HTTP'],
    [
      'HTTP with a broken chunk',
      false,
      `${JSON_HEAD}\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n`,
      'malformed_response',
      'HTTP',
    ],
    [
      'an error object',
      false,
      withLength('{"error": {"message": "out of memory"}}'),
      'server_error',
      'out of memory',
    ],
    [
      'an error in a stream',
      true,
      inChunks(token('a') + AN_ERROR_FRAME + STREAM_END, 30, STREAM_HEAD),
      'server_error',
      'out of memory',
    ],
    [
      'no JSON in a stream',
      true,
      inChunks(`${token('a')}data: {"a\n\n${STREAM_END}`, 30, STREAM_HEAD),
      'malformed_response',
      '{"a',
    ],
    [
      'an error that nothing ends as the last message of a stream',
      true,
      inChunks(token('a') + AN_ERROR_FRAME.trimEnd(), 30, STREAM_HEAD),
      'server_error',
      'out of memory',
    ],
    [
      'half a message at the end of a stream',
      true,
      inChunks(`${token('a')}data: {"a`, 30, STREAM_HEAD),
      'stream_truncated',
      'terminator',
    ],
    [
      'a stream without an end',
      true,
      inChunks(token('a'), 30, STREAM_HEAD),
      'stream_truncated',
      'terminator',
    ],
    ['a stream without anything', true, inChunks('', 30, STREAM_HEAD), 'stream_truncated', 'terminator'],
  ])('%s', async (_, streaming, response, errorType, message) => {
    const engine = await against(({ socket }) => socket.write(response), { streaming });
    const error = await failureOf(engine);
    expect(error.errorType).toBe(errorType);
    expect(error.errorMessage).toContain(message);
  });

  test('keeps the chunks that came before', async () => {
    const response = inChunks(token('a') + token('b') + AN_ERROR_FRAME, 500, STREAM_HEAD);
    const engine = await against(({ socket }) => socket.write(response), { streaming: true });
    const [sample] = await engine.sendOneByOne();
    expect(sample!.topics).toEqual([
      'sample.issued',
      'sample.recv_first',
      'sample.recv_non_first',
      'error.generic',
      'sample.complete',
    ]);
  });

  test('of an error status shows 200 characters of a body of any size, in any encoding', async () => {
    const body = Buffer.alloc(10_000_000, 'ü');
    const head = `HTTP/1.1 500 Oops\r\nContent-Length: ${body.length}\r\n\r\n`;
    const engine = await against(({ socket }) => socket.write(Buffer.concat([Buffer.from(head), body])));
    expect(await failureOf(engine)).toEqual({
      errorType: 'http_500',
      errorMessage: `HTTP 500: ${'ü'.repeat(200)}`,
    });
  });

  test('is one with a body longer than an answer may be', async () => {
    const head = `${JSON_HEAD}\r\nContent-Length: ${MAX_ANSWER_BYTES + 1}\r\n\r\n`;
    const engine = await against(({ socket }) => {
      socket.write(head);
      socket.write(Buffer.alloc(MAX_ANSWER_BYTES + 1, '['));
    });
    expect(await failureOf(engine)).toEqual({
      errorType: 'malformed_response',
      errorMessage: `an answer longer than ${MAX_ANSWER_BYTES} bytes`,
    });
  });

  test('leaves the connection usable when it was HTTP in full', async () => {
    const server = await startRawServer(({ socket }) =>
      socket.write(withLength('busy', 'HTTP/1.1 503 Busy')),
    );
    closing.push(() => server.close());
    const engine = engineAt(server.url);
    await engine.sendOneByOne(3);
    expect(server.requests).toHaveLength(3);
    expect(server.accepted).toBe(1);
  });
});

describe('a connection that breaks', () => {
  test.each([
    ['closed without an answer', '', 'connection_reset', 'closed'],
    ['closed in the head', 'HTTP/1.1 200 OK\r\nContent', 'stream_truncated', 'closed'],
    ['closed in the body', withLength(ANSWER).slice(0, -5), 'stream_truncated', 'closed'],
    [
      'closed in a chunked body',
      inChunks(ANSWER, 9, JSON_HEAD).subarray(0, -3),
      'stream_truncated',
      'closed',
    ],
    [
      'closed in the body of an error',
      withLength('no room', 'HTTP/1.1 503 Busy').slice(0, -2),
      'http_503',
      'no ro',
    ],
    ['closed in a stream', `${STREAM_HEAD}\r\n\r\n${token('a')}`, 'stream_truncated', 'terminator'],
  ])('%s', async (_, response, errorType, message) => {
    const engine = await against(({ socket }) => socket.end(response));
    const error = await failureOf(engine);
    expect(error.errorType).toBe(errorType);
    expect(error.errorMessage).toContain(message);
  });

  test('reset before the answer or within it', async () => {
    const pieces = ['', withLength(ANSWER).slice(0, -5)];
    const engine = await against(({ socket }) => {
      socket.write(pieces.shift()!);
      setTimeout(() => socket.resetAndDestroy(), 20);
    });
    expect((await failureOf(engine)).errorType).toBe('connection_reset');
    expect((await failureOf(engine)).errorType).toBe('connection_reset');
  });

  test('half-closed while idle is not used again', async () => {
    const server = await startRawServer(({ socket }) => {
      socket.write(withLength(ANSWER));
      socket.end();
    });
    closing.push(() => server.close());
    const engine = engineAt(server.url);
    for (let nth = 0; nth < 3; nth++) {
      const [sample] = await engine.sendOneByOne();
      expect(sample!.error).toBeUndefined();
      await untilOpen(server, 0);
    }
    expect(server.accepted).toBe(3);
  });

  test('sending what nobody asked for while idle is dropped', async () => {
    const server = await startRawServer(({ socket }) => {
      socket.write(withLength(ANSWER), () =>
        setTimeout(() => socket.write('HTTP/1.1 408 Timeout\r\n\r\n'), 10),
      );
    });
    closing.push(() => server.close());
    const engine = engineAt(server.url);
    await engine.sendOneByOne();
    await untilOpen(server, 0);
    const [sample] = await engine.sendOneByOne();
    expect(sample!.error).toBeUndefined();
    expect(server.accepted).toBe(2);
  });
});

describe('a connection that is never had', () => {
  test('reset as soon as it is there, by a server that does so to all', async () => {
    const server = createServer((socket) => socket.resetAndDestroy()).listen(0, '127.0.0.1');
    await once(server, 'listening');
    closing.push(() => server.close());
    const engine = engineAt(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    for (let nth = 0; nth < 5; nth++) {
      expect(['connection_reset', 'connect_failed']).toContain((await failureOf(engine)).errorType);
    }
  });

  test('refused', async () => {
    const server = await startRawServer(() => undefined);
    await server.close();
    const error = await failureOf(engineAt(server.url));
    expect(error.errorType).toBe('connection_refused');
    expect(error.errorMessage).toContain(String(server.port));
  });

  test('of a name that does not exist', async () => {
    const error = await failureOf(engineAt('http://does-not-exist.invalid:1'));
    expect(error.errorType).toBe('connect_failed');
    expect(error.errorMessage).toContain('does-not-exist.invalid');
  });

  test('refused on every address of a name', async () => {
    const server = await startRawServer(() => undefined);
    await server.close();
    const error = await failureOf(engineAt(`http://localhost:${server.port}`));
    expect(error.errorType).toBe('connection_refused');
    expect(error.errorMessage).toContain(String(server.port));
  });

  test('for want of trust, and of TLS', async () => {
    const secure = await startRawServer(() => undefined, SELF_SIGNED);
    const plain = createServer((socket) => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    await once(plain.listen(0, '127.0.0.1'), 'listening');
    closing.push(
      () => secure.close(),
      () => plain.close(),
    );
    const { port } = plain.address() as AddressInfo;
    expect((await failureOf(engineAt(secure.url))).errorType).toBe('tls_failed');
    expect((await failureOf(engineAt(`https://127.0.0.1:${port}`))).errorType).toBe('tls_failed');
    const error = await failureOf(engineAt(`http://127.0.0.1:${secure.port}`));
    expect(error.errorType).toMatch(/connection_reset|malformed_response/);
  });

  test('because the handshake takes too long', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    closing.push(() => server.close());
    const { port } = server.address() as AddressInfo;
    const engine = engineAt(`https://127.0.0.1:${port}`, { connectTimeoutMs: 60 });
    const [sample] = await engine.sendOneByOne();
    expect(sample!.error).toEqual({
      errorType: 'connect_timeout',
      errorMessage: 'connecting took more than 60 ms',
    });
    expect(sample!.completedNs - sample!.issuedNs).toBeGreaterThanOrEqual(60e6);
  });
});

test('TLS works like TCP: kept alive, streamed, of any size', async () => {
  const content = 'ü'.repeat(2 ** 20);
  const answer = JSON.stringify({ id: 'x', choices: [{ message: { content }, finish_reason: 'stop' }] });
  const answers = [withLength(answer), inChunks(token('a') + token('b') + STREAM_END, 9, STREAM_HEAD)];
  const server = await startRawServer(({ socket, nth }) => socket.write(answers[nth]!), SELF_SIGNED);
  closing.push(() => server.close());
  const engine = engineAt(server.url, { tlsVerify: false, rows: [{ prompt: 'p'.repeat(2 ** 21) }] });
  const [whole, stream] = await engine.sendOneByOne(2);
  expect(whole!.output!.output).toBe(content);
  expect(stream!.output!.output).toEqual(['a', 'b']);
  expect(server.accepted).toBe(1);
});

describe('a request that takes too long', () => {
  test('fails, with its connection, and the others do not', async () => {
    const server = await startRawServer(({ socket, connection }) => {
      if (connection !== 0) socket.write(withLength(ANSWER));
    });
    closing.push(() => server.close());
    const engine = engineAt(server.url, { requestTimeoutMs: 150 });
    await engine.run({ pattern: 'concurrency', concurrency: 3 }, { maxSamples: 50 });
    const failed = engine.samples().filter(({ error }) => error !== undefined);
    expect(failed.map(({ error }) => error)).toEqual([
      { errorType: 'timeout', errorMessage: 'waiting for the response took more than 150 ms' },
    ]);
    expect(failed[0]!.completedNs - failed[0]!.issuedNs).toBeGreaterThanOrEqual(150e6);
    await untilOpen(server, 2);
  });

  test('does not fail by a client that is held up while the answer waits for it', async () => {
    const requestTimeoutMs = 150;
    const engine = await against(
      ({ socket }) => {
        socket.write(withLength(ANSWER));
        // Server and client are one thread here: the answer has come before the client can look at its clock again.
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 2 * requestTimeoutMs);
      },
      { requestTimeoutMs },
    );
    const [sample] = await engine.sendOneByOne();
    expect(sample!.error).toBeUndefined();
    expect(sample!.completedNs - sample!.issuedNs).toBeGreaterThan(requestTimeoutMs * 1e6);
  });

  test('fails in the middle of a stream too', async () => {
    const engine = await against(({ socket }) => socket.write(`${STREAM_HEAD}\r\n\r\n${token('a')}`), {
      requestTimeoutMs: 60,
      streaming: true,
    });
    expect((await failureOf(engine)).errorType).toBe('timeout');
  });
});

test('cancelling ends what is in flight and what waits, and a stream in the middle', async () => {
  const server = await startRawServer(({ socket, connection }) => {
    if (connection === 0) socket.write(`${STREAM_HEAD}\r\n\r\n${token('a')}`);
  });
  closing.push(() => server.close());
  const engine = engineAt(server.url, { maxConnections: 2, streaming: true });
  const phase = engine.start({ pattern: 'constant', ratePerSecond: 1000 }, { maxSamples: 5 });
  await engine.issuingDone;
  await vi.waitUntil(() => engine.events.some(({ topic }) => topic === 'sample.recv_first'), {
    interval: 2,
    timeout: 15_000,
  });
  await vi.waitUntil(() => server.requests.length === 2, { interval: 2, timeout: 15_000 });
  engine.take({ kind: 'cancel' });
  expect(await phase).toBe(5);
  const samples = engine.samples();
  expect(samples.map(({ seq }) => seq)).toEqual([0, 1, 2, 3, 4]);
  const [sent, waiting] = [samples.slice(0, 2), samples.slice(2)];
  expect(sent.map(({ error }) => error?.errorType)).toEqual(['cancelled', 'cancelled']);
  expect(waiting.map(({ topics }) => topics)).toEqual(Array(3).fill(['sample.not_sent']));
  expect(samples.flatMap(({ chunksNs }) => chunksNs)).toHaveLength(1);
  for (const { issuedNs, dueNs } of sent) expect(issuedNs).toBeGreaterThanOrEqual(dueNs);
  expect(server.requests).toHaveLength(2);
});
