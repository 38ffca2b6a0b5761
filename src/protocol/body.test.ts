import { expect, test } from 'vitest';
import { type FinalOutput, ResponseFormatError } from './adapter.ts';
import { adapterOf, type ApiName } from './adapters.ts';

const parse = (api: ApiName, body: unknown): FinalOutput =>
  adapterOf(api).parseBody(Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)));
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
    promptTokens: 3,
    completionTokens: 2,
  });
});

test('a chat answer of reasoning and tool calls, without usage', () => {
  const toolCalls = [{ id: '1', type: 'function', function: { name: 'f', arguments: '{}' } }];
  expect(
    parse('chat', chat({ content: null, reasoning: 'r', reasoning_content: '', tool_calls: toolCalls })),
  ).toEqual({
    output: { output: '', reasoning: 'r', toolCalls },
    finishReason: null,
    promptTokens: NaN,
    completionTokens: NaN,
  });
});

test('an empty list of tool calls is none', () => {
  expect(parse('chat', chat({ content: 'a', tool_calls: [] })).output.toolCalls).toBeNull();
});

test('a completion, its usage null', () => {
  expect(parse('completions', completion)).toEqual({
    output: { output: 'out', reasoning: null, toolCalls: null },
    finishReason: null,
    promptTokens: NaN,
    completionTokens: NaN,
  });
});

test.each<[string, ApiName, unknown, string]>([
  ['no JSON', 'chat', '<html>', 'found <html>, wanted a JSON object'],
  ['nothing', 'chat', '', 'found nothing, wanted a JSON object'],
  ['a list', 'chat', [], 'found [], wanted a JSON object'],
  ['no id', 'chat', { choices: [{ message: { content: 'x' } }] }, 'no "id" in the answer'],
  ['no choices', 'chat', { id: 'r', choices: [] }, 'no choice in the answer'],
  ['no message', 'chat', { id: 'r', choices: [{}] }, 'choices[0].message: wanted an object'],
  ['content of another type', 'chat', chat({ content: 1 }), 'content: found 1, wanted text'],
  [
    'two reasonings',
    'chat',
    chat({ reasoning: 'a', reasoning_content: 'b' }),
    'both reasoning_content and reasoning',
  ],
  ['no usage', 'completions', { ...completion, usage: undefined }, 'no "usage" in the answer'],
  ['no meta', 'sglang', { text: 'a', output_ids: [] }, 'meta_info: wanted an object'],
])('%s is no answer (%s)', (_name, api, body, message) => {
  const { errorType, message: found } = refusal(api, body);
  expect(errorType).toBe('malformed_response');
  expect(found).toContain(message);
});

test("an error with status 200 is the server's", () => {
  const { errorType, message } = refusal('chat', { error: { message: 'overloaded' } });
  expect([errorType, message]).toEqual(['server_error', 'overloaded']);
});

test('a long body is not repeated in the message', () => {
  expect(refusal('chat', 'x'.repeat(10_000)).message.length).toBeLessThan(200);
});
