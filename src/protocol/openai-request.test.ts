import fc from 'fast-check';
import { expect, test } from 'vitest';
import { InferometerError } from '../core/errors.ts';
import type { RequestOptions, SampleInput } from './adapter.ts';
import { adapterOf, type ApiName } from './adapters.ts';
import { outputLimitOf } from './row-fields.ts';

const OPTIONS: RequestOptions = { model: 'm', streaming: false, includeUsage: true };
const USER = [{ role: 'user', content: 'hi' }];

function body(api: ApiName, row: SampleInput, more: Partial<RequestOptions> = {}): Record<string, unknown> {
  return adapterOf(api).requestBody(row, { ...OPTIONS, ...more });
}

test.each<[string, ApiName, SampleInput, unknown]>([
  ['a prompt', 'chat', { prompt: 'hi' }, { messages: USER }],
  ['an empty prompt', 'chat', { prompt: '' }, { messages: [{ role: 'user', content: '' }] }],
  [
    'a prompt after a system prompt',
    'chat',
    { prompt: 'hi', system: 'be brief' },
    { messages: [{ role: 'system', content: 'be brief' }, ...USER] },
  ],
  ['an empty system prompt', 'chat', { prompt: 'hi', system: '' }, { messages: USER }],
  [
    'a prompt of parts',
    'chat',
    { prompt: [{ type: 'text', text: 'hi' }] },
    { messages: [{ role: 'user', content: [{ type: 'text', text: 'hi' }] }] },
  ],
  ['messages before a prompt', 'chat', { messages: USER, prompt: 'x' }, { messages: USER }],
  ['no messages, but a prompt', 'chat', { messages: [], prompt: 'hi' }, { messages: USER }],
  ['a prompt', 'completions', { prompt: 'hi', system: 'unsent' }, { prompt: 'hi' }],
  ['tokens', 'completions', { input_tokens: [1, 2], prompt: 'x' }, { prompt: [1, 2] }],
  ['tokens by their other name', 'completions', { token_ids: [1, 2] }, { prompt: [1, 2] }],
])('asks by %s (%s)', (_name, api, row, wanted) => {
  expect(body(api, row)).toEqual({ model: 'm', ...(wanted as object) });
});

test.each<[ApiName, SampleInput, string]>([
  [
    'chat',
    { answer: 1, input_tokens: [1] },
    '--api chat needs a prompt or messages in each row (got only answer, input_tokens)',
  ],
  ['completions', {}, '--api completions needs a prompt or input_tokens in each row (got no columns)'],
  [
    'sglang',
    { messages: USER },
    '--api sglang needs input_tokens or a prompt in each row (got only messages)',
  ],
])('%s refuses a row that asks nothing', (api, row, message) => {
  expect(() => body(api, row)).toThrow(new InferometerError('INFEROMETER_PROTOCOL_ROW', 'input', message));
});

test('every field of a row is sent as it is, but for those that are null', () => {
  const fields = {
    temperature: 0,
    stop: ['a'],
    tools: [{}],
    tool_choice: 'auto',
    ignore_eos: true,
    guided_json: { type: 'object' },
    nvext: { greed_sampling: true },
    bootstrap_room: 4,
    user: 'u',
    suffix: '',
  };
  expect(body('chat', { prompt: 'hi', ...fields, seed: null, top_p: undefined })).toEqual({
    model: 'm',
    messages: USER,
    ...fields,
  });
});

