import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { type AnswerReader, type FinalOutput, ResponseFormatError, type TextSlice } from './adapter.ts';
import { adapterOf, type ApiName } from './adapters.ts';
import { UNKNOWN_TOKENS } from './openai-reply.ts';

function parse(api: ApiName, body: unknown): FinalOutput {
  const bytes = Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));
  return adapterOf(api).createReader().readBody(bytes, 0, bytes.length, 1);
}
const chat = (message: unknown, more: object = {}) => ({
  id: 'r',
  choices: [{ index: 0, message, ...more }],
});
const completion = { id: 'r', created: 1, model: 'm', usage: null, choices: [{ text: 'out' }] };

function refusal(api: ApiName, body: unknown): ResponseFormatError {
  try {
    parse(api, body);
  } catch (error) {
    if (error instanceof ResponseFormatError) return error;
    throw error;
  }
  throw new Error('nothing was refused');
}

test('a chat answer with usage', () => {
  const usage = { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 };
  expect(parse('chat', { ...chat({ content: 'é' }, { finish_reason: 'stop' }), usage })).toEqual({
    output: { output: 'é', reasoning: null, toolCalls: null },
    finishReason: 'stop',
    tokens: { ...UNKNOWN_TOKENS, promptTokens: 3, completionTokens: 2, totalTokens: 5 },
    firstChunkTokens: NaN,
    isEmpty: false,
  });
});

test('a chat answer of reasoning and tool calls, without usage', () => {
  const toolCalls = [{ id: '1', type: 'function', function: { name: 'f', arguments: '{}' } }];
  expect(
    parse('chat', chat({ content: null, reasoning: 'r', reasoning_content: '', tool_calls: toolCalls })),
  ).toEqual({
    output: { output: '', reasoning: 'r', toolCalls },
    finishReason: null,
    tokens: UNKNOWN_TOKENS,
    firstChunkTokens: NaN,
    isEmpty: false,
  });
});

test('an empty list of tool calls is none', () => {
  expect(parse('chat', chat({ content: 'a', tool_calls: [] })).output.toolCalls).toBeNull();
});

test('a completion, its usage null', () => {
  expect(parse('completions', completion)).toEqual({
    output: { output: 'out', reasoning: null, toolCalls: null },
    finishReason: null,
    tokens: UNKNOWN_TOKENS,
    firstChunkTokens: NaN,
    isEmpty: false,
  });
});

test.each<[string, ApiName, unknown, string]>([
  ['no JSON', 'chat', '<html>', 'must be JSON (got <html>)'],
  ['nothing', 'chat', '', 'must be JSON (got nothing)'],
  ['a list', 'chat', [], 'must be a JSON object (got [])'],
  ['no choices', 'chat', { id: 'r', choices: [] }, 'the response has no choices'],
  ['null for choices', 'chat', { choices: null }, 'the response has no choices'],
  ['no message', 'chat', { id: 'r', choices: [{}] }, 'the response has no message'],
  ['content of another type', 'chat', chat({ content: 1 }), 'content must be text (got 1)'],
  ['no text', 'sglang', { output_ids: [] }, 'text must be text (got nothing)'],
])('%s is no answer (%s)', (_name, api, body, message) => {
  const { errorType, message: found } = refusal(api, body);
  expect(errorType).toBe('malformed_response');
  expect(found).toContain(message);
});

test.each<[string, ApiName, unknown]>([
  ['a chat answer without an id', 'chat', { choices: [{ message: { content: 'x' } }] }],
  ['a chat answer as a list of parts', 'chat', chat({ content: [{ type: 'text', text: 'x' }] })],
  ['a chat answer with a refusal', 'chat', chat({ content: null, refusal: 'x' })],
  ['a completion with its text alone', 'completions', { choices: [{ text: 'x' }] }],
  ['a generation with its text alone', 'sglang', { text: 'x' }],
])('%s is read', (_name, api, body) => {
  expect(parse(api, body)).toMatchObject({ output: { output: 'x' }, isEmpty: false });
});

