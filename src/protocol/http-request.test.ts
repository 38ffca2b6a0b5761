import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { InferometerError } from '../core/errors.ts';
import { parseEndpoint } from './endpoint.ts';
import { encodeRequest, headEncoder, type RequestHead } from './http-request.ts';

const ENDPOINT = parseEndpoint('http://localhost:8000');

function requestText(head: RequestHead, body = '{}', url = ENDPOINT.url): string {
  return Buffer.from(encodeRequest(parseEndpoint(url), 'v1/x', Buffer.from(body), head)).toString();
}

function inputError(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof InferometerError && error.kind === 'input') return error.message;
    throw error;
  }
  throw new Error('nothing was refused');
}

test('refuses a header without telling its value', () => {
  const headers = { 'X-Key': 'secret\n' };
  const message = inputError(() => requestText({ streaming: false, headers }));
  expect(message).toContain('X-Key');
  expect(message).not.toContain('secret');
});

test('a request byte by byte', () => {
  const head = { apiKey: 'k', headers: { 'X-Extra': 'a b' }, streaming: true, userAgent: 'me/1' };
  expect(requestText(head, '{"a":"é"}')).toBe(
    [
      'POST /v1/x HTTP/1.1',
      'Host: localhost:8000',
      'User-Agent: me/1',
      'Authorization: Bearer k',
      'Content-Type: application/json',
      'Accept: text/event-stream',
      'Connection: keep-alive',
      'X-Extra: a b',
      'Content-Length: 10',
      '',
      '{"a":"é"}',
    ].join('\r\n'),
  );
});

test('the default port is no part of the Host header, brackets are', () => {
  expect(requestText({ streaming: false }, '', 'http://h:80')).toContain('Host: h\r\n');
  expect(requestText({ streaming: false }, '', 'https://h')).toContain('Host: h\r\n');
  expect(requestText({ streaming: false }, '', 'https://h:80')).toContain('Host: h:80\r\n');
  expect(requestText({ streaming: false }, '', 'http://[::1]')).toContain('Host: [::1]\r\n');
});

test('without a key there is no Authorization; JSON is accepted when not streaming', () => {
  const text = requestText({ streaming: false });
  expect(text).not.toContain('Authorization');
  expect(text).toContain('Accept: application/json\r\n');
});

test("the user's header replaces ours", () => {
  const text = requestText({
    apiKey: 'k',
    headers: { authorization: 'Basic x', ACCEPT: '*/*' },
    streaming: true,
  });
  expect(text.match(/^authorization:.*$/gim)).toEqual(['authorization: Basic x']);
  expect(text.match(/^accept:.*$/gim)).toEqual(['ACCEPT: */*']);
});

test.each([
  ['a line break', { X: 'a\r\nEvil: 1' }],
  ['a line feed', { X: 'a\nb' }],
  ['a NUL', { X: '\0' }],
  ['a character that is not ASCII', { X: 'é' }],
  ['a name with a line break', { 'X\r\nEvil': '1' }],
  ['a name with a blank', { 'X Y': '1' }],
  ['an empty name', { '': '1' }],
  ['its own length', { 'content-length': '5' }],
  ['its own framing', { 'Transfer-Encoding': 'chunked' }],
  ['its own connection', { Connection: 'close' }],
  ['one name twice', { 'X-A': '1', 'x-a': '2' }],
])('refuses a header with %s', (_name, headers) => {
  expect(inputError(() => requestText({ headers: headers, streaming: true }))).toMatch(/^--header "/);
});

test('refuses a key with a line break without telling it', () => {
  expect(inputError(() => requestText({ apiKey: 'secret\n', streaming: true }))).not.toContain('secret');
});

test('whatever a header holds, it is refused or stays one line', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), (name, value) => {
      let text: string;
      try {
        text = requestText({ headers: { [name]: value }, streaming: true });
      } catch (error) {
        expect(error).toBeInstanceOf(InferometerError);
        return;
      }
      const head = text.slice(0, text.indexOf('\r\n\r\n'));
      expect(head.split(/\r\n|\r|\n/).length).toBeLessThanOrEqual(8);
      expect(head).toContain(`${name}: ${value}`);
    }),
  );
});

test('a real server reads it, again and again on one connection', async () => {
  const seen: { request: IncomingMessage; body: string }[] = [];
  const server = createServer((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (text: string) => (body += text));
    request.on('end', () => {
      seen.push({ request, body });
      response.end('ok');
      if (seen.length === 2) request.socket.end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const endpoint = parseEndpoint(`http://127.0.0.1:${port}/v1`);
  const body = JSON.stringify({ prompt: '日本 \ud83d', n: 1 });
  const bytes = encodeRequest(endpoint, 'v1/completions', Buffer.from(body), { streaming: true });
  const socket = connect(port, '127.0.0.1');
  socket.write(bytes);
  socket.write(bytes);
  socket.resume();
  await once(socket, 'close');
  server.close();
  await once(server, 'close');
  expect(seen.map((request) => request.body)).toEqual([body, body]);
  const [{ request }] = seen as [(typeof seen)[0]];
  expect([request.method, request.url]).toEqual(['POST', '/v1/completions']);
  expect(request.headers).toMatchObject({
    host: `127.0.0.1:${port}`,
    accept: 'text/event-stream',
    'content-type': 'application/json',
    connection: 'keep-alive',
  });
});

test('an API may want headers of its own, and the key in another than Authorization; the user has the last word', () => {
  const encode = (headers: Readonly<Record<string, string>>) =>
    headEncoder(parseEndpoint('http://h'), 'v1/messages', {
      ...{ streaming: true, apiKey: 'secret', keyHeader: 'x-api-key', headers },
      apiHeaders: { 'anthropic-version': '2023-06-01', Accept: 'application/x-ndjson' },
    })(0);
  expect(encode({})).toContain('\r\nx-api-key: secret\r\n');
  expect(encode({})).not.toContain('Authorization');
  expect(encode({})).toContain('\r\nanthropic-version: 2023-06-01\r\n');
  expect(encode({})).not.toContain('text/event-stream');
  expect(encode({ 'Anthropic-Version': '2026-10-21' })).toContain('\r\nAnthropic-Version: 2026-10-21\r\n');
  expect(encode({ 'Anthropic-Version': '2026-10-21' })).not.toContain('2023-06-01');
});
