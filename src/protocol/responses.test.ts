import { expect, test } from 'vitest';
import { type RequestOptions, ResponseFormatError, type SampleInput } from './adapter.ts';
import { RESPONSES } from './responses.ts';

const OPTIONS: RequestOptions = { model: 'm', streaming: true, includeUsage: true };

function body(row: SampleInput, more: Partial<RequestOptions> = {}): Record<string, unknown> {
  return RESPONSES.requestBody(row, { ...OPTIONS, ...more });
}

/** What is left of a stream: its chunks, its response, and how it ended. */
function read(...frames: readonly object[]) {
  const answer = RESPONSES.createReader().createAccumulator();
  answer.reset(1);
  const chunks = frames.map((frame) => {
    const bytes = Buffer.from(JSON.stringify(frame));
    return answer.onMessage(bytes, 0, bytes.length, true);
  });
  return { chunks: chunks.filter((chunk) => chunk !== 0).length, answer };
}

test('a prompt is sent as input, its system prompt as instructions', () => {
  expect(body({ prompt: 'hi', system: 'be brief' }, { maxOutputTokens: 9 })).toEqual({
    model: 'm',
    instructions: 'be brief',
    input: 'hi',
    max_output_tokens: 9,
    stream: true,
  });
});

test('what is written for chat is sent in the form of this API', () => {
  const call = { id: 'c', type: 'function', function: { name: 'f', arguments: '{"a":1}' } };
  const row = {
    messages: [
      { role: 'system', content: 'be brief' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'what?' },
          { type: 'image_url', image_url: { url: 'u' } },
        ],
      },
      { role: 'assistant', content: null, tool_calls: [call] },
      { role: 'tool', tool_call_id: 'c', content: '7' },
      { role: 'assistant', content: [{ type: 'text', text: 'seven' }] },
      { type: 'item_reference', id: 'x' },
    ],
    tools: [{ type: 'function', function: { name: 'f', parameters: {} } }, { type: 'web_search' }],
    tool_choice: { type: 'function', function: { name: 'f' } },
    response_format: { type: 'json_schema', json_schema: { name: 's', schema: {} } },
    reasoning_effort: 'low',
    max_tokens: 5,
    temperature: 0,
    extra_body: { store: false },
  };
  expect(
    body(row, { maxOutputTokens: 9, streaming: false, extra: { temperature: null, user: 'u' } }),
  ).toEqual({
    model: 'm',
    input: [
      { role: 'system', content: 'be brief' },
      {
        role: 'user',
        content: [
          { type: 'input_text', text: 'what?' },
          { type: 'input_image', image_url: 'u' },
        ],
      },
      { type: 'function_call', call_id: 'c', name: 'f', arguments: '{"a":1}' },
      { type: 'function_call_output', call_id: 'c', output: '7' },
      { role: 'assistant', content: [{ type: 'output_text', text: 'seven' }] },
      { type: 'item_reference', id: 'x' },
    ],
    tools: [{ type: 'function', name: 'f', parameters: {} }, { type: 'web_search' }],
    tool_choice: { type: 'function', name: 'f' },
    text: { format: { type: 'json_schema', name: 's', schema: {} } },
    reasoning: { effort: 'low' },
    max_output_tokens: 5,
    store: false,
    user: 'u',
    stream: false,
  });
  expect(() => body({ text: 'x' })).toThrow('--api responses needs a prompt or messages in each row');
});

test('a call that comes whole in its item, or at its end, is one call', () => {
  const item = { type: 'function_call', call_id: 'c', name: 'f', arguments: '{}' };
  const end = { type: 'response.completed', response: { output: [item] } };
  const whole = read({ type: 'response.output_item.done', output_index: 3, item }, end);
  const opened = read(
    { type: 'response.output_item.added', output_index: 0, item: { ...item, arguments: '' } },
    { type: 'response.function_call_arguments.done', output_index: 0, arguments: '{}' },
    { type: 'response.output_item.done', output_index: 0, item },
    end,
  );
  for (const { answer } of [whole, opened]) {
    expect(answer.incompleteness()).toBeUndefined();
    expect(JSON.stringify(answer.answer().output.toolCalls)).toContain('"name":"f"');
  }
  expect([whole.chunks, opened.chunks]).toEqual([1, 2]);
});

test('text in the last event ends the stream as well', () => {
  const { answer } = read({
    type: 'response.completed',
    response: { output: [{ type: 'message', content: [{ type: 'output_text', text: 'a' }] }] },
  });
  expect(answer.isDone).toBe(true);
  expect(answer.moreChunks).toEqual([0]);
});

test('an event that is broken JSON is a failure, one that is no object at all is skipped', () => {
  const answer = RESPONSES.createReader().createAccumulator();
  answer.reset(1);
  const take = (text: string) => answer.onMessage(Buffer.from(text), 0, text.length, true);
  expect(take('tick')).toBe(0);
  expect(() => take('{"type":"response.output')).toThrow(ResponseFormatError);
});
