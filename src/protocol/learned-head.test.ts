import { isDeepStrictEqual } from 'node:util';
import { expect, test } from 'vitest';
import { type HeadFacts, HttpHead } from './http-head.ts';
import { HttpParseError } from './http-parse-error.ts';
import { LearnedHead, NO_HEAD } from './learned-head.ts';

const headOf = (...lines: readonly string[]) => Buffer.from([...lines, '', ''].join('\r\n'), 'latin1');

const HEAD = headOf(
  'HTTP/1.1 200 OK',
  'Date: Tue, 24 Nov 2026 12:00:00 GMT',
  'Content-Type: application/json',
  'Content-Length:  312 ',
  'x-request-id: 7f3a',
);

/** One that has read `head`, line by line, and learned it. */
function learnedFrom(head: Buffer, learned = new LearnedHead()): LearnedHead {
  const facts = new HttpHead();
  const [statusLine, ...fields] = head.toString('latin1').split(/\r?\n/).slice(0, -2);
  facts.takeStatusLine(Buffer.from(statusLine!), 0, statusLine!.length);
  for (const field of fields) facts.takeHeader(Buffer.from(field), 0, field.length);
  learned.learn(head, 0, head.length, facts);
  return learned;
}

test('tells its head again with another date, id and length, and where it ends', () => {
  const other = headOf(
    'HTTP/1.1 200 OK',
    'Date: ',
    'Content-Type: application/json',
    'Content-Length:  9 ',
    'x-request-id: \xe9 longer: than 0 before',
  );
  const learned = learnedFrom(HEAD);
  expect(learned.match(HEAD, 0, HEAD.length)).toBe(HEAD.length);
  expect(learned).toMatchObject({ status: 200, isChunked: false, keepsAlive: true, contentLength: 312 });
  const bytes = Buffer.concat([Buffer.from('..'), other, Buffer.from('{}')]);
  expect(learned.match(bytes, 2, bytes.length)).toBe(2 + other.length);
  expect(learned.contentLength).toBe(9);
});

test('does not take a head that is not there as a whole', () => {
  const learned = learnedFrom(HEAD);
  for (let end = 0; end < HEAD.length; end++) expect(learned.match(HEAD, 0, end)).toBe(NO_HEAD);
});

test.each([
  ['status', 'OK', 'Ok'],
  ['name of a header', 'Date', 'Data'],
  ['header that matters', '/json', '/JSON'],
  ['header more', '\r\nx-', '\r\nConnection: close\r\nx-'],
  ['length that is none', ' 312', ' 3x2'],
  ['length of too many digits', ' 312', ' 1234567890123456'],
  ['empty length', ' 312', ' '],
  ['control character in a value', '7f', '7\t'],
])('does not take one with another %s', (_what, from, to) => {
  const other = Buffer.from(HEAD.toString('latin1').replace(from, to), 'latin1');
  expect(learnedFrom(HEAD).match(other, 0, other.length)).toBe(NO_HEAD);
});

/** What line by line reading finds in the head at the start of `bytes`, and where it ends; `undefined` for none. */
function readByLine(bytes: Buffer) {
  const facts = new HttpHead();
  try {
    for (let line = 0, next = 0; ; line = next) {
      const feed = bytes.indexOf(0x0a, line);
      if (feed < 0) return undefined;
      next = feed + 1;
      const end = feed > line && bytes[feed - 1] === 0x0d ? feed - 1 : feed;
      if (line === 0) facts.takeStatusLine(bytes, line, end);
      else if (end > line) facts.takeHeader(bytes, line, end);
      else return { end: next, ...factsOf(facts) };
    }
  } catch (error) {
    if (error instanceof HttpParseError) return undefined;
    throw error;
  }
}

function factsOf(head: HeadFacts): HeadFacts {
  const { status, isChunked, isEventStream, contentLength, keepsAlive, contentCoding } = head;
  return { status, isChunked, isEventStream, contentLength, keepsAlive, contentCoding };
}

test.each([
  ['of a body', HEAD],
  [
    'of a stream',
    headOf('HTTP/1.1 200 OK', 'X:', 'Connection: close', 'Transfer-Encoding: chunked', 'Y: \ta'),
  ],
  ['of an old server', Buffer.from('HTTP/1.0 200 Ok\nServer: x\ncontent-type:text/event-stream\n\n')],
])('takes no head that reads otherwise, whichever byte is another, left out or added: %s', (_what, head) => {
  const learned = learnedFrom(head);
  const differing: string[] = [];
  let matches = 0;
  const check = (what: string, ...parts: readonly Uint8Array[]) => {
    const other = Buffer.concat([...parts, Buffer.from('{}\r\n\r\n')]);
    const end = learned.match(other, 0, other.length);
    if (end === NO_HEAD) return;
    matches += 1;
    if (!isDeepStrictEqual({ end, ...factsOf(learned) }, readByLine(other))) differing.push(what);
  };
  for (let at = 0; at < head.length; at++) {
    const [before, after] = [head.subarray(0, at), head.subarray(at + 1)];
    check(`without byte ${at}`, before, after);
    for (let byte = 0; byte <= 0xff; byte++) {
      check(`byte ${at} as ${byte}`, before, Uint8Array.of(byte), after);
      check(`${byte} before byte ${at}`, before, Uint8Array.of(byte), head.subarray(at));
    }
  }
  expect(differing).toEqual([]);
  expect(matches).toBeGreaterThan(head.length);
});

test('does not learn two lengths, which must be the same', () => {
  const head = headOf('HTTP/1.1 200 OK', 'Content-Length: 5', 'Content-Length: 5');
  expect(learnedFrom(head).match(head, 0, head.length)).toBe(NO_HEAD);
});

test('learns another head when several in a row did not match', () => {
  const other = headOf('HTTP/1.1 202 Accepted', 'Content-Length: 0');
  const learned = learnedFrom(HEAD);
  expect(learned.match(HEAD, 0, HEAD.length)).toBe(HEAD.length);
  learnedFrom(other, learned);
  learnedFrom(other, learned);
  expect(learned.match(other, 0, other.length)).toBe(NO_HEAD);
  learnedFrom(other, learned);
  expect(learned.match(other, 0, other.length)).toBe(other.length);
  expect(learned).toMatchObject({ status: 202, contentLength: 0 });
});

test('learns no failure, of whose head more is read than is learned', () => {
  const head = headOf('HTTP/1.1 429 Slow Down', 'Retry-After: 5', 'Content-Length: 0');
  expect(learnedFrom(head).match(head, 0, head.length)).toBe(NO_HEAD);
});
