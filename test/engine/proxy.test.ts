import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import { afterEach, expect, test, vi } from 'vitest';
import { parseProxy } from '../../src/protocol/proxy.ts';
import { type ConnectProxy, startConnectProxy } from './connect-proxy.ts';
import { type EngineOptions, LocalEngine } from './harness.ts';
import {
  ANSWER,
  inChunks,
  startRawServer,
  STREAM_END,
  STREAM_HEAD,
  type TlsFiles,
  token,
  withLength,
  writeSlowly,
} from './raw-server.ts';
import { SELF_SIGNED } from './self-signed.ts';

const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function serve(tls?: TlsFiles, handle?: Parameters<typeof startRawServer>[0]) {
  const server = await startRawServer(handle ?? (({ socket }) => socket.write(withLength(ANSWER))), tls);
  closing.push(() => server.close());
  return server;
}

async function proxy(...answer: Parameters<typeof startConnectProxy>): Promise<ConnectProxy> {
  const started = await startConnectProxy(...answer);
  closing.push(() => started.close());
  return started;
}

function engineThrough(proxyUrl: string, url: string, options: Partial<EngineOptions> = {}): LocalEngine {
  const engine = new LocalEngine({
    ...{ urls: [url], proxies: [parseProxy(proxyUrl)], tlsVerify: false },
    ...options,
  });
  closing.push(() => engine.close());
  return engine;
}

async function errorOf(engine: LocalEngine) {
  const [sample] = await engine.sendOneByOne();
  return sample!.error;
}

test.each([
  ['http', undefined],
  ['https', SELF_SIGNED],
])('%s goes through a tunnel, whole and streamed, again and again on one connection', async (_, tls) => {
  const stream = inChunks(token('a') + token('ü'.repeat(2 ** 17)) + STREAM_END, 999, STREAM_HEAD);
  const server = await serve(tls, ({ socket, nth }) => {
    if (nth === 0) socket.write(withLength(ANSWER));
    else void writeSlowly(socket, [stream.subarray(0, 200), stream.subarray(200)]);
  });
  const between = await proxy();
  const engine = engineThrough(between.url, server.url);
  const [whole, streamed] = await engine.sendOneByOne(2);
  expect(whole!.output!.output).toBe('Hello wörld');
  expect(streamed!.output!.output).toEqual(['a', 'ü'.repeat(2 ** 17)]);
  expect(server.accepted).toBe(1);
  expect(between.requests.map(({ url, headers }) => [url, headers.host])).toEqual([
    [`127.0.0.1:${server.port}`, `127.0.0.1:${server.port}`],
  ]);
  expect(server.requests[0]!.text).toMatch(/^POST \/v1\/chat\/completions HTTP/);
  engine.close();
  await vi.waitUntil(() => between.open.size === 0 && server.open.size === 0, { interval: 2 });
});

test.each([
  ['http', undefined],
  ['https', SELF_SIGNED],
])('a request on a tunnel that was closed meanwhile is sent again: %s', async (_, tls) => {
  const server = await serve(tls);
  const between = await proxy();
  const engine = engineThrough(between.url, server.url);
  await engine.sendOneByOne();
  server.reset();
  await vi.waitUntil(() => server.open.size === 0 && between.open.size === 0, { interval: 2 });
  expect(await errorOf(engine)).toBeUndefined();
  expect(server.accepted).toBe(2);
});

test('many connections at once all have a tunnel', async () => {
  const server = await serve(SELF_SIGNED);
  const engine = engineThrough((await proxy()).url, server.url, { maxConnections: 30 });
  expect(await engine.warm(30)).toMatchObject({ opened: 30, failed: 0 });
  await engine.run({ pattern: 'burst' }, { maxSamples: 100 });
  expect(engine.samples().filter(({ error }) => error !== undefined)).toEqual([]);
});

test('user and password go to the proxy, and not to the server', async () => {
  const server = await serve();
  const between = await proxy();
  const url = between.url.replace('//', '//me:p%40ss@');
  expect(await errorOf(engineThrough(url, server.url))).toBeUndefined();
  const credentials = `Basic ${Buffer.from('me:p@ss').toString('base64')}`;
  expect(between.requests[0]!.headers['proxy-authorization']).toBe(credentials);
  expect(server.requests[0]!.text).not.toMatch(/proxy-authorization/i);
});