test('reasoning that a server sends under two names is read once', () => {
  const { output } = parse('chat', chat({ content: 'a', reasoning: 'r', reasoning_content: 'r' }));
  expect(output).toEqual({ output: 'a', reasoning: 'r', toolCalls: null });
});

test('a body with fewer choices than requested is no answer', () => {
  const bytes = Buffer.from(JSON.stringify(chat({ content: 'a' })));
  const reader = adapterOf('chat').createReader();
  expect(() => reader.readBody(bytes, 0, bytes.length, 2)).toThrow('1 of the 2 choices');
});

test.each([
  ['abort', 'abort', 'aborted'],
  ['error', 'error', 'server_error'],
  ['an object', { type: 'abort', message: 'out of memory' }, 'server_error'],
])('a finish reason by which the server gave up is a failure: %s', (_name, reason, errorType) => {
  expect(refusal('chat', chat({ content: 'a' }, { finish_reason: reason })).errorType).toBe(errorType);
});

test("an error with status 200 is the server's", () => {
  const { errorType, message } = refusal('chat', { error: { message: 'overloaded' } });
  expect([errorType, message]).toEqual(['server_error', 'overloaded']);
});

test.each([
  ['content', (deep: string) => `{"id":"r","choices":[{"message":{"content":${deep}}}]}`],
  ['tool calls', (deep: string) => `{"id":"r","choices":[{"message":{"content":"","tool_calls":${deep}}}]}`],
  ['error', (deep: string) => `{"error":${deep}}`],
])('a value nested too deep to be shown is no answer: %s', (_where, bodyAround) => {
  const depth = 100_000;
  const { message } = refusal('chat', bodyAround(`${'['.repeat(depth)}${']'.repeat(depth)}`));
  expect(message).toContain('a value nested too deep to be shown');
});

test('a long body is not repeated in the message', () => {
  expect(refusal('chat', 'x'.repeat(10_000)).message.length).toBeLessThan(200);
});

/** Bodies as servers write them: few shapes, each with ever new texts, counts and ids. */
const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 20 }),
  fc.constantFrom('probe', 'probe 0', '"id":"x"'),
);
const count = fc.oneof(fc.nat(), fc.constantFrom(0, 1.5, -1, 2 ** 53, null, '7'));
const shape = fc.constantFrom<(values: BodyValues) => unknown>(
  ({ id, texts: [content], counts: [prompt, completion, total] }) => ({
    ...{ id, object: 'chat.completion', created: total, model: 'm' },
    choices: [{ index: 0, message: { role: 'assistant', content }, logprobs: null, finish_reason: 'stop' }],
    usage: { prompt_tokens: prompt, completion_tokens: completion, total_tokens: total },
  }),
  ({ id, texts: [content, reasoning], counts: [prompt] }) => ({
    usage: { prompt_tokens: prompt, prompt_tokens_details: { cached_tokens: 3 } },
    choices: [
      { message: { content, reasoning_content: reasoning }, finish_reason: 'length' },
      { message: { content: 'another choice' } },
    ],
    id,
  }),
  ({ id, texts: [content, reasoning] }) => ({
    id,
    choices: [
      { message: { reasoning, content, tool_calls: [] }, delta: { content: 'no' }, finish_reason: null },
    ],
  }),
  ({ id, texts: [content] }) => ({
    id,
    choices: [{ message: { content, tool_calls: [{ id, text: content }] } }],
  }),
  ({ id, texts: [content], counts: [created] }) => ({
    ...{ id, created, model: 'm', usage: null, text: 'not this' },
    choices: [{ text: content, message: { content }, finish_reason: content }],
  }),
  ({ texts: [message] }) => ({ error: { message } }),
);

interface BodyValues {
  readonly id: string;
  readonly texts: readonly string[];
  readonly counts: readonly unknown[];
}

const values: fc.Arbitrary<BodyValues> = fc.record({
  id: text,
  texts: fc.array(text, { minLength: 2, maxLength: 2 }),
  counts: fc.array(count, { minLength: 3, maxLength: 3 }),
});

const NO_TEXT: unknown = { output: null, reasoning: null, toolCalls: null };

