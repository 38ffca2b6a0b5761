import { once } from 'node:events';
import { type AddressInfo, createServer } from 'node:net';
import type { TLSSocket } from 'node:tls';
import { afterAll, afterEach, expect, test } from 'vitest';
import type { TlsSettings } from '../../src/engine/settings.ts';
import { TestAuthority } from './certificates.ts';
import { type EngineOptions, LocalEngine } from './harness.ts';
import { ANSWER, type RawHandler, startRawServer, type TlsOptions, withLength } from './raw-server.ts';
import { SELF_SIGNED } from './self-signed.ts';

const authority = new TestAuthority();
const closing: (() => unknown)[] = [];

afterAll(() => authority.remove());
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

const answer: RawHandler = ({ socket }) => socket.write(withLength(ANSWER));

async function serve(tls: TlsOptions | undefined, handle = answer) {
  const server = await startRawServer(handle, tls);
  closing.push(() => server.close());
  return server;
}

function engineAt(url: string, options: Partial<EngineOptions> = {}): LocalEngine {
  const engine = new LocalEngine({ urls: [url], ...options });
  closing.push(() => engine.close());
  return engine;
}

async function errorOf(engine: LocalEngine) {
  const [sample] = await engine.sendOneByOne();
  return { ...sample!.error, ms: (sample!.completedNs - sample!.issuedNs) / 1e6 };
}

test.each<[string, () => TlsOptions, TlsSettings, string]>([
  [
    'signed by itself',
    () => SELF_SIGNED,
    {},
    "the server's certificate is signed by itself: trust it with --ca FILE, or skip the check with --insecure (DEPTH_ZERO_SELF_SIGNED_CERT)",
  ],
  [
    'of an unknown authority',
    () => authority.sign('unknown'),
    {},
    "the server's certificate is from an authority that is not trusted here: name the authority with --ca FILE, or skip the check with --insecure (UNABLE_TO_VERIFY_LEAF_SIGNATURE)",
  ],
  [
    'of another authority than the one named',
    () => authority.sign('other'),
    { ca: SELF_SIGNED.cert },
    "the server's certificate is not from an authority in the file of --ca: name another, or skip",
  ],
  [
    'for another name',
    () => authority.sign('named', 'DNS:llm.test'),
    { ca: authority.ca },
    "the server's certificate is for DNS:llm.test, not for 127.0.0.1: give its name with --server-name, or skip",
  ],
  [
    'that has expired',
    () => authority.sign('expired', undefined, -1),
    { ca: authority.ca },
    "the server's certificate has expired: renew it, or skip the check with --insecure (CERT_HAS_EXPIRED)",
  ],
])('a certificate %s fails with what to change', async (_, files, tls, message) => {
  const { url } = await serve(files());
  const error = await errorOf(engineAt(url, { tls }));
  expect(error.errorType).toBe('tls_failed');
  expect(error.errorMessage).toContain(message);
});

test('an authority is trusted that --ca names, and a certificate that is its own', async () => {
  const signed = await serve(authority.sign('trusted'));
  const own = await serve(SELF_SIGNED);
  expect((await errorOf(engineAt(signed.url, { tls: { ca: authority.ca } }))).errorType).toBeUndefined();
  expect((await errorOf(engineAt(own.url, { tls: { ca: SELF_SIGNED.cert } }))).errorType).toBeUndefined();
});

test('a server name is what the server is asked for, and what its certificate is for', async () => {
  const server = await serve(authority.sign('sni', 'DNS:llm.test'));
  const engine = engineAt(server.url, { tls: { ca: authority.ca, serverName: 'llm.test' } });
  const [sample] = await engine.sendOneByOne();
  expect(sample!.error).toBeUndefined();
  const [{ socket, text }] = server.requests as [(typeof server.requests)[number]];
  expect((socket as TLSSocket & { servername: string }).servername).toBe('llm.test');
  expect(text).toContain(`Host: 127.0.0.1:${server.port}\r\n`);
});

test('a client shows its certificate to a server that requires one', async () => {
  const required = { ...authority.sign('strict'), ca: authority.ca, requestCert: true };
  const server = await serve(required);
  const client = authority.sign('client');
  const engine = engineAt(server.url, { tls: { ca: authority.ca, ...client } });
  const [sample] = await engine.sendOneByOne();
  expect(sample!.error).toBeUndefined();
  expect((server.requests[0]!.socket as TLSSocket).getPeerCertificate().subject.CN).toBe('client');
  const error = await errorOf(engineAt(server.url, { tls: { ca: authority.ca } }));
  expect(error).toMatchObject({
    errorType: 'tls_failed',
    errorMessage:
      'the server ended the handshake; it may require a client certificate: --cert FILE and --key FILE (tlsv13 alert certificate required)',
  });
});

test('a plain server that waits for the end of a request is found out soon, and then at once', async () => {
  const { port } = await serve(undefined, ({ socket }) => socket.write('HTTP/1.1 200 OK\r\n\r\n'));
  const engine = engineAt(`https://127.0.0.1:${port}/v1`);
  const failure = {
    errorType: 'tls_failed',
    errorMessage: `the server does not speak TLS on this port: use --endpoint http://127.0.0.1:${port}/v1 (it answers plain HTTP)`,
  };
  const first = await errorOf(engine);
  expect(first).toMatchObject(failure);
  expect(first.ms).toBeLessThan(5000);
  const second = await errorOf(engine);
  expect(second).toMatchObject(failure);
  expect(second.ms).toBeLessThan(400);
});

test('a plain server that answers what it does not understand is found out by that', async () => {
  const server = createServer((socket) =>
    socket.once('data', () => socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')),
  );
  await once(server.listen(0, '127.0.0.1'), 'listening');
  closing.push(() => server.close());
  const { port } = server.address() as AddressInfo;
  expect(await errorOf(engineAt(`https://127.0.0.1:${port}`))).toMatchObject({
    errorType: 'tls_failed',
    errorMessage: `the server does not speak TLS on this port: use --endpoint http://127.0.0.1:${port} (ERR_SSL_WRONG_VERSION_NUMBER)`,
  });
});

test('a TLS server that closes on plain HTTP is found out, and warm connections to it', async () => {
  const { port } = await serve(SELF_SIGNED);
  const engine = engineAt(`http://127.0.0.1:${port}/v1`);
  await engine.warm(2);
  for (let nth = 0; nth < 3; nth++) {
    expect(await errorOf(engine)).toMatchObject({
      errorType: 'connection_reset',
      errorMessage: `the server speaks TLS on this port: use --endpoint https://127.0.0.1:${port}/v1`,
    });
  }
});

test.each([
  ['an alert', Buffer.from('15030100020246', 'hex'), /^the server answered in TLS, .*use https:\/\//],
  [
    'a page',
    withLength(
      '<title>400 The plain HTTP request was sent to HTTPS port</title>',
      'HTTP/1.1 400 Bad Request',
    ),
    /^HTTP 400: .*HTTPS port<\/title>; use https:\/\/ in --endpoint$/,
  ],
])('a TLS server that answers plain HTTP with %s is found out by that', async (_, bytes, message) => {
  const { url } = await serve(undefined, ({ socket }) => socket.end(bytes));
  expect((await errorOf(engineAt(url))).errorMessage).toMatch(message);
});
