import { describe, expect, test } from 'vitest';
import { bodies, type DatasetFile, jsonLines, prepare } from './prepared.ts';

// Files that people have, each with the requests it must become or the message it must be refused with.

const asked = (content: string, system?: string) => ({
  model: 'm',
  messages: [
    ...(system === undefined ? [] : [{ role: 'system', content: system }]),
    { role: 'user', content },
  ],
});
const SYSTEM_AND_USER = [
  { role: 'system', content: 'Be short.' },
  { role: 'user', content: 'Which color?' },
];

describe('JSON', () => {
  test('a list of texts: each is a prompt', async () => {
    const file = { name: 'p.json', content: '["red?", "blue?"]' };
    expect(await bodies({}, file)).toEqual([asked('red?'), asked('blue?')]);
  });

  test('a list of conversations: each is sent whole', async () => {
    const content = JSON.stringify([SYSTEM_AND_USER, [{ role: 'user', content: 'blue?' }]]);
    expect(await bodies({}, { name: 'p.json', content })).toEqual([
      asked('Which color?', 'Be short.'),
      asked('blue?'),
    ]);
  });

  test('ShareGPT: the first human turn is asked, after its system turn', async () => {
    const rows = [
      {
        id: 'a',
        conversations: [
          { from: 'human', value: 'q1' },
          { from: 'gpt', value: 'a1' },
        ],
      },
      {
        id: 'a',
        conversations: [
          { from: 'system', value: 's2' },
          { from: 'human', value: 'q2' },
          { from: 'gpt', value: 'a2' },
          { from: 'human', value: 'later' },
        ],
      },
      {
        conversations: [
          { role: 'user', content: 'q3' },
          { role: 'assistant', content: 'a3' },
        ],
      },
    ];
    const wanted = [asked('q1'), asked('q2', 's2'), asked('q3')];
    expect(await bodies({}, { name: 'p.json', content: JSON.stringify(rows) })).toEqual(wanted);
    expect(await bodies({}, jsonLines(...rows))).toEqual(wanted);
    expect(await bodies({ '--api': 'completions' }, jsonLines(rows[0]))).toEqual([
      { model: 'm', prompt: 'q1' },
    ]);
  });

  test('an OpenAI batch file: the body of each line is sent', async () => {
    const line = (body: object) => ({ custom_id: 'r', method: 'POST', url: '/v1/chat/completions', body });
    const { requests, notes } = await prepare(
      {},
      jsonLines(line({ model: 'other', messages: SYSTEM_AND_USER, temperature: 0.2, max_tokens: 5 })),
    );
    expect(requests[0]!.body).toEqual({
      ...{ model: 'other', messages: SYSTEM_AND_USER, temperature: 0.2, max_tokens: 5 },
    });
    expect(notes).toEqual([
      'info: dataset columns not sent: custom_id, method, url (to send a field, put it into extra_body)',
      'info: rows name a model, which replaces --model m: other',
    ]);
  });

  test('messages as JSON text, as exports of tables have them', async () => {
    const row = { messages: JSON.stringify(SYSTEM_AND_USER) };
    expect(await bodies({}, jsonLines(row))).toEqual([asked('Which color?', 'Be short.')]);
  });

  test('ids that repeat are nothing to refuse', async () => {
    const file = jsonLines({ id: 'a', prompt: 'red?' }, { id: 'a', prompt: 'blue?' });
    expect(await bodies({}, file)).toEqual([asked('red?'), asked('blue?')]);
  });

  test('a row of megabytes, with letters of several bytes', async () => {
    const prompt = 'né 🙂 '.repeat(300_000);
    expect(await bodies({}, jsonLines({ prompt }))).toEqual([asked(prompt)]);
  });

  test.each(['utf16le', 'utf16be'])('%s, as PowerShell writes it', async (encoding) => {
    const bytes = Buffer.from('\ufeff{"prompt":"red né?"}\r\n', 'utf16le');
    const content = encoding === 'utf16be' ? bytes.swap16() : bytes;
    expect(await bodies({}, { name: 'p.jsonl', content })).toEqual([asked('red né?')]);
  });
});

