import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { TestAuthority } from '../engine/certificates.ts';
import { startConnectProxy } from '../engine/connect-proxy.ts';
import { ANSWER, startRawServer, type TlsOptions, withLength } from '../engine/raw-server.ts';
import { WENT_THROUGH, Workbench } from './program.ts';

const closing: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

function openBench(): Workbench {
  const bench = new Workbench();
  closing.push(() => bench.end());
  return bench;
}

async function serve(tls?: TlsOptions, path?: string) {
  const server = await startRawServer(({ socket }) => socket.write(withLength(ANSWER)), tls, path);
  closing.push(() => server.close());
  return server;
}

/** All that a run wrote. */
function textsBelow(path: string): string {
  const files = readdirSync(path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return files.map(({ parentPath, name }) => readFileSync(join(parentPath, name), 'latin1')).join('\n');
}

it('a run goes over TLS to a Unix socket, with certificates on both sides', async () => {
  const authority = new TestAuthority();
  closing.push(() => authority.remove());
  const bench = openBench();
  const path = bench.file('llm.sock');
  const { requests } = await serve(
    { ...authority.sign('server', 'DNS:llm.test'), ca: authority.ca, requestCert: true },
    path,
  );
  const { key } = authority.sign('client');
  const { certFile, keyFile } = authority.files('client');
  const tls = ['--ca', authority.caFile, '--cert', certFile, '--key', keyFile, '--server-name', 'llm.test'];
  const run = bench.start(bench.runArgs(`https://unix:${path}:/api/v1`, 3, '--concurrency', '1', ...tls));
  const { code, stdout } = await run.finished;
  expect(WENT_THROUGH).toContain(code);
  expect(stdout).toContain('3 issued = 3 succeeded');
  expect(requests.map(({ text }) => text.split('\r\n', 2))).toEqual(
    Array(3).fill(['POST /api/v1/chat/completions HTTP/1.1', 'Host: localhost']),
  );
  const config = readFileSync(bench.file('run/config.yaml'), 'utf8');
  expect(config).toContain(`key_file: ${keyFile}`);
  const secret = key.split('\n')[1]!;
  expect(textsBelow(bench.file('run'))).not.toContain(secret);
}, 60_000);

it('a proxy of the environment is used, told of, and its password stands nowhere', async () => {
  const bench = openBench();
  const server = await serve();
  const proxy = await startConnectProxy();
  closing.push(() => proxy.close());
  const environment = { HTTP_PROXY: proxy.url.replace('//', '//me:hunter2hunter2@') };
  const run = bench.start(bench.runArgs(server.url, 3, '--concurrency', '1'), environment);
  const { code, stdout, stderr } = await run.finished;
  expect(WENT_THROUGH).toContain(code);
  expect(stderr).toContain(
    `requests to ${server.url} go through the proxy ${proxy.url}, for which 127.0.0.1 is its own machine`,
  );
  expect(proxy.requests[0]!.headers['proxy-authorization']).toMatch(/^Basic /);
  const report = readFileSync(bench.file('run/report.txt'), 'utf8');
  expect(report).toContain(`Proxy: ${proxy.url}`);
  const summary = bench.json<{ run: { proxies: string[] } }>('run/performance/result_summary.json');
  expect(summary.run.proxies).toEqual([proxy.url]);
  const basic = Buffer.from('me:hunter2hunter2').toString('base64');
  const written = textsBelow(bench.file('run')) + stdout + stderr;
  expect(written).not.toContain('hunter2');
  expect(written).not.toContain(basic);
  const direct = openBench();
  const without = { ...environment, NO_PROXY: 'localhost,127.0.0.1' };
  await direct.start(direct.runArgs(server.url, 2, '--concurrency', '1'), without).finished;
  expect(server.requests).toHaveLength(5);
  expect(proxy.requests).toHaveLength(1);
}, 60_000);
