import { once } from 'node:events';
import { type IncomingHttpHeaders, type IncomingMessage, request as httpRequest } from 'node:http';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, describe, expect, it } from 'vitest';
import { LiveUpdates } from '../../src/app/views/live-updates.ts';
import type { ControlState, RunControls } from '../../src/live/run-controls.ts';
import { MetricsExport } from '../../src/web/exported-metrics.ts';
import { applyControl, type ControlDesk } from '../../src/web/control-actions.ts';
import { LiveChannel } from '../../src/web/live-channel.ts';
import type { PageFile } from '../../src/web/page-files.ts';
import type { PastRun, RunLibrary } from '../../src/web/run-library.ts';
import { WEB_LIMITS } from '../../src/web/web-limits.ts';
import { startWebServer, type WebServer, type WebServerOptions } from '../../src/web/web-server.ts';
import { waitFor } from '../process/program.ts';
import { madeUpSnapshot, RUNNING } from './snapshots.ts';

const TOKEN = 'a token of some length';
const EMPTY_LIBRARY: RunLibrary = { list: () => Promise.resolve([]), open: () => Promise.resolve(undefined) };

const servers: WebServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

interface Started {
  readonly port: number;
  readonly live: LiveChannel;
  readonly url: string;
}

async function start(options: Partial<WebServerOptions> = {}): Promise<Started> {
  const live = new LiveChannel();
  const metrics = new MetricsExport();
  const server = await startWebServer({
    ...{ host: '127.0.0.1', port: 0, orAnyPort: false, token: undefined, version: '1.2.3' },
    ...{ page: pageOf('<p>hello'), live, library: EMPTY_LIBRARY },
    metrics: () => metrics.families('1.2.3'),
    ...options,
  });
  servers.push(server);
  return { port: server.port, live, url: server.url };
}

function deskOf(controls: RunControls): ControlDesk {
  return {
    state: () => Promise.resolve(controls.state),
    apply: (action, body) => Promise.resolve(applyControl(controls, action, body)),
  };
}

function pageOf(content: string): ReadonlyMap<string, PageFile> {
  const bytes = new TextEncoder().encode(content);
  const file = { contentType: 'text/html', etag: '"1"', bytes, gzipped: () => Promise.resolve(bytes) };
  return new Map([['/', file]]);
}

interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** Asks with exactly these headers and path, which `fetch` would tidy up. */
async function ask(
  port: number,
  path: string,
  {
    method = 'GET',
    headers = {},
    body = '',
  }: { method?: string; headers?: Record<string, string>; body?: string } = {},
): Promise<Answer> {
  const request = httpRequest({ host: '127.0.0.1', port, path, method, headers, agent: false });
  request.end(body);
  const [response] = (await once(request, 'response')) as [IncomingMessage];
  return { status: response.statusCode!, headers: response.headers, body: await text(response) };
}

