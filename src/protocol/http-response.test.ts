import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  HttpParseError,
  HttpResponseParser,
  type HttpResponseSink,
  MAX_HEAD_BYTES,
} from './http-response.ts';
import { LearnedHead } from './learned-head.ts';

interface Message {
  readonly status: number;
  readonly keepAlive: boolean;
  readonly isEventStream: boolean;
  readonly body: string;
  readonly isWhole: boolean;
}

interface Outcome {
  readonly messages: readonly Message[];
  /** What the end of the connection meant, or why the response was refused. */
  readonly end: string;
}

/** Notes what it is told; body bytes as latin1. */
class Recorder implements HttpResponseSink {
  readonly parser: HttpResponseParser;
  readonly messages: (Message & { body: string; isWhole: boolean })[] = [];
  pieces = 0;

  constructor(learned = new LearnedHead()) {
    this.parser = new HttpResponseParser(this, learned);
  }

  onHead(status: number): void {
    const { keepAlive, isEventStream } = this.parser;
    this.messages.push({ status, keepAlive, isEventStream, body: '', isWhole: false });
  }

  onBody(buffer: Uint8Array, start: number, end: number): void {
    expect(end).toBeGreaterThan(start);
    this.pieces += 1;
    this.messages.at(-1)!.body += Buffer.from(buffer.subarray(start, end)).toString('latin1');
  }

  onEnd(): void {
    this.messages.at(-1)!.isWhole = true;
  }
}

/** All messages in `bytes`, read in pieces that end at the given places, then the end of the connection. */
function outcome(bytes: Buffer, cuts: readonly number[] = [], learned?: LearnedHead): Outcome {
  const recorder = new Recorder(learned);
  const { parser, messages } = recorder;
  try {
    for (const [start, end] of piecesOf(bytes.length, cuts)) {
      for (let from = start; from < end;) {
        const used = parser.feed(bytes, from, end);
        expect(used).toBeGreaterThan(0);
        from += used;
      }
    }
    return { end: parser.finish(), messages };
  } catch (error) {
    if (!(error instanceof HttpParseError)) throw error;
    return { end: error.message, messages };
  }
}

function piecesOf(length: number, cuts: readonly number[]): (readonly [number, number])[] {
  const ends = [...new Set([...cuts.map((cut) => cut % (length + 1)), length])].sort((a, b) => a - b);
  return ends.map((end, index) => [ends[index - 1] ?? 0, end] as const);
}

const latin1 = (text: string) => Buffer.from(text, 'latin1');
const lines = (...texts: readonly string[]) => texts.join('\r\n');

function message(body: string, more: Partial<Message> = {}): Message {
  return { status: 200, keepAlive: true, isEventStream: false, isWhole: true, ...more, body };
}

