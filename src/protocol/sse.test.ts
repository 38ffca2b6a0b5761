import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { ResponseFormatError } from './adapter.ts';
import { messages, naiveMessages, toldBy } from '../../test/protocol/sse-readings.ts';
import { MAX_MESSAGE_BYTES, SseParser } from './sse.ts';

const of = (text: string) => Buffer.from(text);

test.each([
  ['line feeds', 'data: a\n\ndata: b\n\n', ['a', 'b']],
  ['carriage returns', 'data: a\r\rdata: b\r\r', ['a', 'b']],
  ['both', 'data: a\r\n\r\ndata: b\r\n\r\n', ['a', 'b']],
  ['mixed line ends', 'data: a\n\r\ndata: b\r\ndata: c\r\n\r', ['a', 'b\nc']],
  ['no blank, one blank, two blanks', 'data:a\n\ndata: a\n\ndata:  a\n\n', ['a', 'a', ' a']],
  ['comments and other fields', ': data: x\nid: 1\nretry: 5\ndata: a\ndatum: b\n\n', ['a']],
  ['data lines joined', 'data: {\ndata: "a":1\n\ndata\n\n', ['{\n"a":1', '']],
  ['lines of no message', '\n\n\n: ping\n\nevent: x\n\n', []],
  ['a byte order mark', '\ufeffdata: a\n\n\ufeffdata: b\n\n', ['a']],
  ['a colon within', 'data: a: b\n\n', ['a: b']],
  ['a tail without an empty line', 'data: a\n\ndata: b\n', ['a', '?b']],
  ['a tail without any line end', 'data: a\n\ndata: b', ['a', '?b']],
  ['a tail of two lines', 'data: a\ndata: b', ['?a\nb']],
  ['a named event', 'event: ping\ndata: a\n\ndata: b\n\n', ['>a', 'b']],
  ['events named message, and nothing', 'event: message\ndata: a\n\nevent\ndata: b\n\n', ['a', 'b']],
  ['an event named error', 'event: error\ndata: a\n\ndata: b\n\n', ['!a', 'b']],
  ['an event named error without data', 'event:error\n\n', ['!']],
  ['an event named error with a comment', 'event: error\n: why\n\n', ['!why']],
  ['an event named error that nothing ends', 'data: a\nevent: error', ['!a']],
  ['a field named error', 'data: a\n\nerror: {"b":1}\n\n', ['a', '!{"b":1}']],
  ['JSON on a line of its own', 'data: a\n\n{"b":1}\n\n[1]\n', ['a', '?{"b":1}', '?[1]']],
])('finds messages: %s', (_name, stream, wanted) => {
  const bytes = of(stream);
  expect(messages(bytes)).toEqual(wanted);
  expect(
    messages(
      bytes,
      Array.from(bytes, (_byte, place) => place),
    ),
  ).toEqual(wanted);
  for (let cut = 0; cut < bytes.length; cut++) expect(messages(bytes, [cut])).toEqual(wanted);
});

test('agrees with the standard on any bytes, however they are cut', () => {
  const word = fc.constantFrom(
    'data',
    ':',
    ' ',
    '\r',
    '\n',
    '\r\n',
    '\n\n',
    '\ufeff',
    'data: {"a": 1}',
    'é',
    'event: x',
    'event: error',
    'error: y',
    '{',
  );
  const stream = fc.oneof(
    fc.array(word, { maxLength: 40 }).map((words) => of(words.join(''))),
    fc.uint8Array({ maxLength: 60 }),
  );
  fc.assert(
    fc.property(stream, fc.array(fc.nat({ max: 300 }), { maxLength: 10 }), (bytes, cuts) => {
      expect(messages(bytes, cuts)).toEqual(naiveMessages(bytes));
    }),
    { numRuns: 3000 },
  );
});

test('agrees with the standard on each stream of a few words, cut anywhere', () => {
  const words = ['data', ':', ' ', '\r', '\n', 'x', '\ufeff', 'data:y\n\n', 'event:error'];
  const differing: string[] = [];
  const grow = (stream: string, more: number): void => {
    const bytes = of(stream);
    const wanted = naiveMessages(bytes);
    const everywhere = Array.from(bytes, (_byte, place) => place);
    for (const cuts of [everywhere, ...everywhere.map((place) => [place])]) {
      if (!isDeepStrictEqual(messages(bytes, cuts), wanted))
        differing.push(`${JSON.stringify(stream)} at ${cuts.join()}`);
    }
    if (more > 0) for (const word of words) grow(stream + word, more - 1);
  };
  grow('', 4);
  expect(differing).toEqual([]);
});

test('tells a message at the carriage return that ends it, and once', () => {
  const told = toldBy((parser) => {
    const feed = (text: string) => parser.feed(of(text), 0, text.length);
    feed('data: a\r\n\r');
    feed('\n');
    feed('data: b\r\r');
    feed('\n\n');
    parser.finish();
  });
  expect(told).toEqual(['a', 'b']);
});

test('hands a message on where it lies when it lies in one read', () => {
  const bytes = of('xdata: a\n\ndata: b\n\n');
  const seen: unknown[] = [];
  const parser = new SseParser({
    onMessage: (buffer, start, end) => seen.push([buffer === bytes, start, end]),
    onFailure: () => undefined,
    onLooseData: () => undefined,
  });
  parser.feed(bytes, 1, bytes.length);
  expect(seen).toEqual([
    [true, 7, 8],
    [true, 16, 17],
  ]);
});

test('begins a new stream after finish and after reset', () => {
  const told = toldBy((parser) => {
    const feed = (text: string) => parser.feed(of(text), 0, of(text).length);
    feed('event: error\ndata: a\r');
    parser.finish();
    feed('\ufeffdata: b\n');
    feed('data: c');
    parser.reset();
    feed('data: d\n\n');
    parser.finish();
  });
  expect(told).toEqual(['!a', 'd']);
});

test.each([
  ['one endless line', 'x'.repeat(2 ** 20)],
  ['endless lines of data', `data: ${'x'.repeat(2 ** 20)}\n`],
])('gives up on %s', (_name, piece) => {
  const bytes = of(piece);
  const flood = (parser: SseParser) => {
    for (let sent = 0; sent <= MAX_MESSAGE_BYTES; sent += 2 ** 20) parser.feed(bytes, 0, bytes.length);
  };
  expect(() => toldBy(flood)).toThrow(ResponseFormatError);
});
