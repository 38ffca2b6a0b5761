import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MAX_ANSWER_BYTES, ResponseFormatError } from '../../src/protocol/adapter.ts';
import { adapterOf } from '../../src/protocol/adapters.ts';
import { answerTo, chat, CONTENT, content } from './streamed-frames.ts';

test.each([
  ['no JSON', 'ping', 'malformed_response'],
  ['a list', '[1]', 'malformed_response'],
  ['null', 'null', 'malformed_response'],
  ['choices of another type', '{"choices": "nope"}', 'malformed_response'],
  ['a choice of another type', '{"choices": [1]}', 'malformed_response'],
  ['a delta of another type', '{"choices": [{"delta": []}]}', 'malformed_response'],
  ['content of another type', chat({ content: 5 }), 'malformed_response'],
  ['tool calls of another type', chat({ tool_calls: [1] }), 'malformed_response'],
  ['a finish reason of another type', chat({}, { finish_reason: 1 }), 'malformed_response'],
  ['an error', '{"error": {"message": "overloaded", "code": 503}}', 'server_error'],
  ['an error as a text', '{"error": "overloaded"}', 'server_error'],
  ['an error of an older server', '{"object": "error", "message": "overloaded"}', 'server_error'],
])('refuses %s and goes on', (_name, message, errorType) => {
  const { steps, output } = answerTo('chat', [content('a'), message, content('b')]);
  expect(steps).toEqual([CONTENT, errorType, CONTENT]);
  expect(output.output).toEqual(['a', 'b']);
});

test("an error's message is the server's", () => {
  const accumulator = adapterOf('chat').createReader().createAccumulator();
  const frame = Buffer.from('{"error": {"message": "overloaded", "code": 503}}');
  expect(() => accumulator.onMessage(frame, 0, frame.length, false)).toThrow(/^overloaded$/);
  const unnamed = Buffer.from('{"error": {"code": 503}}');
  expect(() => accumulator.onMessage(unnamed, 0, unnamed.length, false)).toThrow('{"code":503}');
});

test.each([
  ['texts that are learned', (text: string) => content(text)],
  ['texts that are not', (text: string) => chat({ content: text, tool_calls: [] }, { finish_reason: '' })],
  ['tool calls', (text: string) => chat({ tool_calls: [{ id: text }] })],
])('gives up on an answer of endless %s', (_what, frame) => {
  const accumulator = adapterOf('chat').createReader().createAccumulator();
  const message = Buffer.from(frame('x'.repeat(2 ** 22)));
  const give = () => accumulator.onMessage(message, 0, message.length, false);
  for (let sent = 2 ** 22; sent < MAX_ANSWER_BYTES; sent += 2 ** 22) give();
  expect(() => [give(), give()]).toThrow(`an answer longer than ${MAX_ANSWER_BYTES} bytes`);
  accumulator.reset(1);
  expect(give).not.toThrow();
});

test('any bytes throw nothing but ResponseFormatError', () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 50 }),
    fc.json().map((json) => Buffer.from(json)),
    fc
      .object({
        key: fc.constantFrom('choices', 'delta', 'content', 'usage', 'error', 'object', 'text', 'meta_info'),
      })
      .map((value) => Buffer.from(JSON.stringify({ choices: [value] }))),
  );
  fc.assert(
    fc.property(
      fc.array(bytes, { maxLength: 4 }),
      fc.constantFrom('chat', 'completions', 'sglang'),
      (messages, api) => {
        answerTo(api, messages);
        const reader = adapterOf(api).createReader();
        for (const body of messages) {
          try {
            reader.readBody(body, 0, body.length, 1);
          } catch (error) {
            expect(error).toBeInstanceOf(ResponseFormatError);
          }
        }
      },
    ),
    { numRuns: 1000 },
  );
});