const WELL_FORMED: readonly (readonly [name: string, text: string, wanted: Outcome])[] = [
  [
    'a length',
    lines('HTTP/1.1 200 OK', 'Content-Length: 5', '', 'hello'),
    { messages: [message('hello')], end: 'idle' },
  ],
  ['no body', lines('HTTP/1.1 200 OK', 'content-length:0', '', ''), { messages: [message('')], end: 'idle' }],
  [
    'two messages on one connection',
    lines('HTTP/1.1 200 OK', 'Content-Length: 1', '', 'aHTTP/1.1 429 Slow', 'Content-Length: 1', '', 'b'),
    { messages: [message('a'), message('b', { status: 429 })], end: 'idle' },
  ],
  [
    'chunks, extensions and trailers',
    lines(
      'HTTP/1.1 200 OK',
      'TRANSFER-ENCODING:  Chunked ',
      'Content-Type: text/event-stream; charset=utf-8',
      '',
      '5;name="va;lue"',
      'hello',
      '00C ; x',
      ' \r\n0\r\n\r\n    ',
      '0',
      'Trailer: Content-Length: 3',
      '',
      '',
    ),
    { messages: [message('hello \r\n0\r\n\r\n    ', { isEventStream: true })], end: 'idle' },
  ],
  [
    'chunks without trailers, then the next message',
    lines(
      'HTTP/1.1 200 OK',
      'Transfer-Encoding: chunked',
      '',
      'A',
      '0123456789',
      '0',
      '',
      'HTTP/1.1 204 No Content',
      '',
      '',
    ),
    { messages: [message('0123456789'), message('', { status: 204 })], end: 'idle' },
  ],
  [
    'bare line feeds',
    'HTTP/1.1 200 OK\nTransfer-Encoding: chunked\n\n3\nabc\n0\n\n',
    { messages: [message('abc')], end: 'idle' },
  ],
  [
    'a body up to the end of the connection',
    lines('HTTP/1.1 200 OK', 'Content-Type: text/event-streams', '', 'all of', 'this'),
    { messages: [message('all of\r\nthis', { keepAlive: false })], end: 'complete' },
  ],
  [
    'no body at all up to the end of the connection',
    lines('HTTP/1.1 200 OK', '', ''),
    { messages: [message('', { keepAlive: false })], end: 'complete' },
  ],
  [
    'Connection: close',
    lines('HTTP/1.1 500 ', 'Connection: x, Close', 'Content-Length: 1', '', '!'),
    { messages: [message('!', { status: 500, keepAlive: false })], end: 'idle' },
  ],
  [
    'HTTP/1.0',
    lines('HTTP/1.0 200 OK', 'Content-Length: 1', '', '!'),
    { messages: [message('!', { keepAlive: false })], end: 'idle' },
  ],
  [
    'HTTP/1.0 kept alive',
    lines('HTTP/1.0 200 OK', 'Connection: Keep-Alive', 'Content-Length: 1', '', '!'),
    { messages: [message('!')], end: 'idle' },
  ],
  [
    'interim responses, which may hold any header',
    lines(
      'HTTP/1.1 100 Continue',
      '',
      'HTTP/1.1 103 Early Hints',
      'Content-Length: 7',
      '',
      'HTTP/1.1 200',
      'Content-Length: 1',
      '',
      '!',
    ),
    { messages: [message('!')], end: 'idle' },
  ],
  [
    '204 and 304, whatever length they tell',
    lines('HTTP/1.1 304 Not Modified', 'Content-Length: 10', '', 'HTTP/1.1 204 No Content', '', ''),
    { messages: [message('', { status: 304 }), message('', { status: 204 })], end: 'idle' },
  ],
  [
    'empty lines before a message',
    lines('', '', 'HTTP/1.1 200 OK', 'Content-Length: 0', '', ''),
    { messages: [message('')], end: 'idle' },
  ],
  [
    'the same length twice, and encodings that are none',
    lines(
      'HTTP/1.1 200 OK',
      'Content-Length: 2',
      'Content-Length: 2',
      'Content-Encoding: identity',
      'Transfer-Encoding: identity',
      '',
      'ok',
    ),
    { messages: [message('ok')], end: 'idle' },
  ],
  [
    'odd but valid headers',
    lines('HTTP/1.1 200 \xe9\xe8', 'X:', 'content-lengthy: 9', 'Y: \x80:\t', 'Content-Length: 1\t ', '', '!'),
    { messages: [message('!')], end: 'idle' },
  ],
  ['nothing', '', { messages: [], end: 'idle' }],
];

const TRUNCATED: readonly (readonly [name: string, text: string])[] = [
  ['in the status line', 'HTTP/1.1 20'],
  ['in the head', lines('HTTP/1.1 200 OK', 'Content-Le')],
  ['in a body with a length', lines('HTTP/1.1 200 OK', 'Content-Length: 5', '', 'hell')],
  ['in a chunk', lines('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', '', '5', 'hell')],
  ['before the last chunk', lines('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', '', '5', 'hello', '')],
  ['before the end of the trailers', lines('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', '', '0', '')],
];