describe('CSV', () => {
  test.each(['\n', '\r\n', '\r'])('with lines that end in %j', async (end) => {
    const content = ['prompt,max_tokens', 'red,5', 'blue,6', ''].join(end);
    expect(await bodies({}, { name: 'p.csv', content })).toEqual([
      { ...asked('red'), max_tokens: 5 },
      { ...asked('blue'), max_tokens: 6 },
    ]);
  });

  test('cells are numbers, booleans and JSON where they can be nothing else', async () => {
    const content = [
      ',prompt,temperature,ignore_eos,stop,user,top_k,guided_json,vendor,zip',
      '0,17,0.5,True,"[""a"",""b""]",12,5,"{""type"":""object""}",1.5,0123',
      '1,red,,,,,,,,',
    ].join('\n');
    expect(await bodies({}, { name: 'p.csv', content })).toEqual([
      {
        ...asked('17'),
        temperature: 0.5,
        ignore_eos: true,
        stop: ['a', 'b'],
        user: '12',
        top_k: 5,
        guided_json: { type: 'object' },
        vendor: 1.5,
        zip: '0123',
      },
      asked('red'),
    ]);
  });
});

describe('a row that cannot be asked is refused with its place', () => {
  const csv = (content: string): DatasetFile => ({ name: 'p.csv', content });
  test.each<[string, DatasetFile, string]>([
    ['a blank cell', csv('prompt,max_tokens\nred,5\n,5\n'), 'p.csv:3: prompt is empty'],
    ['a cell of blanks', csv('prompt,max_tokens\r\nred,5\r\n"  ",5\r\n'), 'p.csv:3: prompt is empty'],
    ['NaN', csv('prompt,temperature\nred,NaN\n'), 'p.csv:2: temperature: must be a number (got "NaN")'],
    ['nan', csv('prompt,seed\rred,1\rblue,nan\r'), 'p.csv:3: seed: must be a number (got "nan")'],
    ['an infinity', csv('prompt,weight\nred,-inf\n'), 'p.csv:2: weight: must be a value that JSON can hold'],
    ['an empty prompt', jsonLines({ prompt: 'red' }, { prompt: '' }), 'p.jsonl:2: prompt is empty'],
    ['an empty text', { name: 'p.json', content: '["red",\n ""]' }, 'p.json:2 (item 2): prompt is empty'],
    [
      'an empty message',
      { name: 'p.jsonl', content: '{"prompt":"red"}\n\n{"messages":[{"role":"user","content":""}]}\n' },
      'p.jsonl:3: messages: no message has any content',
    ],
    [
      'NaN in JSON',
      { name: 'p.jsonl', content: '{"prompt":"red","temperature":NaN}\n' },
      'p.jsonl:1:31: invalid JSON: expected a JSON value (got "NaN}")',
    ],
    [
      'what the API lacks',
      jsonLines({ prompt: 'x' }, { input_tokens: [1] }),
      'p.jsonl:2: --api chat needs a prompt',
    ],
    [
      'UTF-32',
      { name: 'p.jsonl', content: Uint8Array.of(0xff, 0xfe, 0, 0, 0x22, 0, 0, 0) },
      'p.jsonl: is UTF-32',
    ],
  ])('%s', async (_what, file, message) => {
    await expect(prepare({}, file)).rejects.toMatchObject({ kind: 'input' });
    await expect(prepare({}, file)).rejects.toThrow(message);
  });

  test('an empty prompt beside a question is no prompt', async () => {
    expect(await bodies({}, jsonLines({ prompt: '', question: 'Which?' }))).toEqual([asked('Which?')]);
  });

  test('or left out, counted and told when that is wanted', async () => {
    const rows = [{ prompt: '' }, { prompt: 'a' }, { seed: 1 }, { token_ids: [1] }, { prompt: 'b' }, 7];
    const { requests, notes, skippedRows } = await prepare({ '--skip-bad-rows': true }, jsonLines(...rows));
    expect(requests.map(({ body }) => body)).toEqual([asked('a'), asked('b')]);
    expect(skippedRows).toBe(4);
    expect(notes).toEqual([
      'warning: p.jsonl: skipped 4 bad rows, 2 left: p.jsonl:1: prompt is empty; ' +
        'p.jsonl:3: the row needs a column prompt, messages or input_tokens (got only "seed"); ' +
        'p.jsonl:6: must be an object, a text or a list of messages (got 7); and 1 more',
    ]);
    const none = prepare({ '--skip-bad-rows': true }, jsonLines({ token_ids: [1] }));
    await expect(none).rejects.toThrow(
      'p.jsonl: has no usable row; the first one: p.jsonl:1: --api chat needs',
    );
  });
});
