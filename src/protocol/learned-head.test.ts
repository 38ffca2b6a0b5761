import { expect, test } from 'vitest';
import { HttpHead } from './http-head.ts';
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
  const [statusLine, ...fields] = head.toString('latin1').split('\r\n').slice(0, -2);
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

test('does not learn two lengths, which must be the same', () => {
  const head = headOf('HTTP/1.1 200 OK', 'Content-Length: 5', 'Content-Length: 5');
  expect(learnedFrom(head).match(head, 0, head.length)).toBe(NO_HEAD);
});

test('learns another head when several in a row did not match', () => {
  const other = headOf('HTTP/1.1 429 Slow', 'Content-Length: 0');
  const learned = learnedFrom(HEAD);
  expect(learned.match(HEAD, 0, HEAD.length)).toBe(HEAD.length);
  learnedFrom(other, learned);
  learnedFrom(other, learned);
  expect(learned.match(other, 0, other.length)).toBe(NO_HEAD);
  learnedFrom(other, learned);
  expect(learned.match(other, 0, other.length)).toBe(other.length);
  expect(learned).toMatchObject({ status: 429, contentLength: 0 });
});