test.each<[ApiName, SampleInput, readonly string[]]>([
  [
    'chat',
    { prompt: 'hi', id: 5, answer: 'x', query: 'q', input_tokens: [1], seed: 1 },
    ['answer', 'id', 'input_tokens', 'query'],
  ],
  ['chat', { messages: USER, prompt: 'p', system: 's', id: null }, ['prompt', 'system']],
  ['chat', { prompt: 'hi', system: '', stream: false }, []],
  ['chat', { prompt: 'hi', stream: true, stream_options: { x: 1 } }, ['stream', 'stream_options']],
  ['completions', { prompt: 'hi', system: 's', token_ids: [1] }, ['prompt', 'system']],
  ['sglang', { prompt: 'hi', model: 'a', system: 's', stream: true }, ['model', 'stream', 'system']],
  ['chat', { prompt: 'hi', extra_body: { id: 5 } }, []],
])('%s tells which columns of %j are not sent', (api, row, columns) => {
  const told: string[] = [];
  body(api, row, { onUnsent: (column) => told.push(column) });
  expect(told.toSorted()).toEqual(columns);
});

test('extra_body is merged into the body, over columns of the same name; null removes a field', () => {
  const row = {
    prompt: 'hi',
    temperature: 1,
    seed: 3,
    metadata: { a: 1, b: 2 },
    extra_body: {
      temperature: 0,
      structured_outputs: { choice: ['a'] },
      metadata: { c: 3 },
      seed: null,
      id: 7,
    },
  };
  expect(body('chat', row)).toEqual({
    model: 'm',
    messages: USER,
    temperature: 0,
    structured_outputs: { choice: ['a'] },
    metadata: { c: 3 },
    id: 7,
  });
});

test('what is set for every request goes over the row, and null removes what is there', () => {
  const row = { prompt: 'hi', temperature: 1, seed: 3, extra_body: { top_k: 1, min_p: 0.1 } };
  const extra = { temperature: 0, top_k: 5, seed: null, min_p: null, missing: null, priority: 3 };
  expect(body('chat', row, { extra })).toEqual({
    model: 'm',
    messages: USER,
    temperature: 0,
    top_k: 5,
    priority: 3,
  });
  const streamed = { streaming: true, includeUsage: true };
  expect(body('chat', { prompt: 'hi' }, { ...streamed, extra: { stream_options: null } })).toEqual({
    ...{ model: 'm', messages: USER, stream: true },
  });
  expect(body('chat', { prompt: 'hi' }, { ...streamed, extra: { stream_options: { x: 1 } } })).toMatchObject({
    stream_options: { include_usage: true, x: 1 },
  });
  expect(
    body('chat', { prompt: 'hi' }, { ...streamed, extra: { stream_options: { include_usage: false } } }),
  ).toMatchObject({ stream_options: { include_usage: false } });
});

test('what is removed or merged is so for any fields (property)', () => {
  const names = fc.constantFrom('a', 'b', 'c', 'temperature', 'metadata');
  const values = fc.constantFrom<unknown>(null, 0, 1, 'x', '', false, [], { k: 1 });
  const fields = fc.dictionary(names, values, { maxKeys: 4, noNullPrototype: true });
  fc.assert(
    fc.property(fields, fields, fields, (columns, own, extra) => {
      const wanted: Record<string, unknown> = { model: 'm', messages: USER };
      for (const layer of [columns, own, extra]) {
        for (const [name, value] of Object.entries(layer)) {
          if (value !== null) wanted[name] = value;
          else if (layer !== columns) delete wanted[name];
        }
      }
      expect(body('chat', { prompt: 'hi', ...columns, extra_body: own }, { extra })).toEqual(wanted);
    }),
  );
});

test.each<[ApiName, SampleInput, unknown]>([
  ['chat', {}, { max_completion_tokens: 9 }],
  ['chat', { max_tokens: 5 }, { max_tokens: 5 }],
  ['chat', { max_completion_tokens: 5 }, { max_completion_tokens: 5 }],
  ['chat', { max_new_tokens: 5 }, { max_completion_tokens: 5 }],
  ['chat', { extra_body: { max_tokens: 4 } }, { max_tokens: 4 }],
  ['chat', { extra_body: { max_completion_tokens: null } }, {}],
  ['completions', {}, { max_tokens: 9 }],
  ['completions', { max_tokens: 5 }, { max_tokens: 5 }],
])('%s: the output limit of row %j goes before that of the run', (api, row, limit) => {
  const {
    model: _model,
    messages: _messages,
    prompt: _prompt,
    ...rest
  } = body(api, { prompt: 'hi', ...row }, { maxOutputTokens: 9 });
  expect(rest).toEqual(limit);
});