const MALFORMED: readonly (readonly [name: string, reason: RegExp, text: string])[] = [
  ['another protocol', /status line/, 'SSH-2.0-OpenSSH_9.6\r\n'],
  ['HTTP/2', /status line/, 'HTTP/2.0 200 OK\r\n'],
  ['a short status line', /status line/, 'HTTP/1.1 20\r\n'],
  ['a status of four digits', /three digits/, 'HTTP/1.1 2000 OK\r\n'],
  ['a status below 100', /three digits/, 'HTTP/1.1 099 No\r\n'],
  ['a status with letters', /three digits/, 'HTTP/1.1 2OO OK\r\n'],
  ['a change of protocol', /101/, lines('HTTP/1.1 101 Switching Protocols', '', '')],
  ['a header without a colon', /colon/, lines('HTTP/1.1 200 OK', 'Content-Length', '')],
  ['a header without a name', /name/, lines('HTTP/1.1 200 OK', ': 5', '')],
  ['a blank before the colon', /colon/, lines('HTTP/1.1 200 OK', 'Content-Length : 5', '')],
  ['a folded header', /folded/, lines('HTTP/1.1 200 OK', 'X: a', ' b', '')],
  ['a length with a sign', /content length/, lines('HTTP/1.1 200 OK', 'Content-Length: +5', '')],
  ['an empty length', /content length/, lines('HTTP/1.1 200 OK', 'Content-Length:', '')],
  [
    'a length beyond 2^53',
    /content length/,
    lines('HTTP/1.1 200 OK', 'Content-Length: 9007199254740993', ''),
  ],
  ['two lengths', /two content/, lines('HTTP/1.1 200 OK', 'Content-Length: 5', 'Content-Length: 6', '')],
  ['zstd', /content encoding/, lines('HTTP/1.1 200 OK', 'Content-Encoding: zstd', '')],
  ['a compressed transfer', /chunked/, lines('HTTP/1.1 200 OK', 'Transfer-Encoding: gzip, chunked', '')],
  [
    'chunked twice',
    /chunked/,
    lines('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', 'Transfer-Encoding: chunked', ''),
  ],
  [
    'a length beside a transfer encoding',
    /both/,
    lines('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', 'Content-Length: 5', '', ''),
  ],
  ['no chunk size', /without a size/, lines('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', '', ';x')],
  [
    'no size of a later chunk',
    /without a size/,
    lines('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', '', '1', 'a', '', ''),
  ],
  [
    'a chunk size that is none',
    /no number/,
    lines('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', '', '5g'),
  ],
  [
    'a chunk size beyond 2^53',
    /range/,
    lines('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', '', '20000000000000'),
  ],
  [
    'a chunk longer than its size',
    /longer/,
    lines('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', '', '2', 'abc', '0', '', ''),
  ],
  ['an endless head', /above 65536/, `HTTP/1.1 200 OK\r\n${'X: 0123456789\r\n'.repeat(MAX_HEAD_BYTES / 15)}`],
  ['an endless line', /above 65536/, 'H'.repeat(MAX_HEAD_BYTES + 1)],
  [
    'an endless chunk extension',
    /above 65536/,
    lines('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', '', `5;${'x'.repeat(MAX_HEAD_BYTES)}`),
  ],
];

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

test('every response reads the same however it is cut', () => {
  for (const [, text] of [
    ...WELL_FORMED,
    ...TRUNCATED,
    ...MALFORMED.map(([name, , text]) => [name, text] as const),
  ]) {
    if (text.length > 1000) continue;
    const bytes = latin1(text);
    const wanted = outcome(bytes);
    const everyByte = Array.from(bytes, (_byte, position) => position);
    expect(outcome(bytes, everyByte)).toEqual(wanted);
    for (const cut of everyByte) expect(outcome(bytes, [cut])).toEqual(wanted);
  }
});

test('the size line and the end of a chunk read the same whole as byte by byte', () => {
  const head = lines('HTTP/1.1 200 OK', 'Transfer-Encoding: chunked', '', '');
  const differing: string[] = [];
  const check = (body: string) => {
    const bytes = latin1(head + body);
    const everyByte = Array.from(body, (_letter, place) => head.length + place);
    if (!isDeepStrictEqual(outcome(bytes), outcome(bytes, everyByte))) differing.push(body);
  };
  const grow = (body: string, more: number): void => {
    check(body);
    if (more > 0) for (const letter of '01a;\r\n ') grow(body + letter, more - 1);
  };
  grow('', 4);
  grow('1\r\nx', 4);
  for (const size of ['000001', '0000001', '00000001', '0000000', '00000000', 'fffffff', '10000000']) {
    for (const end of ['\r\n', '\n', '\r', ' \r\n', '\r\r\n']) check(`${size}${end}x\r\n0\r\n\r\n`);
  }
  expect(differing).toEqual([]);
});

