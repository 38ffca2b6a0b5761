import { expect, test } from 'vitest';
import { adapterOf } from '../../src/protocol/adapters.ts';
import { NO_CHUNK } from '../../src/protocol/chunk-code.ts';
import { UNKNOWN_TOKENS } from '../../src/protocol/openai-reply.ts';
import {
  answerTo,
  chat,
  completion,
  CONTENT,
  content,
  give,
  REASONING,
  REFUSAL,
  TOOL,
  type Json,
} from './streamed-frames.ts';

test('a stream of content', () => {
  const usage = JSON.stringify({ choices: [], usage: { prompt_tokens: 7, completion_tokens: 3 } });
  expect(
    answerTo('chat', [
      chat({ role: 'assistant' }),
      content('a'),
      content('b'),
      content('c'),
      chat({}, { finish_reason: 'stop' }),
      usage,
      '[DONE]',
    ]),
  ).toEqual({
    steps: [NO_CHUNK, CONTENT, CONTENT, CONTENT, NO_CHUNK, NO_CHUNK, NO_CHUNK],
    failure: undefined,
    output: { output: ['a', 'bc'], reasoning: null, toolCalls: null },
    finishReason: 'stop',
    tokens: { ...UNKNOWN_TOKENS, promptTokens: 7, completionTokens: 3 },
    firstChunkTokens: NaN,
    isEmpty: false,
  });
});

test('reasoning, then content, then nothing left', () => {
  const { steps, output, failure } = answerTo('chat', [
    chat({ reasoning: 'r', content: null }),
    chat({ reasoning: 's', content: null }),
    chat({ reasoning_content: 't', reasoning: 'unseen' }),
    content('a'),
    content('b'),
    content(''),
    chat({ content: 'c', reasoning: 'u' }),
  ]);
  const both = CONTENT | REASONING;
  expect(steps).toEqual([REASONING, REASONING, REASONING, CONTENT, CONTENT, NO_CHUNK, both]);
  expect(output).toEqual({ output: 'abc', reasoning: ['r', 'stu'], toolCalls: null });
  expect(failure).toBe('stream_truncated');
});

test('a tool call is a chunk when it opens and when it brings arguments', () => {
  const call = (partial: Json) => chat({ tool_calls: [partial] });
  const { steps, output } = answerTo('chat', [
    call({ id: '1', function: { name: 'f', arguments: '' } }),
    call({ index: 0 }),
    content('a'),
    call({ index: 0, function: { arguments: '{}' } }),
  ]);
  expect(steps).toEqual([TOOL, NO_CHUNK, CONTENT, TOOL]);
  expect(output.toolCalls).toHaveLength(3);
});

test('a function call of the older API is a tool call', () => {
  const call = { name: 'f', arguments: '{' };
  const { steps, output } = answerTo('chat', [chat({ function_call: call })]);
  expect(steps).toEqual([TOOL]);
  expect(output.toolCalls).toEqual([[{ type: 'function', function: call }]]);
});

test('a refusal is output', () => {
  const { steps, output } = answerTo('chat', [chat({ refusal: 'No' }), chat({ refusal: ', never.' })]);
  expect(steps).toEqual([REFUSAL, REFUSAL]);
  expect(output.output).toEqual(['No', ', never.']);
});

test.each([
  [
    'parts',
    [
      { content: [{ type: 'thinking', thinking: [{ type: 'text', text: 'r' }] }] },
      { content: [{ type: 'text', text: 'a' }] },
    ],
  ],
  ['thinking', [{ thinking: 'r' }, { content: 'a' }]],
  ['reasoning_details', [{ reasoning_details: [{ type: 'reasoning.text', text: 'r' }] }, { content: 'a' }]],
])('reasoning is read from %s', (_name, deltas) => {
  const { steps, output } = answerTo(
    'chat',
    deltas.map((delta) => chat(delta)),
  );
  expect(steps).toEqual([REASONING, CONTENT]);
  expect(output).toMatchObject({ output: 'a', reasoning: ['r'] });
});

test('usage told with every frame: the last counts', () => {
  const frame = (count: number) =>
    JSON.stringify({
      choices: [{ delta: { content: 'a' } }],
      usage: { prompt_tokens: 2, completion_tokens: count },
    });
  const { tokens, firstChunkTokens, output } = answerTo('chat', [frame(2), frame(5), frame(7)]);
  expect(tokens).toMatchObject({ completionTokens: 7, promptTokens: 2 });
  expect(firstChunkTokens).toBe(2);
  expect(output.output).toEqual(['a', 'aa']);
});

test('empty messages count nothing', () => {
  expect(answerTo('chat', ['', ' \n', '{}', '{"choices": null}', '{"error": null}']).steps).toEqual(
    Array(5).fill(NO_CHUNK),
  );
});

test('reset forgets the sample', () => {
  const accumulator = adapterOf('chat').createReader().createAccumulator();
  const call = chat({ tool_calls: [{ id: '1' }] });
  const all = [
    call,
    content('a'),
    content('b'),
    chat({ reasoning: 'r' }),
    chat({}, { finish_reason: 'stop' }),
    '{"usage": {"prompt_tokens": 1}}',
    '[DONE]',
  ];
  for (const message of all) give(accumulator, message);
  const first = accumulator.answer();
  accumulator.reset(1);
  expect(accumulator.incompleteness()?.errorType).toBe('stream_truncated');
  expect(accumulator.answer()).toEqual({
    output: { output: [], reasoning: null, toolCalls: null },
    finishReason: null,
    tokens: UNKNOWN_TOKENS,
    firstChunkTokens: NaN,
    isEmpty: true,
  });
  expect(first.output.toolCalls).toEqual([[{ id: '1' }]]);
  expect(give(accumulator, call)).toBe(TOOL);
});

test('a long answer', () => {
  const texts = Array.from({ length: 3000 }, (_, index) => ` word${index}`);
  const { output } = answerTo('chat', texts.map(content));
  expect(output.output).toEqual([texts[0], texts.slice(1).join('')]);
});

test('finish may be asked in the middle of a stream', () => {
  const accumulator = adapterOf('completions').createReader().createAccumulator();
  const texts = ['a', 'b', 'c'].map((text) => {
    give(accumulator, completion(text));
    return accumulator.answer().output.output;
  });
  expect(texts).toEqual([['a'], ['a', 'b'], ['a', 'bc']]);
});
