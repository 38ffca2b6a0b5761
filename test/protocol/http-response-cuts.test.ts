import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LearnedHead } from '../../src/protocol/learned-head.ts';
import { latin1, lines, message, outcome } from './read-response.ts';
import { MALFORMED, TRUNCATED, WELL_FORMED } from './response-samples.ts';

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
