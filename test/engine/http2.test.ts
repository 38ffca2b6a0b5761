import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, describe, expect, test, vi } from 'vitest';
import { parseProxy } from '../../src/protocol/proxy.ts';
import { parseFailureMode } from '../../src/testing/failure-modes.ts';
import { startMockServer } from '../../src/testing/mock-server.ts';
import { TestAuthority } from './certificates.ts';
import { startConnectProxy } from './connect-proxy.ts';
import { type EngineOptions, LocalEngine, type SeenSample } from './harness.ts';
import { answerWith, type Http2Exchange, type Http2ServerOptions, startHttp2Server } from './http2-server.ts';
import { ANSWER, STREAM, token } from './raw-server.ts';
import { SELF_SIGNED } from './self-signed.ts';

const authority = new TestAuthority();
const folder = mkdtempSync(join(tmpdir(), 'inferometer-http2-'));
const closing: (() => unknown)[] = [];

afterAll(() => {
  authority.remove();
  rmSync(folder, { recursive: true, force: true });
});
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function serve(handle: (exchange: Http2Exchange) => void, options?: Http2ServerOptions) {
  const server = await startHttp2Server(handle, options);
  closing.push(() => server.close());
  return server;
}

function engineAt(url: string, options: Partial<EngineOptions> = {}): LocalEngine {
  const engine = new LocalEngine({ urls: [url], http: 2, ...options });
  closing.push(() => engine.close());
  return engine;
}

async function errorOf(engine: LocalEngine) {
  const [sample] = await engine.sendOneByOne();
  return sample!.error;
}

