import { expect, test } from 'vitest';
import type { RequestOptions, SampleInput } from './adapter.ts';
import { ADAPTERS, type ApiName, pathOf } from './adapters.ts';
import { outputLimitOf } from './row-fields.ts';

const OPTIONS: RequestOptions = { model: 'm', streaming: true, includeUsage: true };
const CALL = { id: 'c', type: 'function', function: { name: 'f', arguments: '{"a":1}' } };
const IMAGE = { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA' } };
const TOOL = { type: 'function', function: { name: 'f', description: 'd', parameters: { type: 'object' } } };

test.each<[string, ApiName, SampleInput, Partial<RequestOptions>, unknown]>([
  [
    'a prompt and its system prompt',
    'anthropic',
    { prompt: 'hi', system: 'be brief', stop: 'x', temperature: 0 },
    {},
    {
      ...{ model: 'm', system: 'be brief', messages: [{ role: 'user', content: 'hi' }], max_tokens: 4096 },
      ...{ stop_sequences: ['x'], temperature: 0, stream: true },
    },
  ],
  [
    'a conversation with tools',
    'anthropic',
    {
      messages: [
        { role: 'system', content: 'be brief' },
        { role: 'user', content: [{ type: 'text', text: 'what?' }, IMAGE] },
        { role: 'assistant', content: 'I look.', tool_calls: [CALL, { ...CALL, id: 'd' }] },
        { role: 'tool', tool_call_id: 'c', content: '7' },
        { role: 'tool', tool_call_id: 'd', content: '8' },
      ],
      tools: [TOOL, { name: 'g', input_schema: {} }],
      tool_choice: 'required',
      max_tokens: 5,
    },
    { maxOutputTokens: 9, streaming: false, extra: { top_k: 3 } },
    {
      model: 'm',
      system: 'be brief',
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'what?' },
            { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAAA' } },
          ],
        },
        {
          role: 'assistant',
          content: [
            { type: 'text', text: 'I look.' },
            { type: 'tool_use', id: 'c', name: 'f', input: { a: 1 } },
            { type: 'tool_use', id: 'd', name: 'f', input: { a: 1 } },
          ],
        },
        {
          role: 'user',
          content: [
            { type: 'tool_result', tool_use_id: 'c', content: '7' },
            { type: 'tool_result', tool_use_id: 'd', content: '8' },
          ],
        },
      ],
      tools: [
        { name: 'f', description: 'd', input_schema: { type: 'object' } },
        { name: 'g', input_schema: {} },
      ],
      tool_choice: { type: 'any' },
      max_tokens: 5,
      top_k: 3,
      stream: false,
    },
  ],
  [
    'options apart from the rest, those of the row over the limit of the run',
    'ollama',
    { prompt: 'hi', temperature: 0, seed: 1, keep_alive: '5m', options: { num_ctx: 8 }, model: 'n' },
    { maxOutputTokens: 9, extra: { options: { seed: 2 }, think: false } },
    {
      ...{
        model: 'n',
        messages: [{ role: 'user', content: 'hi' }],
        keep_alive: '5m',
        think: false,
        stream: true,
      },
      options: { num_predict: 9, temperature: 0, seed: 2, num_ctx: 8 },
    },
  ],
  [
    'images beside the text, arguments as objects',
    'ollama',
    {
      messages: [
        { role: 'user', content: [{ type: 'text', text: 'what?' }, IMAGE] },
        { role: 'assistant', content: null, tool_calls: [CALL] },
        { role: 'tool', tool_call_id: 'c', content: '7' },
      ],
      tools: [TOOL],
      response_format: { type: 'json_object' },
    },
    {},
    {
      model: 'm',
      messages: [
        { role: 'user', content: 'what?', images: ['AAAA'] },
        { role: 'assistant', content: '', tool_calls: [{ function: { name: 'f', arguments: { a: 1 } } }] },
        { role: 'tool', content: '7' },
      ],
      ...{ tools: [TOOL], format: 'json', stream: true },
    },
  ],
  [
    'a prompt and its system prompt',
    'ollama-generate',
    { prompt: 'hi', system: 'be brief', max_new_tokens: 4 },
    { streaming: false },
    { model: 'm', prompt: 'hi', system: 'be brief', options: { num_predict: 4 }, stream: false },
  ],
  [
    'parameters apart from the rest',
    'tgi',
    { prompt: 'hi', stop: ['x'], system: 'unsent', model: 'unsent' },
    { maxOutputTokens: 9 },
    { inputs: 'hi', parameters: { max_new_tokens: 9, details: true, stop: ['x'] } },
  ],
  [
    'no details when the row says so',
    'tgi',
    { prompt: 'hi', details: false },
    {},
    { inputs: 'hi', parameters: { details: false } },
  ],
  [
    'parameters, of which streaming is the one of the run',
    'triton',
    { prompt: 'hi', temperature: 0, parameters: { stream: false, exclude_input_in_output: false } },
    { maxOutputTokens: 9, extra: { parameters: { seed: 1 } } },
    {
      text_input: 'hi',
      parameters: { max_tokens: 9, temperature: 0, exclude_input_in_output: false, stream: true, seed: 1 },
    },
  ],
  [
    'tensors beside the prompt',
    'kserve',
    { prompt: 'hi', temperature: 0.5, id: 'unsent', extra_body: { parameters: { x: 1 } } },
    { maxOutputTokens: 9 },
    {
      inputs: [
        { name: 'text_input', datatype: 'BYTES', shape: [1, 1], data: ['hi'] },
        { name: 'max_tokens', datatype: 'INT32', shape: [1, 1], data: [9] },
        { name: 'temperature', datatype: 'FP32', shape: [1, 1], data: [0.5] },
      ],
      outputs: [{ name: 'text_output' }],
      parameters: { x: 1 },
    },
  ],
  [
    'inputs of the row for all tensors',
    'kserve',
    { prompt: 'hi', extra_body: { inputs: [] } },
    {},
    { inputs: [], outputs: [{ name: 'text_output' }] },
  ],
  [
    'texts to embed',
    'ollama-embed',
    { prompt: ['a', 'b'], truncate: false, max_tokens: 3 },
    {},
    { model: 'm', input: ['a', 'b'], truncate: false },
  ],
  [
    'token ids',
    'llamacpp',
    { input_tokens: [1, 2], cache_prompt: false, ignore_eos: true },
    { maxOutputTokens: 9 },
    { prompt: [1, 2], n_predict: 9, cache_prompt: false, ignore_eos: true, stream: true },
  ],
])('%s: --api %s', (_what, api, row, more, wanted) => {
  expect(ADAPTERS[api].requestBody(row, { ...OPTIONS, ...more })).toEqual(wanted);
});

