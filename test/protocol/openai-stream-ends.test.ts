import { describe, expect, test } from 'vitest';
import { adapterOf } from '../../src/protocol/adapters.ts';
import { choiceOfChunk, NO_CHUNK } from '../../src/protocol/chunk-code.ts';
import { answerTo, chat, content, give, type Json } from './streamed-frames.ts';

test.each([
  ['the terminator', '[DONE]', undefined],
  ['the terminator among blanks', ' [DONE] ', undefined],
  [
    'a finish reason, as of servers that send no terminator',
    chat({}, { finish_reason: 'length' }),
    undefined,
  ],
  ['an empty finish reason', chat({}, { finish_reason: '' }), 'stream_truncated'],
  ['a frame', content('[DONE]'), 'stream_truncated'],
])('a stream that ends with %s: %#', (_name, message, failure) => {
  expect(answerTo('chat', [content('a'), message]).failure).toBe(failure);
});

test('nothing but the terminator is no answer, a finish reason without a text is one', () => {
  expect(answerTo('chat', ['[DONE]'])).toMatchObject({ failure: 'empty_answer', isEmpty: true });
  expect(answerTo('chat', [chat({ role: 'assistant', content: '' }), '[DONE]']).failure).toBe('empty_answer');
  const finish = chat({}, { finish_reason: 'stop' });
  expect(answerTo('chat', [finish, '[DONE]'])).toMatchObject({ failure: undefined, isEmpty: true });
});

describe('several choices', () => {
  const of = (index: number, delta: Json, finishReason: string | null = null) =>
    JSON.stringify({ choices: [{ index, delta, finish_reason: finishReason }] });

  function read(choices: number, messages: readonly string[]) {
    const accumulator = adapterOf('chat').createReader().createAccumulator();
    accumulator.reset(choices);
    const chunks = messages.map((message) => {
      const code = give(accumulator, message) as number;
      return [code, ...accumulator.moreChunks].filter((chunk) => chunk !== NO_CHUNK).map(choiceOfChunk);
    });
    return { chunks, failure: accumulator.incompleteness()?.errorType, ...accumulator.answer() };
  }

  test('are told apart and joined in their order', () => {
    const messages = [
      of(0, { content: 'a' }),
      of(1, { content: 'x' }),
      of(0, { content: 'b' }),
      of(1, { content: 'y' }),
    ];
    const { chunks, output } = read(2, messages);
    expect(chunks).toEqual([[0], [1], [0], [1]]);
    expect([output.output].flat().join('')).toBe('abxy');
  });

  test('may share a frame', () => {
    const both = JSON.stringify({
      choices: [0, 1].map((index) => ({ index, delta: { content: String(index) } })),
    });
    expect(read(2, [both, both]).chunks).toEqual([
      [0, 1],
      [0, 1],
    ]);
  });

  test('must all finish', () => {
    const messages = [of(0, { content: 'a' }, 'stop'), of(1, { content: 'x' })];
    expect(read(2, messages).failure).toBe('stream_truncated');
    expect(read(2, [...messages, '[DONE]']).failure).toBe('stream_truncated');
    expect(read(2, [...messages, of(1, {}, 'length')]).failure).toBeUndefined();
  });

  test('are one when one was asked for, however it is numbered', () => {
    const { chunks, output } = read(1, [
      of(0, { content: 'a' }),
      of(1, { content: 'b' }),
      of(2, { content: 'c' }),
    ]);
    expect(chunks).toEqual([[0], [0], [0]]);
    expect([output.output].flat().join('')).toBe('abc');
  });
});

test('the last finish reason that is not empty stays, also without a delta', () => {
  const finish = (reason: unknown) => JSON.stringify({ choices: [{ finish_reason: reason, delta: null }] });
  expect(answerTo('chat', [finish('length'), finish('stop'), finish(null), finish('')]).finishReason).toBe(
    'stop',
  );
});
