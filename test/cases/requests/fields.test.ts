import { describe, expect, test } from 'vitest';
import { bodies, jsonLines, prepare } from './prepared.ts';

const RED = { model: 'm', messages: [{ role: 'user', content: 'red?' }] };
const STREAMED = { '--streaming': 'on' } as const;

describe('fields of a row', () => {
  test('those of vendors are sent as they are', async () => {
    const fields = {
      guided_json: { type: 'object' },
      regex: '[a-z]+',
      bootstrap_room: 4,
      nvext: { greed_sampling: true },
      user: 'u1',
      metadata: { k: 'v' },
    };
    expect(await bodies({}, jsonLines({ prompt: 'red?', ...fields }))).toEqual([{ ...RED, ...fields }]);
  });

  test('extra_body goes where the clients of OpenAI put it', async () => {
    const row = { prompt: 'red?', seed: 1, extra_body: { structured_outputs: { choice: ['red'] }, seed: 2 } };
    expect(await bodies({}, jsonLines(row))).toEqual([
      { ...RED, seed: 2, structured_outputs: { choice: ['red'] } },
    ]);
  });

  test('a model goes before that of the run', async () => {
    const { requests, notes } = await prepare(
      {},
      jsonLines({ prompt: 'red?', model: 'adapter-a' }, { prompt: 'red?' }),
    );
    expect(requests.map(({ body }) => body)).toEqual([{ ...RED, model: 'adapter-a' }, RED]);
    expect(notes).toEqual(['info: rows name a model, which replaces --model m: adapter-a']);
  });

  test('what is not sent is told once, and so is what nobody knows', async () => {
    const row = { prompt: 'red?', id: 1, answer: 'x', query: 'y', stream: true, topk: 3 };
    const { requests, notes } = await prepare({}, jsonLines(row, row));
    expect(requests[1]!.body).toEqual({ ...RED, topk: 3, stream: false });
    expect(notes).toEqual([
      'info: dataset columns not sent: id, answer, query, stream (to send a field, put it into extra_body)',
      'info: dataset columns sent as fields of the request: topk',
    ]);
  });
});

describe('fields of every request', () => {
  test('--extra adds, replaces and removes', async () => {
    const file = jsonLines({ prompt: 'red?', temperature: 1, seed: 1 });
    const flags = {
      '--extra': ['{"top_k":5,"guided_json":{"type":"object"}}', 'temperature=0', 'seed=null'],
    };
    expect(await bodies(flags, file)).toEqual([
      { ...RED, temperature: 0, top_k: 5, guided_json: { type: 'object' } },
    ]);
  });

  test.each<[Record<string, string>, unknown]>([
    [{}, { stream_options: { include_usage: true } }],
    [{ '--usage': 'on' }, { stream_options: { include_usage: true } }],
    [{ '--usage': 'off' }, {}],
    [{ '--extra': 'stream_options=null' }, {}],
    [{ '--extra': '{"stream_options":{"x":1}}' }, { stream_options: { include_usage: true, x: 1 } }],
  ])('with %j a stream asks for usage by %j', async (flags, options) => {
    expect(await bodies({ ...STREAMED, ...flags })).toEqual([
      { ...RED, stream: true, ...(options as object) },
    ]);
  });

  test('a row may decide on usage, unless the flag says on', async () => {
    const file = jsonLines({ prompt: 'red?', stream_options: { include_usage: false } });
    const optionsOf = async (flags: Record<string, string>) =>
      (await bodies({ ...STREAMED, ...flags }, file))[0]!.stream_options;
    expect(await optionsOf({})).toEqual({ include_usage: false });
    expect(await optionsOf({ '--usage': 'on' })).toEqual({ include_usage: true });
    expect(await optionsOf({ '--usage': 'off' })).toEqual({ include_usage: false });
  });

  test.each<[Record<string, string>, object]>([
    [{}, { max_completion_tokens: 7 }],
    [{ '--limit-field': 'max_tokens' }, { max_tokens: 7 }],
    [{ '--limit-field': 'max-tokens' }, { max_tokens: 7 }],
  ])('with %j the output limit is sent as %j', async (flags, limit) => {
    const { requests, outputLimit } = await prepare({ '--max-output-tokens': '7', ...flags });
    expect(requests[0]!.body).toEqual({ ...RED, ...limit });
    expect(outputLimit).toBe(7);
  });

  test('the limit of the run is the largest one, or none', async () => {
    const limitOf = async (...rows: object[]) =>
      (await prepare({ '--max-output-tokens': '7' }, jsonLines(...rows))).outputLimit;
    expect(await limitOf({ prompt: 'a', max_tokens: 9 }, { prompt: 'b' })).toBe(9);
    expect(await limitOf({ prompt: 'a', extra_body: { max_completion_tokens: null } })).toBeNull();
    expect((await prepare({ '--extra': 'max_tokens=3' })).outputLimit).toBe(3);
    // Usage counts the tokens of all choices.
    expect(await limitOf({ prompt: 'a', n: 2 })).toBe(14);
    expect(await limitOf({ prompt: 'a', n: '2' })).toBe(14);
    expect((await prepare({ '--api': 'sglang' })).outputLimit).toBe(10_240);
  });

  test('requests that have the prompt streamed to them are told of', async () => {
    const rows = jsonLines({ prompt: 'a', echo: true }, { prompt: 'b', echo: false }, { prompt: 'c' });
    const completions = { '--api': 'completions' };
    const { echoes, notes } = await prepare({ ...completions, '--streaming': 'on' }, rows);
    expect(echoes).toBe(1);
    expect(notes.join()).toContain('1 request of the dataset set "echo": ');
    expect((await prepare({ ...completions, '--streaming': 'off' }, rows)).echoes).toBe(0);
    const everywhere = await prepare({ ...completions, '--streaming': 'on', '--extra': 'echo=true' }, rows);
    expect(everywhere.echoes).toBe(3);
  });

  test('more choices than can be measured are refused with the place', async () => {
    const file = jsonLines({ prompt: 'a', n: 1024 }, { prompt: 'b', n: 1e9 });
    await expect(prepare({}, file)).rejects.toThrow(
      'p.jsonl:2: the request asks for 1,000,000,000 choices; the limit is 1,024',
    );
    expect((await prepare({ '--skip-bad-rows': true }, file)).skippedRows).toBe(1);
  });
});
