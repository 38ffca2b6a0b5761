import { expect, test } from 'vitest';
import { parseCompletionRequest } from './completion-request.ts';
import { wordCount } from './request-fields.ts';

const parse = (api: 'chat' | 'completions', body: unknown) =>
  parseCompletionRequest(api, Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)));

test('counts the words of all messages and finds the number of the last', () => {
  const messages = [
    { role: 'system', content: '#1 be  brief' },
    {
      role: 'user',
      content: [{ type: 'text', text: '#27 what is' }, { type: 'image_url' }, { type: 'text', text: 'this' }],
    },
    { role: 'assistant', content: null },
    { role: 'user', content: '#28 go' },
  ];
  expect(parse('chat', { model: 'm', messages })).toEqual({
    api: 'chat',
    model: 'm',
    stream: false,
    includeUsage: false,
    tokenLimit: Infinity,
    promptTokens: 9,
    promptNumber: 28,
  });
});

test('takes a text, tokens, limits and options', () => {
  const text = parse('completions', {
    prompt: 'a b',
    max_tokens: 7,
    stream: true,
    stream_options: { include_usage: true },
  });
  expect(text).toMatchObject({
    promptTokens: 2,
    promptNumber: null,
    tokenLimit: 7,
    stream: true,
    includeUsage: true,
  });
  expect(parse('completions', { prompt: [5, 6, 7] })).toMatchObject({ promptTokens: 3, promptNumber: null });
  expect(parse('completions', { prompt: 'x', max_tokens: 9, max_completion_tokens: 4 })).toMatchObject({
    tokenLimit: 4,
  });
});

test.each([
  ['chat', '{', 'the body is no JSON object'],
  ['chat', [], 'the body is no JSON object'],
  ['chat', { prompt: 'x' }, 'messages must be a list of messages'],
  ['chat', { messages: [] }, 'messages must be a list of messages'],
  ['chat', { messages: ['x'] }, 'messages must be a list of messages'],
  ['completions', {}, 'prompt must be a text or a list'],
  ['completions', { prompt: 'x', max_tokens: 0 }, 'max_tokens must be a number from 1 up'],
  ['completions', { prompt: 'x', max_tokens: '5' }, 'max_tokens must be a number from 1 up'],
] as const)('says what is wrong with %s %j', (api, body, problem) => {
  expect(parse(api, body)).toEqual({ problem });
});

test('words are what stands between white space', () => {
  expect(['', ' ', 'a', ' a\n b\tc '].map(wordCount)).toEqual([0, 0, 1, 3]);
});