async function startTcpServer(handle: (socket: Socket) => void): Promise<string> {
  const sockets: Socket[] = [];
  const server = createTcpServer((socket) => {
    sockets.push(socket);
    socket.on('error', () => undefined).resume();
    handle(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  closing.push(() => {
    for (const socket of sockets) socket.destroy();
    server.close();
  });
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Of a length of 0, type 4, on stream 0. */
const EMPTY_SETTINGS = Buffer.from([0, 0, 0, 4, 0, 0, 0, 0, 0]);

const answer = (exchange: Http2Exchange) => answerWith(exchange, ANSWER);
const TYPES: Readonly<Record<string, string>> = {
  // What HTTP/1.1 can only say by the end of a connection, a stream says for itself.
  connection_reset: 'http2_internal_error',
  stream_truncated: 'http2_internal_error',
};

function tallyOf(samples: readonly SeenSample[]) {
  return samples.map(({ chunksNs, output, usage, finishReason, error, row }) => {
    const errorType = error === undefined ? undefined : (TYPES[error.errorType] ?? error.errorType);
    return { row, chunks: chunksNs.length, output, usage, finishReason, errorType };
  });
}

const MODES = ['reset=0.08', 'cut=0.08', 'garbage=0.08', 'error=0.08', 'empty=0.08', 'status:503=0.1'];

describe('the same requests over HTTP/1.1 and HTTP/2', () => {
  test.each([
    ['chat', true],
    ['chat', false],
    ['responses', true],
    ['anthropic', true],
    ['ollama', true],
    ['tgi', true],
    ['embeddings', false],
  ] as const)(
    'have the same chunks, texts, tokens and failures: %s, streaming %s',
    async (api, streaming) => {
      const tallies = [];
      for (const http of [1, 2] as const) {
        const server = await startMockServer({
          latency: {
            ttftMs: { kind: 'fixed', value: 2 },
            interTokenMs: { kind: 'fixed', value: 1 },
            outputTokens: { kind: 'lognormal', median: 5, sigma: 1 },
          },
          failures: MODES.map(parseFailureMode),
        });
        closing.push(() => server.close());
        // Over HTTP/1.1 a connection that was used before and is reset looks as if the server had not seen the request.
        const connections = http === 1 ? 'new' : 'reuse';
        const engine = engineAt(server.url, { http, api, streaming, connections });
        tallies.push(tallyOf(await engine.sendOneByOne(40)));
        expect(server.truth()).toHaveLength(40);
      }
      expect(tallies[1]).toEqual(tallies[0]);
      expect(new Set(tallies[0]!.map(({ errorType }) => errorType)).size).toBeGreaterThan(3);
    },
  );
});

describe('a session', () => {
  test('carries the requests of a worker, with their method, path, headers and body', async () => {
    const server = await serve(answer);
    const headers = { Host: 'llm.test', 'X-Load': 'a: b', TE: 'gzip', 'Keep-Alive': '5' };
    const engine = engineAt(`${server.url}/base?key=1`, { headers });
    await engine.run({ pattern: 'concurrency', concurrency: 16 }, { maxSamples: 40 });
    expect(engine.samples().filter(({ error }) => error !== undefined)).toEqual([]);
    expect(server.sessions).toHaveLength(1);
    const [first] = server.requests;
    expect(first!.headers).toMatchObject({
      ':method': 'POST',
      ':scheme': 'http',
      ':authority': 'llm.test',
      ':path': '/base/v1/chat/completions?key=1',
      'content-type': 'application/json',
      'content-length': String(first!.body.length),
      'x-load': 'a: b',
    });
    const names = Object.keys(first!.headers);
    for (const name of ['host', 'connection', 'keep-alive', 'te']) expect(names).not.toContain(name);
    expect(JSON.parse(first!.body)).toMatchObject({ messages: [{ content: 'one' }] });
  });

  test('has no more streams than the server allows: others wait, or open another session', async () => {
    let most = 0;
    const open: number[] = [];
    const server = await serve(
      (exchange) => {
        open[exchange.session] = (open[exchange.session] ?? 0) + 1;
        most = Math.max(most, open[exchange.session]!);
        setTimeout(() => {
          open[exchange.session]! -= 1;
          answer(exchange);
        }, 10);
      },
      { settings: { maxConcurrentStreams: 4 } },
    );
    const engine = engineAt(server.url, { maxConnections: 10 });
    expect(await engine.warm(10)).toMatchObject({ opened: 3, failed: 0 });
    await engine.run({ pattern: 'concurrency', concurrency: 16 }, { maxSamples: 60 });
    expect(engine.samples().filter(({ error }) => error !== undefined)).toEqual([]);
    expect([most, server.sessions.length]).toEqual([4, 3]);
    // What is above the limit is not left to node:http2, which would hold it back out of sight.
    expect(new Set(server.requests.map(({ session }) => session))).toEqual(new Set([0, 1, 2]));
  });

  test('has no more requests in flight than there may be', async () => {
    let [open, most] = [0, 0];
    const server = await serve((exchange) => {
      most = Math.max(most, ++open);
      setTimeout(() => {
        open -= 1;
        answer(exchange);
      }, 5);
    });
    const engine = engineAt(server.url, { maxConnections: 3 });
    await engine.run({ pattern: 'constant', ratePerSecond: 2000, seed: 1 }, { maxSamples: 50 });
    expect(engine.samples()).toHaveLength(50);
    expect([most, server.sessions.length]).toEqual([3, 1]);
  });

  test('is replaced after a number of requests, or opened for each', async () => {
    const server = await serve(answer);
    await engineAt(server.url, { requestsPerConnection: 4 }).sendOneByOne(10);
    expect(server.requests.map(({ session }) => session)).toEqual([0, 0, 0, 0, 1, 1, 1, 1, 2, 2]);
    const [sample] = await engineAt(server.url, { connections: 'new' }).sendOneByOne(3);
    expect(server.requests.slice(10).map(({ session }) => session)).toEqual([3, 4, 5]);
    expect(sample!.error).toBeUndefined();
  });

  test('that the server ends takes no further requests; what it has not taken is sent again, the rest goes on', async () => {
    const server = await serve((exchange) => {
      const { session } = exchange.stream;
      // Of four requests in flight, the last two have not been taken.
      if (exchange.nth === 3) session!.goaway(0, exchange.stream.id! - 4);
      if (exchange.session > 0) answer(exchange);
      else if (exchange.nth < 2) setTimeout(() => answer(exchange), 30);
    });
    const engine = engineAt(server.url);
    await engine.warm(1);
    await engine.run({ pattern: 'concurrency', concurrency: 4 }, { maxSamples: 12 });
    const samples = engine.samples();
    expect(samples.map(({ error }) => error)).toEqual(Array(12).fill(undefined));
    expect(samples.flatMap(({ topics }) => topics.filter((topic) => topic === 'sample.issued'))).toHaveLength(
      12,
    );
    expect(server.sessions).toHaveLength(2);
    expect(server.requests).toHaveLength(14);
    await engine.sendOneByOne();
    expect(engine.health.at(-1)).toMatchObject({ resent: 2, connectionsOpened: 2 });
  });

  test('that the server ends for a reason fails what it had taken with that', async () => {
    const server = await serve((exchange) => exchange.stream.session!.goaway(11, exchange.stream.id));
    expect(await errorOf(engineAt(server.url))).toEqual({
      errorType: 'http2_enhance_your_calm',
      errorMessage: 'the server ended the HTTP/2 session (GOAWAY with ENHANCE_YOUR_CALM, code 11)',
    });
  });

  test.each(['end', 'reset'] as const)(
    'that dies (%s) fails all requests on it; the next ones get another',
    async (how) => {
      const server = await serve((exchange) => {
        if (exchange.session > 0) {
          answer(exchange);
          return;
        }
        if (exchange.nth === 0) {
          exchange.stream.respond({ ':status': 200, 'content-type': 'text/event-stream' });
          exchange.stream.write(token('a'));
        }
        if (exchange.nth < 3) return;
        const [socket] = server.sockets;
        setTimeout(() => (how === 'end' ? socket!.end() : socket!.resetAndDestroy()), 20);
      });
      const engine = engineAt(server.url, { streaming: true });
      await engine.warm(1);
      await engine.run({ pattern: 'concurrency', concurrency: 4 }, { maxSamples: 8 });
      const types = engine.samples().map(({ error }) => error?.errorType);
      const first = how === 'end' ? 'stream_truncated' : 'connection_reset';
      expect(types).toEqual([
        first,
        ...Array<string>(3).fill('connection_reset'),
        ...Array<undefined>(4).fill(undefined),
      ]);
      expect(server.sessions).toHaveLength(2);
    },
  );

  test('that breaks the rules of HTTP/2 fails its requests as malformed', async () => {
    const url = await startTcpServer((socket) => {
      socket.write(EMPTY_SETTINGS);
      // The request comes behind what acknowledges the settings.
      setTimeout(() => socket.write(Buffer.alloc(64, 0xff)), 30);
    });
    expect((await errorOf(engineAt(url)))!.errorType).toBe('malformed_response');
  });
});

describe('a stream', () => {
  test.each([
    [7, 'http2_refused_stream', 'REFUSED_STREAM, code 7)'],
    [8, 'http2_cancel', 'CANCEL, code 8)'],
    [13, 'http2_http_1_1_required', 'HTTP_1_1_REQUIRED, code 13): use --http 1'],
    [99, 'http2_code_99', 'the code 99)'],
  ])('that the server resets with code %i fails alone', async (code, errorType, ending) => {
    const server = await serve((exchange) => {
      if (exchange.nth === 0) exchange.stream.close(code);
      else answer(exchange);
    });
    const engine = engineAt(server.url);
    const [reset, next] = await engine.sendOneByOne(2);
    const errorMessage = `the stream of the request was reset (RST_STREAM with ${ending}`;
    expect(reset!.error).toEqual({ errorType, errorMessage });
    expect(next!.error).toBeUndefined();
    expect(server.sessions).toHaveLength(1);
  });

  test('that takes too long is reset and fails alone', async () => {
    const closed = Promise.withResolvers<number>();
    const server = await serve((exchange) => {
      if (exchange.nth > 0) answer(exchange);
      else exchange.stream.on('close', () => closed.resolve(exchange.stream.rstCode));
    });
    const engine = engineAt(server.url, { requestTimeoutMs: 60 });
    const [late, next] = await engine.sendOneByOne(2);
    expect([late!.error?.errorType, next!.error, server.sessions.length]).toEqual(['timeout', undefined, 1]);
    expect(await closed.promise).toBe(8);
  });

  test('is reset when its request is cancelled, by plan or by the run', async () => {
    const codes: number[] = [];
    const server = await serve(({ stream }) => stream.on('close', () => codes.push(stream.rstCode)));
    const cancel = { share: 1, after: { kind: 'fixed', ms: 5 } } as const;
    expect((await errorOf(engineAt(server.url, { cancel })))!.errorType).toBe('cancelled.planned');
    const engine = engineAt(server.url);
    const phase = engine.start({ pattern: 'concurrency', concurrency: 2 }, { maxSamples: 2 });
    await vi.waitUntil(() => server.requests.length === 3, { interval: 2 });
    engine.take({ kind: 'stop' });
    engine.take({ kind: 'cancel' });
    await phase;
    expect(engine.samples().map(({ error }) => error?.errorType)).toEqual(['cancelled', 'cancelled']);
    await vi.waitUntil(() => codes.length === 3, { interval: 2 });
    expect(codes).toEqual([8, 8, 8]);
  });

  test('is done with its last message, whatever becomes of the stream', async () => {
    const server = await serve((exchange) => {
      exchange.stream.respond({ ':status': 200, 'content-type': 'text/event-stream' });
      exchange.stream.write(STREAM);
      if (exchange.nth === 0) setTimeout(() => exchange.stream.destroy(new Error('after the end')), 10);
    });
    const samples = await engineAt(server.url, { streaming: true }).sendOneByOne(2);
    expect(samples.map(({ error }) => error)).toEqual([undefined, undefined]);
    expect(samples[0]!.chunksNs).toHaveLength(4);
  });

  test('may end before the request was read', async () => {
    const server = await serve(answer);
    const rows = [{ prompt: 'x'.repeat(2 ** 20) }];
    const engine = engineAt(server.url, { rows });
    expect(await errorOf(engine)).toBeUndefined();
    expect(server.requests[0]!.body.length).toBeGreaterThan(2 ** 20);
  });

  test('tells a status, what its body says, and where to', async () => {
    const server = await serve(({ stream, nth }) => {
      const told = { location: 'http://other/?key=1', 'retry-after': '7' };
      stream.respond({ ':status': [404, 307, 429][nth]!, 'content-type': 'application/json', ...told });
      stream.end('{"error":{"message":"no"}}');
    });
    const messages = (await engineAt(server.url).sendOneByOne(3)).map(({ error }) => error?.errorMessage);
    expect(messages).toEqual([
      'HTTP 404 (POST /v1/chat/completions, to http://other/?key=redacted, Retry-After: 7): no',
      'HTTP 307 (to http://other/?key=redacted, Retry-After: 7): no',
      'HTTP 429 (to http://other/?key=redacted, Retry-After: 7): no',
    ]);
  });

  test('may be compressed; what can not be read is malformed', async () => {
    const server = await serve(({ stream, nth }) => {
      const encoding = nth === 0 ? 'gzip' : 'zstd';
      stream.respond({ ':status': 200, 'content-type': 'application/json', 'content-encoding': encoding });
      stream.end(gzipSync(ANSWER));
    });
    const [read, unreadable] = await engineAt(server.url).sendOneByOne(2);
    expect(read!.output).toMatchObject({ output: 'Hello wörld' });
    expect(unreadable!.error?.errorType).toBe('malformed_response');
  });
});

describe('TLS', () => {
  test('agrees on HTTP/2, with a client certificate where one is required', async () => {
    const own = authority.sign('own');
    const server = await serve(answer, {
      tls: { ...own, ca: authority.ca, requestCert: true, rejectUnauthorized: true },
    });
    const tls = { ca: authority.ca, ...authority.sign('client') };
    expect(await errorOf(engineAt(server.url, { tls }))).toBeUndefined();
    expect(server.requests[0]!.headers[':scheme']).toBe('https');
    const refused = await errorOf(engineAt(server.url, { tls: { ca: authority.ca } }));
    expect(refused).toMatchObject({ errorType: 'tls_failed' });
    expect(refused!.errorMessage).toContain('--cert FILE and --key FILE');
    expect((await errorOf(engineAt(server.url)))!.errorMessage).toContain(
      'name the authority with --ca FILE',
    );
  });

  test.each([
    ['offers HTTP/1.1 only', ['http/1.1']],
    ['knows no ALPN', undefined],
  ])('that %s fails with what to change', async (_, ALPNProtocols) => {
    const server = await serve(answer, { tls: { ...SELF_SIGNED, ALPNProtocols: ALPNProtocols! } });
    const error = await errorOf(engineAt(server.url, { tlsVerify: false }));
    expect(error).toEqual({
      errorType: 'http2_unsupported',
      errorMessage: 'the server does not offer HTTP/2 in its TLS handshake (no "h2" in ALPN): use --http 1',
    });
  });

  test('of a server that offers HTTP/2 only fails over HTTP/1.1 with what to change', async () => {
    const server = await serve(answer, { tls: SELF_SIGNED });
    const error = await errorOf(engineAt(server.url, { http: 1, tlsVerify: false }));
    expect(error).toEqual({
      errorType: 'tls_failed',
      errorMessage:
        'the server does not offer HTTP/1.1 in its TLS handshake (no "http/1.1" in ALPN): use --http 2',
    });
  });

  test('where none is spoken, and none where TLS is spoken, fail with the endpoint to use', async () => {
    const plain = await serve(answer);
    const https = plain.url.replace('http:', 'https:');
    expect((await errorOf(engineAt(https)))!.errorMessage).toContain(`use --endpoint ${plain.url}`);
    const secure = await serve(answer, { tls: SELF_SIGNED });
    const http = secure.url.replace('https:', 'http:');
    expect((await errorOf(engineAt(http)))!.errorMessage).toContain(`use --endpoint ${secure.url}`);
  });
});

describe('a server without HTTP/2', () => {
  const NOT_HTTP2 = {
    errorType: 'http2_unsupported',
    errorMessage: 'the server does not speak HTTP/2 on this port: use --http 1',
  };

  test('that answers in HTTP/1.1 fails requests with what to change', async () => {
    const server = createServer((_, response) => response.end());
    server.listen(0, '127.0.0.1');
    closing.push(() => server.close());
    await vi.waitUntil(() => server.listening, { interval: 2 });
    const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    expect(await errorOf(engineAt(url))).toEqual(NOT_HTTP2);
  });

  test('that closes, or says nothing, may be one', async () => {
    const closes = await startTcpServer((socket) => socket.end());
    expect((await errorOf(engineAt(closes)))!.errorMessage).toContain(
      'if it speaks HTTP/1.1 only, use --http 1',
    );
    const silent = await startTcpServer(() => undefined);
    expect(await errorOf(engineAt(silent, { connectTimeoutMs: 50 }))).toEqual({
      errorType: 'connect_timeout',
      errorMessage:
        'the server sent no settings of HTTP/2 within 50 ms; if it speaks HTTP/1.1 only, use --http 1',
    });
  });

  test('that is not there refuses the connection', async () => {
    const server = await serve(answer);
    await server.close();
    closing.length = 0;
    expect((await errorOf(engineAt(server.url)))!.errorType).toBe('connection_refused');
  });
});

test('HTTP/2 goes through a proxy and to a Unix socket', async () => {
  const proxy = await startConnectProxy();
  closing.push(() => proxy.close());
  for (const tls of [undefined, SELF_SIGNED]) {
    const server = await serve(answer, { ...(tls && { tls }) });
    const engine = engineAt(server.url, { proxies: [parseProxy(proxy.url)], tlsVerify: false });
    expect((await engine.sendOneByOne(3)).map(({ error }) => error)).toEqual(Array(3).fill(undefined));
  }
  expect(proxy.requests).toHaveLength(2);
  const local = await serve(answer, { socketPath: join(folder, 'llm.sock') });
  expect(await errorOf(engineAt(local.url))).toBeUndefined();
});