const field = fc.oneof(
  fc.constantFrom('Server: x', 'X-Empty:', 'connection: keep-alive', 'Content-Type: text/event-stream'),
  fc.stringMatching(/^X-[a-z]{1,20}: [ -~]{0,60}$/),
);
const generatedMessage = fc
  .record({
    status: fc.integer({ min: 200, max: 599 }).filter((status) => status !== 204 && status !== 304),
    fields: fc.array(field, { maxLength: 5 }),
    chunks: fc.array(fc.uint8Array({ minLength: 1, maxLength: 40 }), { maxLength: 6 }),
    isChunked: fc.boolean(),
    extension: fc.constantFrom('', ';a', ' ; b="c"'),
    trailers: fc.array(fc.constantFrom('T: 1', 'Transfer-Encoding: chunked'), { maxLength: 2 }),
  })
  .map(({ status, fields, chunks, isChunked, extension, trailers }) => {
    const body = Buffer.concat(chunks).toString('latin1');
    const framed = isChunked
      ? [
          ...chunks.map((chunk) => `${chunk.length.toString(16)}${extension}\r\n${binary(chunk)}\r\n`),
          lines(`0${extension}`, ...trailers, '', ''),
        ].join('')
      : body;
    const framing = isChunked ? 'Transfer-Encoding: chunked' : `Content-Length: ${body.length}`;
    return {
      text: lines(`HTTP/1.1 ${status} Reason`, ...fields, framing, '', framed),
      wanted: message(body, { status, isEventStream: fields.some((name) => name.includes('event-stream')) }),
    };
  });
const binary = (bytes: Uint8Array) => Buffer.from(bytes).toString('latin1');
const cutPlaces = fc.array(fc.nat({ max: 2000 }), { maxLength: 12 });

test('reads back what was framed, however it is cut', () => {
  fc.assert(
    fc.property(fc.array(generatedMessage, { minLength: 1, maxLength: 3 }), cutPlaces, (generated, cuts) => {
      const bytes = latin1(generated.map(({ text }) => text).join(''));
      const wanted = { messages: generated.map(({ wanted }) => wanted), end: 'idle' };
      expect(outcome(bytes, cuts)).toEqual(wanted);
    }),
    { numRuns: 500 },
  );
});

const wrongBytes = fc
  .tuple(generatedMessage, fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 4 }))
  .map(([{ text }, changes]) => {
    const bytes = latin1(text);
    for (const [place, byte] of changes) bytes[place % bytes.length] = byte;
    return bytes;
  });

test('bytes gone wrong throw nothing but HttpParseError, the same however they are cut', () => {
  const garbage = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes));
  fc.assert(
    fc.property(fc.oneof(wrongBytes, garbage), cutPlaces, (bytes, cuts) => {
      expect(outcome(bytes, cuts)).toEqual(outcome(bytes));
    }),
    { numRuns: 1000 },
  );
});

describe('a parser that has learned a head reads as a new one does', () => {
  test('the same head, and others', () => {
    fc.assert(
      fc.property(
        generatedMessage,
        fc.array(wrongBytes, { maxLength: 8 }),
        cutPlaces,
        (first, more, cuts) => {
          const learned = new LearnedHead();
          for (const bytes of [latin1(first.text), latin1(first.text), ...more]) {
            expect(outcome(bytes, cuts, learned)).toEqual(outcome(bytes));
          }
        },
      ),
      { numRuns: 1000 },
    );
  });

  test.each(WELL_FORMED)('any byte changed, added or left out: %s', (_name, text) => {
    const bytes = latin1(text);
    const learned = new LearnedHead();
    outcome(bytes, [], learned);
    const check = (changed: Buffer) => expect(outcome(changed, [], learned)).toEqual(outcome(changed));
    for (let place = 0; place < bytes.length; place++) {
      const [before, after] = [bytes.subarray(0, place), bytes.subarray(place + 1)];
      check(Buffer.concat([before, after]));
      for (const other of [...'\r\n\t :;059aC\x80'].map(latin1)) {
        check(Buffer.concat([before, other, after]));
        check(Buffer.concat([before, other, bytes.subarray(place)]));
      }
      check(bytes);
    }
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
