import { expect, test } from 'vitest';
import { InferometerError } from '../core/errors.ts';
import type { RequestOptions, SampleInput } from './adapter.ts';
import { adapterOf, type ApiName } from './adapters.ts';

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
    'chat: found only answer, input_tokens, wanted prompt or messages',
  ],
  ['completions', {}, 'completions: found no columns, wanted prompt or input_tokens'],
  ['sglang', { messages: USER }, 'sglang: found only messages, wanted input_tokens or prompt'],
])('%s refuses a row that asks nothing', (api, row, message) => {
  expect(() => body(api, row)).toThrow(new InferometerError('INFEROMETER_PROTOCOL_ROW', 'input', message));
});

test('fields of the API pass from the row, other columns and empty ones do not', () => {
  const fields = {
    temperature: 0,
    stop: ['a'],
    tools: [{}],
    tool_choice: 'auto',
    ignore_eos: true,
    logprobs: false,
  };
  const others = { reference: 'x', id: 5, seed: null, user: 'u', top_p: undefined, suffix: '' };
  expect(body('chat', { prompt: 'hi', ...fields, ...others })).toEqual({
    model: 'm',
    messages: USER,
    ...fields,
  });
});

test('cells of a CSV file are read by the kind of their field', () => {
  const cells = {
    temperature: '0.5',
    ignore_eos: 'True',
    stop: '[END]',
    tool_choice: 'auto',
    logprobs: 'true',
    logit_bias: '{"5": 1}',
    top_k: '',
  };
  expect(body('chat', { prompt: 'hi', ...cells })).toEqual({
    model: 'm',
    messages: USER,
    temperature: 0.5,
    ignore_eos: true,
    stop: '[END]',
    tool_choice: 'auto',
    logprobs: true,
    logit_bias: { 5: 1 },
  });
});

test.each([
  [{ temperature: 'warm' }, 'column temperature: found "warm", wanted a number'],
  [{ ignore_eos: 'yes' }, 'column ignore_eos: found "yes", wanted true or false'],
  [{ tools: '[{' }, 'column tools: found "[{", wanted JSON'],
])('refuses the cell %j', (cells, message) => {
  expect(() => body('chat', { prompt: 'hi', ...cells })).toThrow(message);
});

test.each<[ApiName, SampleInput, unknown]>([
  ['chat', {}, { max_completion_tokens: 9 }],
  ['chat', { max_tokens: 5 }, { max_tokens: 5 }],
  ['chat', { max_completion_tokens: 5 }, { max_completion_tokens: 5 }],
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

test('streaming and model are those of the run', () => {
  const row = { prompt: 'hi', stream: true, model: 'other', stream_options: { include_usage: false, x: 1 } };
  expect(body('chat', row)).toEqual({ model: 'm', messages: USER, stream: false });
  expect(body('chat', row, { streaming: true })).toEqual({
    model: 'm',
    messages: USER,
    stream: true,
    stream_options: { include_usage: true, x: 1 },
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