function sliceOf({ buffer, start, end }: TextSlice): string {
  return Buffer.from(buffer.subarray(start, end)).toString('utf8');
}

function attempt(reader: AnswerReader, body: Uint8Array): unknown {
  try {
    const { output, text, finishReason, tokens, isEmpty } = reader.readBody(body, 0, body.length, 1);
    if (text !== undefined) expect({ ...output, output: null }).toEqual(NO_TEXT);
    if (text !== undefined) expect(sliceOf(text)).toBe(output.output);
    return { output, finishReason, tokens, isEmpty };
  } catch (error) {
    if (error instanceof ResponseFormatError) return error.message;
    throw error;
  }
}

test('a reader that has seen other bodies reads as a new one does', () => {
  const shapes = fc.array(shape, { minLength: 2, maxLength: 2 });
  const bodies = fc.array(fc.tuple(fc.nat({ max: 1 }), values), { minLength: 2, maxLength: 12 });
  const spoiled = fc.record({ at: fc.nat({ max: 400 }), byte: fc.nat({ max: 255 }) });
  fc.assert(
    fc.property(
      fc.constantFrom<ApiName>('chat', 'completions'),
      shapes,
      bodies,
      fc.constantFrom(undefined, 1),
      spoiled,
      (api, write, all, indent, { at, byte }) => {
        const reader = adapterOf(api).createReader();
        for (const [which, value] of all) {
          const body = Buffer.from(JSON.stringify(write[which]!(value), undefined, indent));
          const broken = Buffer.from(body);
          broken[at % body.length] = byte;
          for (const bytes of [body, broken]) {
            expect(attempt(reader, bytes)).toEqual(attempt(adapterOf(api).createReader(), bytes));
          }
        }
      },
    ),
    { numRuns: 1000 },
  );
});

test('a count that looks like a probe of what is learned stays itself', () => {
  const reader = adapterOf('chat').createReader();
  const usage = { prompt_tokens: 2 ** 50 + 2, completion_tokens: 2 };
  const read = (created: number) => {
    const body = Buffer.from(JSON.stringify({ ...chat({ content: 'a' }), created, usage }));
    return reader.readBody(body, 0, body.length, 1).tokens.promptTokens;
  };
  expect([5, 7].map(read)).toEqual([2 ** 50 + 2, 2 ** 50 + 2]);
});

test('a reader that has learned a body reads it as a new one does, whichever byte is another', () => {
  const body = Buffer.from(
    String.raw`{"id":"r","choices":[{"message":{"content":"a\n é"}}],"usage":{"prompt_tokens":12}}`,
  );
  const reader = adapterOf('chat').createReader();
  const differing: string[] = [];
  for (let at = 0; at < body.length; at++) {
    const damaged = Buffer.from(body);
    for (let byte = 0; byte <= 0xff; byte++) {
      damaged[at] = byte;
      // What was learned matches in between, so that it stays.
      reader.readBody(body, 0, body.length, 1);
      const found = attempt(reader, damaged);
      const wanted = attempt(adapterOf('chat').createReader(), damaged);
      if (!isDeepStrictEqual(found, wanted)) differing.push(`byte ${at} as ${byte}`);
    }
  }
  expect(differing).toEqual([]);
});

test('a text of plain ASCII is told as the bytes it lies in, any other as a string', () => {
  const reader = adapterOf('chat').createReader();
  const read = (content: string) => {
    const body = Buffer.from(JSON.stringify({ id: 'a', choices: [{ message: { content } }] }));
    const { text, output } = reader.readBody(body, 0, body.length, 1);
    return [text === undefined ? undefined : sliceOf(text), output.output];
  };
  expect(read('learned')).toEqual([undefined, 'learned']);
  for (const plain of ['x', 'Hello there, how are you today?', '~'.repeat(1000)]) {
    expect(read(plain)).toEqual([plain, plain]);
  }
  for (const other of ['"', 'a line\n', 'four\\', 'é', 'seven s€', '\u{1f600}', 'n\u0000']) {
    expect(read(other)).toEqual([undefined, other]);
  }
});