test.each<[ApiName, string]>([
  ['anthropic', 'a prompt or messages'],
  ['ollama', 'a prompt or messages'],
  ['ollama-generate', 'a prompt'],
  ['tgi', 'a prompt'],
  ['triton', 'a prompt'],
  ['kserve', 'a prompt'],
  ['ollama-embed', 'an input'],
  ['llamacpp', 'a prompt or input_tokens'],
])('--api %s needs %s', (api, needed) => {
  expect(() => ADAPTERS[api].requestBody({ text: 'x' }, OPTIONS)).toThrow(
    `--api ${api} needs ${needed} in each row (got only text)`,
  );
});

test('what is not sent is told', () => {
  const unsent: string[] = [];
  const row = { prompt: 'hi', system: 's', stream: false, stream_options: {}, id: 7 };
  ADAPTERS.llamacpp.requestBody(row, { ...OPTIONS, onUnsent: (column) => unsent.push(column) });
  expect(unsent.sort()).toEqual(['id', 'stream', 'stream_options', 'system']);
});

test.each<[ApiName]>([['responses'], ['anthropic'], ['ollama'], ['ollama-generate'], ['tgi'], ['llamacpp']])(
  'the output limit of --api %s is known',
  (api) => {
    const body = ADAPTERS[api].requestBody({ prompt: 'hi' }, { ...OPTIONS, maxOutputTokens: 9 });
    expect(outputLimitOf(body)).toBe(9);
    expect(ADAPTERS[api].choicesOf(body)).toBe(1);
  },
);

test('each model of Triton has a path of its own', () => {
  expect(pathOf(ADAPTERS.triton, false, 'm')).toBe('v2/models/m/generate');
  expect(pathOf(ADAPTERS.triton, true, 'a b/$&')).toBe('v2/models/a%20b%2F%24%26/generate_stream');
});

test('TGI streams at a path of its own', () => {
  expect([pathOf(ADAPTERS.tgi, true, 'm'), pathOf(ADAPTERS.tgi, false, 'm')]).toEqual([
    'generate_stream',
    'generate',
  ]);
  expect(ADAPTERS.llamacpp.choicesOf({ prompt: ['a', 'b'] })).toBe(2);
});