test.each<[string, string, string]>([
  [
    '407 Proxy Authentication Required',
    'proxy_407',
    'with 407 Proxy Authentication Required: give its user and password with --proxy http://USER:PASSWORD@HOST:PORT',
  ],
  ['403 Forbidden', 'proxy_403', 'with 403 Forbidden: it does not allow this host or port'],
  ['418', 'proxy_418', 'with 418'],
])('a proxy that answers %s is a failure of its own', async (status, errorType, message) => {
  const { url } = await proxy(() => `HTTP/1.1 ${status}\r\nContent-Length: 4\r\n\r\nNope`);
  for (const scheme of ['http', 'https']) {
    const error = await errorOf(engineThrough(url.replace('//', '//me:hunter2@'), `${scheme}://h.test:9`));
    expect(error!.errorType).toBe(errorType);
    expect(error!.errorMessage).toContain(`the proxy ${url} answered CONNECT h.test:9 ${message}`);
    expect(error!.errorMessage).not.toContain('hunter2');
  }
});

test('so is one that cannot reach the server, closes, talks too much, or is none', async () => {
  const nowhere = await serve();
  await nowhere.close();
  expect(await errorOf(engineThrough((await proxy()).url, nowhere.url))).toEqual({
    errorType: 'proxy_502',
    errorMessage: expect.stringContaining('502 Bad Gateway: it cannot reach the server') as string,
  });
  for (const [answer, message] of [
    ['', 'closed the connection instead of an answer to CONNECT'],
    ['SSH-2.0-x\r\n\r\n', 'answered CONNECT with something else than HTTP'],
    ['HTTP/1.1 200 OK\r\n\r\nhello', 'sent more than its answer to CONNECT'],
    ['x'.repeat(17_000), 'answered CONNECT with something else than HTTP'],
  ]) {
    const { url } = await proxy(() => answer);
    for (const scheme of ['http', 'https']) {
      expect(await errorOf(engineThrough(url, `${scheme}://h.test`))).toEqual({
        errorType: 'proxy_failed',
        errorMessage: `the proxy ${url} ${message}`,
      });
    }
  }
  for (const url of ['http://h.test', 'https://h.test']) {
    const error = await errorOf(engineThrough(nowhere.url, url));
    expect(error!.errorType).toBe('proxy_failed');
    expect(error!.errorMessage).toMatch(/^the proxy \S+ cannot be reached: connect ECONNREFUSED/);
  }
});

test('one that says nothing fails the request in time, as a time-out of its own', async () => {
  const silent = createServer().listen(0, '127.0.0.1');
  await once(silent, 'listening');
  closing.push(() => silent.close());
  const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}`;
  for (const scheme of ['http', 'https']) {
    expect(await errorOf(engineThrough(url, `${scheme}://h.test`, { connectTimeoutMs: 60 }))).toEqual({
      errorType: 'proxy_timeout',
      errorMessage: `the proxy ${url} did not open a tunnel within 60 ms`,
    });
  }
});

test('behind a proxy, the failures of TLS are those of the server, and a wrong scheme is found out', async () => {
  const secure = await serve(SELF_SIGNED);
  const plain = await serve();
  const { url } = await proxy();
  expect((await errorOf(engineThrough(url, secure.url, { tlsVerify: true })))!.errorMessage).toContain(
    '--ca',
  );
  expect(await errorOf(engineThrough(url, `http://127.0.0.1:${secure.port}`))).toEqual({
    errorType: 'connection_reset',
    errorMessage: `the server speaks TLS on this port: use --endpoint https://127.0.0.1:${secure.port}`,
  });
  expect(await errorOf(engineThrough(url, `https://127.0.0.1:${plain.port}`))).toEqual({
    errorType: 'tls_failed',
    errorMessage: expect.stringContaining(`use --endpoint http://127.0.0.1:${plain.port}`) as string,
  });
});
