import assert from 'node:assert/strict';
import { HttpParseError, HttpResponseParser } from '../../../src/protocol/http-response.ts';
import { LearnedHead } from '../../../src/protocol/learned-head.ts';
import { assertSame, cutsOf, type FuzzTarget } from './targets.ts';

/** Any split reads as no split does, with a head that was learned and with one that was not; refused only as an `HttpParseError`. */
export const target: FuzzTarget = {
  seeds: [
    'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: text/event-stream\r\n\r\n5\r\nhello\r\n0\r\nA: b\r\n\r\n',
    'HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 429 Slow\r\nRetry-After: 3\r\nConnection: close\r\n\r\nwait',
    'HTTP/1.1 204 No\r\nLocation: /x\r\n\r\n',
  ],
  words: [
    ...[
      'HTTP/1.1 200 OK\r\n',
      'HTTP/1.0 ',
      'Content-Length: ',
      'Transfer-Encoding: chunked\r\n',
      '\r\n\r\n',
      '\r\n',
    ],
    ...[
      'Connection: close\r\n',
      'Content-Encoding: gzip\r\n',
      'Content-Type: text/event-stream\r\n',
      '0\r\n\r\n',
    ],
    ...['Retry-After: 1\r\n', '304', '101', ';x=y', 'ffffffff', '\n', ':', ' '],
  ],
  check: (bytes, random) => {
    const learned = new LearnedHead();
    const wanted = readBy(bytes, [], learned);
    assertSame(readBy(bytes, cutsOf(bytes.length, random), new LearnedHead()), wanted);
    // The head is learned by now, if heads like it can be.
    for (let time = 0; time < 3; time++) assertSame(readBy(bytes, [], learned), wanted);
    assertSame(readBy(bytes, cutsOf(bytes.length, random), learned), wanted);
  },
};

function readBy(bytes: Buffer, cuts: readonly number[], learned: LearnedHead): readonly unknown[] {
  const told: unknown[] = [];
  const note = (...what: readonly unknown[]) => {
    const last = told.at(-1) as unknown[] | undefined;
    // Where the body is cut depends on the reads.
    if (what[0] === 'body' && last?.[0] === 'body') last[1] = `${String(last[1])}${String(what[1])}`;
    else told.push([...what]);
  };
  const parser = new HttpResponseParser(
    {
      onHead: (status) =>
        note(
          'head',
          status,
          parser.keepAlive,
          parser.isEventStream,
          parser.contentCoding,
          parser.retryAfter,
          parser.location,
        ),
      onBody: (buffer, start, end) =>
        note('body', Buffer.from(buffer.subarray(start, end)).toString('latin1')),
      onEnd: () => note('end'),
    },
    learned,
  );
  try {
    let start = 0;
    for (const end of [...cuts, bytes.length]) {
      const read = Buffer.from(bytes.subarray(0, end));
      for (let from = start; from < end;) {
        const used = parser.feed(read, from, end);
        assert.ok(used > 0, 'a read was not taken');
        from += used;
      }
      start = Math.max(start, end);
    }
    note('finish', parser.finish());
  } catch (error) {
    if (!(error instanceof HttpParseError)) throw error;
    note('refused', error.message);
  }
  return told;
}
