import { describe, expect, test } from 'vitest';
import { columnsOf } from '../core/row-columns.ts';
import { mapColumns } from './columns.ts';
import { promptDataOf, EMPTY_PROMPT_DATA } from './prompt-data.ts';
import type { RowValues } from './row.ts';

const map = (values: RowValues) => mapColumns({ place: () => 'a:1', values });
const mapText = (values: RowValues) => mapColumns({ place: () => 'a:1', values, isText: true });
const USER = { role: 'user', content: 'hi' };

describe('mapColumns', () => {
  test.each(columnsOf('prompt'))('%s stands for prompt', (synonym) => {
    expect(map({ [synonym]: 'hi', id: 3 })).toEqual({ prompt: 'hi', id: 3 });
  });

  test('the first column that is not blank is the prompt; the others stay', () => {
    expect(map({ query: 'q', input: 'i', question: null })).toEqual({ prompt: 'i', query: 'q' });
    expect(map({ query: 'q', prompt: 'p' })).toEqual({ query: 'q', prompt: 'p' });
    expect(map({ prompt: ' ', question: 'q' })).toEqual({ prompt: 'q' });
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
    expect(map({ messages: [USER] })).toEqual({ messages: [USER] });
    expect(map({ token_ids: [1] })).toEqual({ token_ids: [1] });
    expect(map({ messages: [], prompt: 'p' })).toEqual({ messages: [], prompt: 'p' });
    expect(() => map({ messages: [], input_tokens: [] })).toThrow(
      'a:1: the row needs a column prompt, messages or input_tokens (got only "messages", "input_tokens")',
    );
  });

  test('a prompt may be a list of parts', () => {
    expect(map({ prompt: [{ type: 'text' }] })).toEqual({ prompt: [{ type: 'text' }] });
    expect(() => map({ prompt: [] })).toThrow('a:1: prompt: must be text (got [])');
  });

  test.each<[string, RowValues, string]>([
    ['a blank prompt', { prompt: ' \n' }, 'a:1: prompt is empty'],
    ['a blank synonym', { question: '' }, 'a:1: question is empty'],
    ['nothing', {}, 'a:1: the row is empty'],
    ['only an answer', { answer: 'x' }, '(got only "answer")'],
    ['a message without content', { messages: [{ role: 'user', content: '' }] }, 'a:1: messages: no message'],
    ['a message with null', { messages: [{ role: 'user', content: null }] }, 'a:1: messages: no message'],
    ['a message without parts', { messages: [{ role: 'user', content: [] }] }, 'a:1: messages: no message'],
    [
      'instructions alone',
      {
        messages: [
          { role: 'system', content: 'Be brief.' },
          { role: 'user', content: ' ' },
        ],
      },
      'a:1: messages: no message has any content',
    ],
  ])('refuses %s', (_what, values, message) => {
    expect(() => map(values)).toThrow(message);
  });

  test('a message that only calls a tool says something', () => {
    const messages = [{ role: 'assistant', content: null, tool_calls: [{ id: '1' }] }];
    expect(map({ messages })).toEqual({ messages });
  });

  test('text stands for JSON where it can be nothing else', () => {
    expect(map({ messages: JSON.stringify([USER]) })).toEqual({ messages: [USER] });
    expect(map({ input_tokens: '[1, 2]' })).toEqual({ input_tokens: [1, 2] });
    expect(map({ prompt: '[1]', tools: '[{"a":1}]', tool_choice: 'auto', temperature: '0.5' })).toEqual({
      prompt: '[1]',
      tools: [{ a: 1 }],
      tool_choice: 'auto',
      temperature: 0.5,
    });
    expect(map({ prompt: 'p', zip: '007', count: '5', stop: '["a"]' })).toEqual({
      prompt: 'p',
      zip: '007',
      count: '5',
      stop: '["a"]',
    });
    expect(() => map({ messages: 'hi' })).toThrow('a:1: messages: must be a list of messages (got "hi")');
    expect(() => map({ messages: '[{"role":' })).toThrow('a:1: messages: must be JSON (got "[{"role":")');
  });

  test.each<[string, unknown]>([
    ['0', 0],
    ['-3', -3],
    ['0.50', 0.5],
    ['1e3', 1000],
    ['true', true],
    ['False', false],
    ['{"a":[1]}', { a: [1] }],
    [' [1] ', [1]],
    ['[a-z]+', '[a-z]+'],
    ['{x}', '{x}'],
    ['007', '007'],
    ['+1', '+1'],
    ['1.', '1.'],
    ['9007199254740993', '9007199254740993'],
    ['1e999', '1e999'],
    ['null', 'null'],
    ['red', 'red'],
    [' x ', ' x '],
  ])('a CSV cell %j of an unknown column is %j', (text, value) => {
    expect(mapText({ prompt: 'p', vendor: text })).toEqual({ prompt: 'p', vendor: value });
  });

  test('CSV cells of known columns are read by their kind', () => {
    const cells = {
      temperature: ' 0.5',
      ignore_eos: 'True',
      stop: '[END]',
      guided_choice: '["a", "b"]',
      tool_choice: 'auto',
      logprobs: 'true',
      logit_bias: '{"5": 1}',
      user: '17',
      model: '1',
      answer: 'NaN',
    };
    expect(mapText({ prompt: '5', ...cells })).toEqual({
      prompt: '5',
      temperature: 0.5,
      ignore_eos: true,
      stop: '[END]',
      guided_choice: ['a', 'b'],
      tool_choice: 'auto',
      logprobs: true,
      logit_bias: { 5: 1 },
      user: '17',
      model: '1',
      answer: 'NaN',
    });
  });

  test.each([
    [{ temperature: 'warm' }, 'a:1: temperature: must be a number (got "warm")'],
    [{ temperature: 'NaN' }, 'a:1: temperature: must be a number (got "NaN")'],
    [{ max_tokens: 'Infinity' }, 'a:1: max_tokens: must be a number (got "Infinity")'],
    [{ ignore_eos: 'yes' }, 'a:1: ignore_eos: must be true or false (got "yes")'],
    [{ tools: '[{' }, 'a:1: tools: must be JSON (got "[{")'],
    [{ vendor: 'nan' }, 'a:1: vendor: must be a value that JSON can hold, or blank (got "nan")'],
  ])('refuses the cell %j', (cells, message) => {
    expect(() => mapText({ prompt: 'hi', ...cells })).toThrow(message);
  });

  test('the body of a batch line is the row; what is around it stays as bookkeeping', () => {
    const body = { model: 'b', messages: [USER], temperature: 0.2 };
    const line = { custom_id: 'r1', method: 'POST', url: '/v1/chat/completions', body };
    expect(map(line)).toEqual({ custom_id: 'r1', method: 'POST', url: '/v1/chat/completions', ...body });
    expect(map({ body: JSON.stringify(body) })).toEqual(body);
    expect(() => map({ ...line, url: '/v1/embeddings' })).toThrow(
      'a:1: url: must be /v1/chat/completions or /v1/completions (got "/v1/embeddings")',
    );
  });

  test.each<[string, unknown, RowValues]>([
    [
      'from and value',
      [
        { from: 'human', value: 'q' },
        { from: 'gpt', value: 'a' },
      ],
      { prompt: 'q' },
    ],
    [
      'roles',
      [
        { role: 'user', content: 'q' },
        { role: 'assistant', content: 'a' },
      ],
      { prompt: 'q' },
    ],
    [
      'a system turn',
      [
        { from: 'system', value: 's' },
        { from: 'human', value: 'q' },
      ],
      { system: 's', prompt: 'q' },
    ],
    [
      'an answer first',
      [
        { from: 'gpt', value: 'a' },
        { from: 'human', value: 'q' },
        { from: 'system', value: 'late' },
      ],
      { prompt: 'q' },
    ],
    ['JSON text', '[{"from":"user","value":"q"}]', { prompt: 'q' }],
  ])('asks the first human turn of a conversation with %s', (_what, turns, row) => {
    expect(map({ id: 'a', conversations: turns })).toEqual({ id: 'a', ...row });
    expect(map({ conversation: turns })).toEqual(row);
  });

  test('messages written as ShareGPT has them are such a conversation', () => {
    expect(
      map({
        messages: [
          { from: 'human', value: 'q' },
          { from: 'gpt', value: 'a' },
        ],
      }),
    ).toEqual({
      prompt: 'q',
    });
  });

  test.each<[unknown, string]>([
    [[{ from: 'gpt', value: 'a' }], 'a:1: conversations: has no human turn'],
    [[], 'a:1: conversations: has no human turn'],
    [[{ from: 'human', value: ' ' }], 'a:1: conversations: the first human turn is empty'],
    ['hello', 'a:1: conversations: must be a list of turns (got "hello")'],
    [['hello'], 'a:1: conversations: a turn must be an object (got "hello")'],
  ])('refuses the conversation %j', (conversations, message) => {
    expect(() => map({ conversations })).toThrow(message);
  });

  test('extra_body is an object that leaves alone what the row asks', () => {
    const extra = { guided_json: { type: 'object' }, id: 7 };
    expect(map({ prompt: 'p', extra_body: extra })).toEqual({ prompt: 'p', extra_body: extra });
    expect(map({ prompt: 'p', extra_body: JSON.stringify(extra) })).toEqual({
      prompt: 'p',
      extra_body: extra,
    });
    expect(() => map({ prompt: 'p', extra_body: [1] })).toThrow(
      'a:1: extra_body: must be an object (got [1])',
    );
    expect(() => map({ prompt: 'p', extra_body: { stream: true } })).toThrow('extra_body: cannot set stream');
  });

  test.each<[RowValues, string]>([
    [{ tools: [[1]] }, 'a:1: tools: must be a list of objects (got [[1]])'],
    [{ tools: 'auto' }, 'a:1: tools: must be a list of objects (got "auto")'],
    [{ tool_choice: 5 }, 'a:1: tool_choice: must be text or an object (got 5)'],
    [{ chat_template: {} }, 'a:1: chat_template: must be text (got {})'],
    [{ chat_template_kwargs: [] }, 'a:1: chat_template_kwargs: must be an object (got [])'],
  ])('refuses %j, which could not be logged', (columns, message) => {
    expect(() => map({ messages: [USER], ...columns })).toThrow(message);
  });

  test('nests as deep as any request, and no deeper', () => {
    const nested = (depth: number): unknown => (depth === 0 ? 'x' : [nested(depth - 1)]);
    expect(map({ prompt: 'p', deep: nested(199) })).toMatchObject({ prompt: 'p' });
    expect(() => map({ prompt: 'p', deep: nested(200) })).toThrow(
      'a:1: nests lists or objects more than 200 levels deep',
    );
    const text = `{"prompt":"p","deep":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
    expect(() => map(JSON.parse(text) as RowValues)).toThrow('more than 200 levels');
  });

  test('a name of a prototype is a column like any other', () => {
    const row = JSON.parse('{"prompt":"p","constructor":1,"__proto__":{"a":1}}') as RowValues;
    expect(map(row)).toMatchObject({ prompt: 'p', constructor: 1 });
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
