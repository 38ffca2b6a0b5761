import { describe, expect, test } from 'vitest';
import { mapColumns, PROMPT_SYNONYMS } from './columns.ts';
import { promptDataOf, EMPTY_PROMPT_DATA } from './prompt-data.ts';
import type { RowValues } from './row.ts';

const map = (values: RowValues) => mapColumns({ place: 'a:1', values });

describe('mapColumns', () => {
  test.each(PROMPT_SYNONYMS)('%s stands for prompt', (synonym) => {
    expect(map({ [synonym]: 'hi', id: 3 })).toEqual({ prompt: 'hi', id: 3 });
  });

  test('the first synonym wins, and a prompt wins over all of them', () => {
    expect(map({ query: 'q', input: 'i', question: null })).toEqual({
      prompt: 'i',
      query: 'q',
      question: null,
    });
    expect(map({ query: 'q', prompt: 'p' })).toEqual({ query: 'q', prompt: 'p' });
  });

  test('system_prompt stands for system, where there is none', () => {
    expect(map({ prompt: 'p', system_prompt: 's' })).toEqual({ prompt: 'p', system: 's' });
    expect(map({ prompt: 'p', system: 't', system_prompt: 's' })).toEqual({
      prompt: 'p',
      system: 't',
      system_prompt: 's',
    });
  });

  test('messages or tokens do without a prompt; empty ones do not', () => {
    expect(map({ messages: [{ role: 'user' }] })).toEqual({ messages: [{ role: 'user' }] });
    expect(map({ token_ids: [1] })).toEqual({ token_ids: [1] });
    expect(map({ messages: [], prompt: 'p' })).toEqual({ messages: [], prompt: 'p' });
    expect(() => map({ messages: [], input_tokens: [] })).toThrow('found only "messages", "input_tokens"');
  });

  test('a prompt may be a list of parts', () => {
    expect(map({ prompt: [{ type: 'text' }] })).toEqual({ prompt: [{ type: 'text' }] });
    expect(() => map({ prompt: [] })).toThrow('prompt: found [], wanted text');
  });
});

describe('promptDataOf', () => {
  const messages = [{ role: 'user', content: 'm' }];

  test.each<[string, RowValues, object]>([
    ['tokens first', { input_tokens: [1], messages, prompt: 'p' }, { tokenIds: [1] }],
    ['tokens by their other name', { token_ids: [2], input_tokens: null }, { tokenIds: [2] }],
    [
      'then messages, with what a template needs',
      {
        messages,
        prompt: 'p',
        tools: [{ t: 1 }],
        tool_choice: 'auto',
        chat_template: 'x',
        chat_template_kwargs: { a: 1 },
      },
      { messages, tools: [{ t: 1 }], toolChoice: 'auto', chatTemplate: 'x', chatTemplateKwargs: { a: 1 } },
    ],
    [
      'then the text of the prompt alone',
      { messages: [], prompt: 'p', system: 's', tools: [{}] },
      { text: 'p' },
    ],
    ['and nothing for a prompt of parts', { prompt: ['a'] }, {}],
    ['or for no prompt', { x: 1 }, {}],
  ])('%s', (_name, row, wanted) => {
    expect(promptDataOf(row)).toEqual({ ...EMPTY_PROMPT_DATA, ...wanted });
  });

  test('both kinds of tokens are refused', () => {
    expect(() => promptDataOf({ input_tokens: [1], token_ids: [1] })).toThrow(
      'both input_tokens and token_ids',
    );
  });
});