describe('every answer', () => {
  it('carries the policy: own files only, no framing, no sniffing, no referrer', async () => {
    const { port } = await start();
    for (const path of ['/', '/metrics', '/api/runs', '/nothing', '/api/live']) {
      const { headers } = await ask(port, path);
      expect(headers['content-security-policy']).toBe(
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
          "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      );
      expect(headers['x-content-type-options']).toBe('nosniff');
      expect(headers['referrer-policy']).toBe('no-referrer');
    }
  });

  it('is refused on loopback to any other name (DNS rebinding)', async () => {
    const { port } = await start();
    const statusFor = async (host: string) => (await ask(port, '/', { headers: { host } })).status;
    expect(await statusFor(`evil.example:${port}`)).toBe(403);
    expect(await statusFor('127.0.0.1.evil.example')).toBe(403);
    expect(await statusFor('localhost.evil.example')).toBe(403);
    expect(await statusFor(`localhost:${port}`)).toBe(200);
    expect(await statusFor(`[::1]:${port}`)).toBe(200);
    expect(await statusFor(`127.0.0.1:${port}`)).toBe(200);
  });
});

describe('with a token', () => {
  it('nobody gets in without it, and the address sets the cookie once', async () => {
    const { port, url } = await start({ token: TOKEN });
    for (const path of ['/', '/metrics', '/api/live/events', '/api/runs', '/nothing', '/?token=wrong']) {
      expect((await ask(port, path)).status).toBe(401);
    }
    expect((await ask(port, '/', { headers: { authorization: 'Bearer wrong' } })).status).toBe(401);
    expect((await ask(port, '/', { headers: { authorization: `Bearer ${TOKEN}` } })).status).toBe(200);
    const opened = await ask(port, new URL(url).pathname + new URL(url).search);
    expect(opened.status).toBe(303);
    expect(opened.headers.location).toBe('/');
    const [cookie] = opened.headers['set-cookie']!;
    expect(cookie).toMatch(/; HttpOnly/);
    expect(cookie).toMatch(/; SameSite=Strict/);
    expect(cookie).not.toContain(TOKEN);
    expect((await ask(port, '/', { headers: { cookie: cookie!.split(';')[0]! } })).status).toBe(200);
    expect((await ask(port, '/', { headers: { cookie: `inferometer_${port}=wrong` } })).status).toBe(401);
  });

  it('the address never leads on to another host', async () => {
    const { port } = await start({ token: TOKEN });
    const token = `token=${encodeURIComponent(TOKEN)}`;
    for (const path of [
      ...['//evil.example', '///evil.example', '/\\evil.example', '\\\\evil.example', '/\\/evil.example/x'],
      ...[
        '/%2fevil.example',
        '/%5cevil.example',
        '/.//evil.example',
        '/x/..//evil.example',
        '/%2e%2e//evil.example',
      ],
      ...['http://evil.example/', `//evil.example/?a=1&${token}#`, '/;//evil.example', '/@evil.example'],
    ]) {
      const { status, headers } = await ask(port, `${path}${path.includes('?') ? '&' : '?'}${token}`);
      if (status === 400) continue;
      expect(status, path).toBe(303);
      for (const base of ['http://127.0.0.1:1', 'https://own.example'])
        expect(new URL(headers.location!, base).origin, `${path} → ${headers.location}`).toBe(base);
    }
  });
});

describe('paths', () => {
  it('lead nowhere but to what is served', async () => {
    const asked: string[] = [];
    const library = {
      ...EMPTY_LIBRARY,
      open: (name: string) => (asked.push(name), Promise.resolve(undefined)),
    };
    const { port } = await start({ library });
    for (const path of [
      ...['/../../etc/passwd', '/%2e%2e/%2e%2e/etc/passwd', '/modules/../../package.json'],
      ...['/api/runs/..%2f..%2fetc', '/api/runs/%00', '/api/runs/a%5c..%5cb', '//etc/passwd'],
    ]) {
      const { status, body } = await ask(port, path);
      expect([400, 404], path).toContain(status);
      expect(body).not.toContain('root:');
    }
    // What the library is asked for it looks up in its own list.
    expect(asked).toContain('../../etc');
  });
});

describe('the live run', () => {
  it('goes to many viewers at once, with the state of now for each who joins', async () => {
    const { port, live } = await start();
    const updates = new LiveUpdates();
    updates.update(madeUpSnapshot(RUNNING));
    live.push(updates.latest!, true);
    expect(JSON.parse((await ask(port, '/api/live')).body)).toMatchObject({ view: { issued: 100 } });
    const streams = await Promise.all(
      Array.from({ length: 60 }, () => fetch(`http://127.0.0.1:${port}/api/live/events`)),
    );
    expect(streams[0]!.headers.get('content-type')).toBe('text/event-stream');
    await Promise.all(
      streams.map(async ({ body }) => {
        const reader = body!.pipeThrough(new TextDecoderStream()).getReader();
        let seen = '';
        while (!seen.includes('"issued":100')) seen += (await reader.read()).value;
        expect(seen).toMatch(/^retry: \d+\n\nid: \d+\nevent: update\ndata: /);
        await reader.cancel();
      }),
    );
    await waitFor(() => live.viewers === 0, 'viewers to be gone');
  });

  it('has a largest number of viewers, and one that only asks for the head is none', async () => {
    const { port, live } = await start({ limits: { ...WEB_LIMITS, maxViewers: 2 } });
    for (let count = 0; count < 5; count++) {
      expect((await ask(port, '/api/live/events', { method: 'HEAD' })).status).toBe(200);
    }
    expect(live.viewers).toBe(0);
    const viewers = [new AbortController(), new AbortController()];
    for (const { signal } of viewers) await fetch(`http://127.0.0.1:${port}/api/live/events`, { signal });
    expect((await ask(port, '/api/live/events')).status).toBe(503);
    viewers[0]!.abort();
    await waitFor(() => live.viewers === 1, 'a viewer to be gone');
    const { status } = await fetch(`http://127.0.0.1:${port}/api/live/events`, {
      signal: viewers[1]!.signal,
    });
    expect(status).toBe(200);
    viewers[1]!.abort();
  });

  it('does not queue for a viewer that never reads', async () => {
    const { port, live } = await start();
    const updates = new LiveUpdates();
    updates.update(madeUpSnapshot(RUNNING));
    const note = 'x'.repeat(100_000);
    const large = (i: number) => ({
      ...updates.latest!,
      view: { ...updates.latest!.view, issued: i, errors: [{ type: note, count: 1, example: '' }] },
    });
    const socket = connect(port, '127.0.0.1');
    await once(socket, 'connect');
    socket.pause();
    socket.write(`GET /api/live/events HTTP/1.1\r\nHost: localhost\r\n\r\n`);
    await waitFor(() => live.viewers === 1, 'viewer');
    const before = process.memoryUsage().arrayBuffers + process.memoryUsage().external;
    for (let i = 1; i <= 400; i++) {
      live.push(large(i), false);
      await new Promise((next) => setImmediate(next));
    }
    // 40 MB went by; what is held is a socket's buffers and one event.
    expect(process.memoryUsage().arrayBuffers + process.memoryUsage().external - before).toBeLessThan(20e6);
    let seen = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => (seen += chunk));
    socket.resume();
    await waitFor(() => seen.includes('"issued":400'), 'the newest update');
    expect(seen.split('event: update').length).toBeLessThan(200);
    socket.destroy();
  });
});

