import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BadRequest, type HttpRequest, HttpRequestReader } from './http-request-reader.ts';

function read(pieces: readonly string[]): HttpRequest[] {
  const reader = new HttpRequestReader(() => undefined);
  return pieces.flatMap((piece) => reader.push(Buffer.from(piece, 'latin1')));
}

const essence = ({ method, path, keepAlive, body }: HttpRequest) => [
  method,
  path,
  keepAlive,
  body.toString('latin1'),
];

const REQUESTS = [
  'POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nhello',
  'GET /b?x=1 HTTP/1.1\r\nConnection: close\r\n\r\n',
  'POST /c HTTP/1.1\r\ntransfer-encoding: Chunked\r\n\r\n3\r\nabc\r\na;ext=1\r\n0123456789\r\n0\r\nTrailer: 1\r\n\r\n',
  'POST /d HTTP/1.0\r\ncontent-length:0\r\n\r\n',
  'POST /e HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
  'POST /f HTTP/1.0\r\nConnection: Keep-Alive\r\nContent-Length: 1\r\n\r\n!',
];
const WANTED = [
  ['POST', '/a', true, 'hello'],
  ['GET', '/b', false, ''],
  ['POST', '/c', true, 'abc0123456789'],
  ['POST', '/d', false, ''],
  ['POST', '/e', true, ''],
  ['POST', '/f', true, '!'],
];

describe('HttpRequestReader', () => {
  test('finds the requests of a connection however it is split', () => {
    const bytes = REQUESTS.join('');
    fc.assert(
      fc.property(fc.array(fc.nat(bytes.length), { maxLength: 30 }), (cuts) => {
        const edges = [0, ...cuts.sort((a, b) => a - b), bytes.length];
        const pieces = edges.slice(1).map((edge, i) => bytes.slice(edges[i], edge));
        expect(read(pieces).map(essence)).toEqual(WANTED);
      }),
    );
    expect(read([...bytes]).map(essence)).toEqual(WANTED);
  });

  test('takes the query apart', () => {
    expect(read([REQUESTS[1]!])[0]!.query.get('x')).toBe('1');
  });

  test('asks on behalf of a client that waits for 100 Continue, once', () => {
    let asked = 0;
    const reader = new HttpRequestReader(() => (asked += 1));
    reader.push(Buffer.from('POST / HTTP/1.1\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\n'));
    expect(asked).toBe(1);
    reader.push(Buffer.from('a'));
    expect(reader.push(Buffer.from('b')).map(essence)).toEqual([['POST', '/', true, 'ab']]);
    expect(asked).toBe(1);
  });

  test.each([
    ['hello\r\n\r\n', 400],
    ['GET / HTTP/2\r\n\r\n', 400],
    ['POST / HTTP/1.1\r\nContent-Length: x\r\n\r\n', 400],
    ['POST / HTTP/1.1\r\nContent-Length: 99999999999\r\n\r\n', 413],
    ['POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n', 400],
    [`GET / HTTP/1.1\r\nX: ${'x'.repeat(70_000)}`, 431],
  ])('refuses %j', (bytes, status) => {
    try {
      read([bytes]);
    } catch (error) {
      expect(error).toBeInstanceOf(BadRequest);
      expect((error as BadRequest).status).toBe(status);
      return;
    }
    expect.unreachable();
  });
});
