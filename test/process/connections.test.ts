import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { TestAuthority } from '../engine/certificates.ts';
import { startConnectProxy } from '../engine/connect-proxy.ts';
import {
  ANSWER,
  type RawRequest,
  startRawServer,
  type TlsOptions,
  withLength,
} from '../engine/raw-server.ts';
import { WENT_THROUGH, Workbench } from './program.ts';

const closing: (() => unknown)[] = [];

afterAll(async () => {
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

it.concurrent(
  'a run goes over TLS to a Unix socket, with certificates on both sides',
  async () => {
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
  },
  60_000,
);

it.concurrent(
  'a proxy of the environment is used, told of, and its password stands nowhere',
  async () => {
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
  },
  60_000,
);

function headersOf(requests: readonly RawRequest[], name: string): readonly string[] {
  return requests.map(({ text }) => new RegExp(`\\r\\n${name}: (.*)\\r\\n`).exec(text)![1]!);
}

it.concurrent(
  'requests have the ids by which the run knows their samples',
  async () => {
    const bench = openBench();
    const { url, requests } = await serve();
    const ids = ['--request-id', '--traceparent', '--header', 'X-Both: {{sample}}/{{sample}}'];
    const load = ['--concurrency', '4', '--samples', '40', '--workers', '2'];
    const { code } = await bench.start(bench.runArgs(url, 10, ...load, ...ids)).finished;
    expect(WENT_THROUGH).toContain(code);
    const events = readFileSync(bench.file('run/events.jsonl'), 'utf8').trim().split('\n');
    const uuids = new Set(
      events.flatMap((line) => {
        const { event_type: type, sample_uuid: uuid } = JSON.parse(line) as Record<string, string>;
        return type === 'sample.issued' ? [uuid!] : [];
      }),
    );
    expect(uuids.size).toBe(40);
    const sent = headersOf(requests, 'X-Request-Id');
    expect(new Set(sent)).toEqual(uuids);
    expect(headersOf(requests, 'X-Both')).toEqual(sent.map((uuid) => `${uuid}/${uuid}`));
    for (const [index, traceparent] of headersOf(requests, 'traceparent').entries()) {
      expect(traceparent).toMatch(new RegExp(`^00-${sent[index]}-[0-9a-f]{16}-01$`));
    }
  },
  60_000,
);

it.concurrent(
  'the turns of a conversation name it, also those that repeat responses',
  async () => {
    const bench = openBench();
    const { url, requests } = await serve();
    const talk = (name: string) => ({
      conversations: ['human', 'gpt', 'human'].map((from) => ({ from, value: name })),
    });
    writeFileSync(bench.file('talks.jsonl'), ['a', 'b'].map((name) => JSON.stringify(talk(name))).join('\n'));
    const run = bench.start([
      ...['run', '--endpoint', url, '--model', 'm', '--dataset', bench.file('talks.jsonl'), '--multi-turn'],
      ...['--history', 'live', '--concurrency', '2', '--out', bench.file('run')],
      ...['--header', 'X-Conversation: {{conversation}}', '--request-id'],
    ]);
    const { code } = await run.finished;
    expect(WENT_THROUGH).toContain(code);
    const named = headersOf(requests, 'X-Conversation').toSorted();
    expect(named).toEqual(['0000000000', '0000000000', '0000000001', '0000000001']);
    expect(new Set(headersOf(requests, 'X-Request-Id')).size).toBe(4);
    for (const { text } of requests)
      expect(() => JSON.parse(text.split('\r\n\r\n')[1]!) as unknown).not.toThrow();
  },
  60_000,
);