test('the output limit goes by the name chosen, and is left out when all requests have one', () => {
  const named = { maxOutputTokens: 9, limitField: 'max_tokens' } as const;
  expect(body('chat', { prompt: 'hi' }, named)).toEqual({ model: 'm', messages: USER, max_tokens: 9 });
  expect(body('chat', { prompt: 'hi' }, { ...named, extra: { max_completion_tokens: 4 } })).toEqual({
    ...{ model: 'm', messages: USER, max_completion_tokens: 4 },
  });
});

test.each<[Record<string, unknown>, number | undefined]>([
  [{}, undefined],
  [{ max_tokens: 5 }, 5],
  [{ max_completion_tokens: 7, max_tokens: 5 }, 7],
  [{ sampling_params: { max_new_tokens: 3 } }, 3],
  [{ max_tokens: '5' }, undefined],
])('the output limit of %j is %j', (request, limit) => {
  expect(outputLimitOf(request)).toBe(limit);
});

test('a row may name its model, and streaming is that of the run', () => {
  const row = { prompt: 'hi', stream: true, model: 'other', stream_options: { include_usage: false, x: 1 } };
  expect(body('chat', { prompt: 'hi', model: '' })).toMatchObject({ model: 'm' });
  expect(body('chat', row)).toEqual({ model: 'other', messages: USER, stream: false });
  const streamed = { model: 'other', messages: USER, stream: true };
  expect(body('chat', row, { streaming: true })).toEqual({
    ...streamed,
    stream_options: { include_usage: true, x: 1 },
  });
  expect(body('chat', row, { streaming: true, rowDecidesUsage: true })).toEqual({
    ...streamed,
    stream_options: { include_usage: false, x: 1 },
  });
  expect(body('chat', { prompt: 'hi' }, { streaming: true, rowDecidesUsage: true })).toMatchObject({
    stream_options: { include_usage: true },
  });
  expect(body('chat', { prompt: 'hi' }, { streaming: true, includeUsage: false })).toEqual({
    model: 'm',
    messages: USER,
    stream: true,
  });
});

test('SGLang: defaults of the API, then of the run, then of the row', () => {
  expect(body('sglang', { prompt: 'hi' })).toEqual({
    text: 'hi',
    sampling_params: { max_new_tokens: 10_240, temperature: 1, top_p: 1 },
  });
  const row = { input_tokens: [1], temperature: 0.5, top_k: -1, sampling_parameters: { ignore_eos: true } };
  expect(body('sglang', row, { streaming: true, maxOutputTokens: 9 })).toEqual({
    input_ids: [1],
    sampling_params: { max_new_tokens: 9, temperature: 0.5, top_p: 1, ignore_eos: true },
    stream: true,
  });
});

test('SGLang: parameters of sampling are put where they belong, other fields beside them', () => {
  const row = { prompt: 'hi', max_tokens: 3, stop: 'x', regex: '[a-z]', bootstrap_room: 4, lora_path: 'l' };
  const sampling = { max_new_tokens: 3, temperature: 1, top_p: 1, stop: 'x', regex: '[a-z]' };
  const beside = { text: 'hi', bootstrap_room: 4, lora_path: 'l' };
  expect(body('sglang', row, { maxOutputTokens: 9 })).toEqual({ ...beside, sampling_params: sampling });
  const extra = { sampling_params: { ignore_eos: true, temperature: 0 }, lora_path: null };
  expect(body('sglang', row, { extra })).toEqual({
    ...{ text: 'hi', bootstrap_room: 4 },
    sampling_params: { ...sampling, ignore_eos: true, temperature: 0 },
  });
});