describe('control', () => {
  class Controls implements RunControls {
    readonly calls: string[] = [];
    accepts = true;
    state: ControlState = { isPaused: false, isStopping: false, ratePerSecond: 50, concurrency: null };
    pause = () => this.#call('pause');
    resume = () => this.#call('resume');
    setRate = (value: number) => this.#call(`rate ${value}`);
    setConcurrency = (value: number) => this.#call(`concurrency ${value}`);
    note = (words: string) => this.#call(`note ${words}`);
    stop = () => this.#call('stop');
    cancel = () => this.#call('cancel');
    #call(what: string): boolean {
      this.calls.push(what);
      return this.accepts;
    }
  }

  it('is not there for viewers who may only look', async () => {
    const { port } = await start();
    expect((await ask(port, '/api/control/stop', { method: 'POST' })).status).toBe(403);
    expect(JSON.parse((await ask(port, '/api/about')).body)).toEqual({
      version: '1.2.3',
      canControl: false,
      canWriteNotes: false,
      canListRequests: false,
    });
  });

  it('takes the token and the own page, and says what it wanted', async () => {
    const controls = new Controls();
    const { port } = await start({ token: TOKEN, desk: deskOf(controls) });
    const post = (action: string, body: object | string, headers: Record<string, string> = {}) =>
      ask(port, `/api/control/${action}`, {
        method: 'POST',
        headers: { authorization: `Bearer ${TOKEN}`, ...headers },
        body: typeof body === 'string' ? body : JSON.stringify(body),
      });
    expect((await ask(port, '/api/control/stop', { method: 'POST' })).status).toBe(401);
    expect((await post('stop', {}, { origin: 'http://evil.example' })).status).toBe(403);
    expect((await post('stop', {}, { 'sec-fetch-site': 'cross-site' })).status).toBe(403);
    expect(
      (await ask(port, '/api/control/stop', { headers: { authorization: `Bearer ${TOKEN}` } })).status,
    ).toBe(404);
    expect(controls.calls).toEqual([]);
    const own = { origin: `http://127.0.0.1:${port}` };
    expect((await post('pause', {}, { ...own, host: `127.0.0.1:${port}` })).status).toBe(200);
    expect((await post('rate', { value: 75.5 })).status).toBe(200);
    expect((await post('concurrency', { value: 8 })).status).toBe(200);
    expect((await post('note', { text: ' deploy ' })).status).toBe(200);
    expect(controls.calls).toEqual(['pause', 'rate 75.5', 'concurrency 8', 'note deploy']);
    const malformed: readonly (readonly [action: string, body: object | string])[] = [
      ['rate', { value: -1 }],
      ['rate', {}],
      ['rate', { value: 1e308 }],
      ['rate', { value: 10_000_001 }],
      ['rate', { value: 1e-8 }],
      ['rate', '{"value": 1e999}'],
      ['concurrency', { value: 1_000_001 }],
      ['concurrency', { value: 0 }],
      ['rate', 'no json'],
      ['rate', 'null'],
      ['concurrency', { value: 1.5 }],
      ['note', { text: ' ' }],
      ['note', { text: 'x'.repeat(201) }],
    ];
    for (const [action, body] of malformed) {
      expect((await post(action, body)).status, `${action} ${JSON.stringify(body)}`).toBe(400);
    }
    expect((await post('note', { text: 'x'.repeat(5000) })).status).toBe(413);
    expect((await post('pause', {}, { 'transfer-encoding': 'chunked' })).status).toBe(411);
    expect((await post('cancel', {})).status).toBe(404);
    expect((await post('pause', '')).status).toBe(200);
    controls.accepts = false;
    expect((await post('resume', {})).status).toBe(409);
  });
});

describe('the port', () => {
  it('may be another one when nobody named it', async () => {
    const { port } = await start();
    await expect(start({ port })).rejects.toMatchObject({ code: 'INFEROMETER_WEB_LISTEN', kind: 'setup' });
    expect((await start({ port, orAnyPort: true })).port).not.toBe(port);
  });
});

describe('files of the page', () => {
  it('are sent once while they are the same', async () => {
    const { port } = await start();
    const { headers, body } = await ask(port, '/');
    expect(body).toBe('<p>hello');
    const again = await ask(port, '/', { headers: { 'if-none-match': headers.etag! } });
    expect(again).toMatchObject({ status: 304, body: '' });
  });
});

describe('a past run', () => {
  it('is what the library has', async () => {
    const run = { entry: { name: 'a b' } } as unknown as PastRun;
    const library = {
      ...EMPTY_LIBRARY,
      open: (name: string) => Promise.resolve(name === 'a b' ? run : undefined),
    };
    const { port } = await start({ library });
    expect(JSON.parse((await ask(port, '/api/runs/a%20b')).body)).toEqual({ entry: { name: 'a b' } });
    expect((await ask(port, '/api/runs/other')).status).toBe(404);
  });
});
