import { describe, expect, test } from 'vitest';
import { HttpParseError, HttpResponseParser, MAX_HEAD_BYTES } from '../../src/protocol/http-response.ts';
import { latin1, lines, message, outcome, Recorder } from './read-response.ts';
import { MALFORMED, TRUNCATED, WELL_FORMED } from './response-samples.ts';

describe('a response that is well formed', () => {
  test.each(WELL_FORMED)('%s', (_name, text, wanted) => {
    expect(outcome(latin1(text))).toEqual(wanted);
  });
});

test.each(TRUNCATED)('a connection closed %s leaves a truncated response', (_name, text) => {
  expect(outcome(latin1(text)).end).toBe('truncated');
});

describe('a response is refused for', () => {
  test.each(MALFORMED)('%s', (_name, reason, text) => {
    expect(outcome(latin1(text)).end).toMatch(reason);
  });
});

test('a failed parser refuses more bytes until it is reset', () => {
  const { parser, messages } = new Recorder();
  expect(() => parser.feed(latin1('GARBAGE\n'), 0, 8)).toThrow(HttpParseError);
  const good = latin1(lines('HTTP/1.1 200 OK', 'Content-Length: 2', '', 'ok'));
  expect(() => parser.feed(good, 0, good.length)).toThrow(HttpParseError);
  parser.reset();
  expect(parser.feed(good, 0, good.length)).toBe(good.length);
  expect(messages).toEqual([message('ok')]);
});

test('the limit of a head is not one of a long stream', () => {
  const chunks = '1\r\nx\r\n'.repeat(MAX_HEAD_BYTES);
  const text = lines('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', '', `${chunks}0`, '', '');
  expect(outcome(latin1(text + text))).toEqual({
    messages: [message('x'.repeat(MAX_HEAD_BYTES)), message('x'.repeat(MAX_HEAD_BYTES))],
    end: 'idle',
  });
});

test.each([
  ['a response that closes', lines('HTTP/1.1 200 OK', 'Connection: close', 'Content-Length: 1', '', 'x')],
  [
    'a response that keeps alive',
    lines('HTTP/1.0 200 OK', 'Connection: keep-alive', 'Content-Length: 1', '', 'x'),
  ],
  ['the size of a chunk', lines('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', '', '5')],
  ['a body', lines('HTTP/1.1 200 OK', 'Content-Length: 5', '', 'x')],
  ['a head', lines('HTTP/1.1 200 OK', 'Content-Length: 5', 'Connection: close', 'Transfer-Enc')],
])('after a reset, %s leaves no trace', (_name, before) => {
  const texts = [
    lines('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', '', '1', 'a', '0', '', ''),
    lines('HTTP/1.0 200 OK', 'Content-Length: 1', '', 'b'),
  ];
  for (const text of texts) {
    const { parser, messages } = new Recorder();
    parser.feed(latin1(before), 0, before.length);
    parser.reset();
    messages.length = 0;
    parser.feed(latin1(text), 0, text.length);
    expect({ messages, end: parser.finish() }).toEqual(outcome(latin1(text)));
  }
});

test('reset forgets a line that was cut', () => {
  const { parser } = new Recorder();
  parser.feed(latin1('HTTP/1.1 5'), 0, 10);
  parser.reset();
  expect(parser.finish()).toBe('idle');
});

test('stops behind the message and leaves the rest to the next call', () => {
  const { parser, messages } = new Recorder();
  const text = lines('HTTP/1.1 200 OK', 'Content-Length: 2', '', 'ok');
  const bytes = latin1(`..${text}unasked`);
  expect(parser.feed(bytes, 2, bytes.length)).toBe(text.length);
  expect(messages).toEqual([message('ok')]);
});

test('hands the body on where it lies', () => {
  const bytes = latin1(lines('HTTP/1.1 200 OK', 'Content-Length: 2', '', 'ok'));
  const seen: unknown[] = [];
  const parser = new HttpResponseParser({
    onHead: () => undefined,
    onBody: (buffer, start, end) => seen.push([buffer === bytes, start, end]),
    onEnd: () => undefined,
  });
  parser.feed(bytes, 0, bytes.length);
  expect(seen).toEqual([[true, bytes.length - 2, bytes.length]]);
});
