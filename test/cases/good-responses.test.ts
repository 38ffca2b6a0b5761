import { deflateRawSync, deflateSync } from 'node:zlib';
import { expect, test } from 'vitest';
import {
  type Answer,
  data,
  delta,
  DONE,
  END,
  finish,
  play,
  reasoningOf,
  textOf,
  usage,
  word,
  CLOSE,
  HANG,
  RESET,
  END_HERE,
} from './scripted-answer.ts';

const JSON_HEAD = ['Content-Type: application/json'];
const three = [word('a '), word('b '), word('c ')];
const good = [...three, ...END].join('');
const body = (message: unknown, more: object = {}) =>
  JSON.stringify({ id: 'x', choices: [{ index: 0, message, finish_reason: 'stop' }], ...more });
const within = (field: object) =>
  data({ id: 'x', ...field, choices: [{ index: 0, delta: { content: 'a ' } }] });

const streams: readonly (readonly [name: string, answer: Answer])[] = [
  ['in one piece, its lines ending in CR LF', { steps: [good.replaceAll('\n', '\r\n')] }],
  ['its lines ending in CR', { steps: [good.replaceAll('\n', '\r')] }],
  [
    'with lone colons between and inside of frames',
    {
      steps: [
        ':\n\n',
        three[0]!,
        ':\n\n:\n',
        `data: {"choices":[{"index":0,\n:\ndata: "delta":{"content":"b "}}]}\n\n`,
        ':\n\n',
        three[2]!,
        ...END,
      ],
    },
  ],
  ['behind a byte order mark', { steps: ['\ufeff', ...three, ...END] }],
  [
    'with frames of a filter',
    {
      steps: [
        data({ id: '', choices: [], prompt_filter_results: [] }),
        ...three,
        data({ choices: [{ index: 0, finish_reason: null }] }),
        ...END,
      ],
    },
  ],
  [
    'with heartbeats of plain text',
    {
      steps: [
        'event: heartbeat\ndata: ok\n\n',
        three[0]!,
        'event: heartbeat\ndata: ok\n\n',
        three[1]!,
        three[2]!,
        ...END,
      ],
    },
  ],
  ['with pings', { steps: ['event: ping\ndata: {"type":"ping"}\n\n', ...three, ...END] }],
  [
    'that calls itself JSON and begins with a comment',
    { head: JSON_HEAD, steps: [': processing\n\n', ...three, ...END] },
  ],
  ['that calls itself JSON and begins with an id', { head: JSON_HEAD, steps: ['id: 1\n', ...three, ...END] }],
  ['that calls itself JSON', { head: JSON_HEAD, steps: [...three, ...END] }],
  [
    'that calls itself text and begins with an event',
    {
      head: ['Content-Type: text/plain; charset=utf-8'],
      steps: ['event:message\n', ...three.map((frame) => frame.replace('data: ', 'data:')), ...END],
    },
  ],
  ['behind 100 Continue', { status: '100 Continue\r\n\r\nHTTP/1.1 200 OK', steps: [...three, ...END] }],
  [
    'of HTTP/1.0, ended by the connection, without a terminator',
    { version: '1.0', framing: 'close', steps: [...three, finish(), usage(4, 3)] },
  ],
  ['without its last chunk', { steps: [...three, ...END, CLOSE] }],
  ['whose message never ends', { steps: [...three, ...END, HANG] }],
  ['reset a while after its end', { steps: [...three, ...END, 30, RESET] }],
  ['followed by text', { steps: [...three, ...END, word('stray'), END_HERE] }],
  ['a byte at a time', { steps: [...good].map(String) }],
];

test.each(streams)('a stream %s is read', async (_name, answer) => {
  const { samples, run, values } = await play(answer, { count: 2 });
  for (const sample of samples) {
    expect(sample.error).toBeUndefined();
    expect(textOf(sample)).toBe('a b c ');
    expect(sample.usage).toEqual([4, 3]);
  }
  expect(run.count('tracked_samples_succeeded')).toBe(2);
  expect(values('chunk_delta_ns')).toHaveLength(4);
});

test.each([
  ['null', null],
  ['an empty object', {}],
  ['an empty list', []],
  ['an empty text', ''],
  ['false', false],
  ['zero', 0],
])('%s as an error is none', async (_name, error) => {
  const { samples } = await play({ steps: [within({ error }), within({ error }), ...END] });
  expect(samples[0]!.error).toBeUndefined();
  expect(textOf(samples[0]!)).toBe('a a ');
});

test('a model that ends at once has succeeded, without a time to first token, and is counted as empty', async () => {
  const steps = [delta({ role: 'assistant', content: '' }), finish(), usage(4, 1), DONE];
  const { samples, run, values } = await play({ steps });
  expect(samples[0]!.error).toBeUndefined();
  expect(values('ttft_ns')).toEqual([]);
  expect(run.aggregator.extras().responses).toMatchObject({ succeeded: 1, empty: 1 });
});

test('thinking and text as parts are read as reasoning and content', async () => {
  const thinking = (text: string) =>
    delta({ content: [{ type: 'thinking', thinking: [{ type: 'text', text }] }] });
  const steps = [
    thinking('hm '),
    thinking('well '),
    delta({ content: [{ type: 'text', text: 'red' }] }),
    word(' it is'),
    ...END,
  ];
  const { samples } = await play({ steps });
  expect([textOf(samples[0]!), reasoningOf(samples[0]!)]).toEqual(['red it is', 'hm well ']);
});

test.each([
  [
    'without an id',
    JSON.stringify({ choices: [{ message: { content: 'red' }, finish_reason: 'stop' }] }),
    {},
  ],
  ['with reasoning under two names', body({ content: 'red', reasoning: 'hm', reasoning_content: 'hm' }), {}],
  ['behind a byte order mark', `\ufeff${body({ content: 'red' })}`, {}],
  ['compressed', body({ content: 'red' }), { isGzip: true }],
  ['that calls itself a stream', body({ content: 'red' }), { head: ['Content-Type: text/event-stream'] }],
  [
    'of HTTP/1.0 on a connection kept alive',
    body({ content: 'red' }),
    { version: '1.0', head: [...JSON_HEAD, 'Connection: keep-alive'] },
  ],
] as const)('a whole response %s is read', async (_name, text, more) => {
  const answer: Answer = { framing: 'length', head: JSON_HEAD, ...more, steps: [text] };
  const { samples, server } = await play(answer, { streaming: false, count: 2 });
  expect(samples.map((sample) => [sample.error, textOf(sample)])).toEqual(Array(2).fill([undefined, 'red']));
  expect(server.accepted).toBe(1);
});

test('a whole response to a streamed request is read, and counted as not streamed', async () => {
  const { samples, run } = await play({
    framing: 'length',
    head: JSON_HEAD,
    steps: [body({ content: 'red' })],
  });
  expect(textOf(samples[0]!)).toBe('red');
  expect(run.aggregator.extras().responses).toMatchObject({ succeeded: 1, unstreamed: 1 });
});

test.each([
  ['deflate', deflateSync],
  ['the bare deflate', deflateRawSync],
])('a stream compressed by %s is read byte by byte', async (_name, compress) => {
  const head = ['Content-Type: text/event-stream', 'Content-Encoding: deflate'];
  const { samples } = await play({ head, steps: [...compress(good)].map((byte) => Buffer.of(byte)) });
  expect(samples[0]!.error).toBeUndefined();
  expect(textOf(samples[0]!)).toBe('a b c ');
});

test('a character cut in half between the first two chunks is whole', async () => {
  const halves = ['\\ud83d', '\\ude00 '].map((half) => word('HALF').replace('HALF', half));
  const { samples } = await play({ steps: [...halves, ...three, ...END] });
  expect(samples[0]!.output?.output).toEqual(['😀', ' a b c ']);
});

test('tool calls of several choices are put together choice by choice', async () => {
  const call = (fields: object, choice: number) => delta({ tool_calls: [{ index: 0, ...fields }] }, choice);
  const frames = [0, 1].map((choice) =>
    call({ id: `call-${choice}`, function: { name: `f${choice}`, arguments: '{' } }, choice),
  );
  const ends = [0, 1].map((choice) => call({ function: { arguments: `"c":${choice}}` } }, choice));
  const steps = [...frames, ...ends, finish('tool_calls', 0), finish('tool_calls', 1), DONE];
  const { samples } = await play({ steps }, { rows: [{ prompt: 'p', n: 2 }] });
  expect(samples[0]!.output?.toolCalls).toEqual(
    [0, 1].map((choice) => ({
      type: 'function',
      function: { name: `f${choice}`, arguments: `{"c":${choice}}` },
      id: `call-${choice}`,
    })),
  );
});

test('a stream that is compressed is read chunk by chunk', async () => {
  const { createGzip, constants } = await import('node:zlib');
  const gzip = createGzip({ flush: constants.Z_SYNC_FLUSH });
  const pieces: Buffer[] = [];
  gzip.on('data', (piece: Buffer) => pieces.push(piece));
  for (const frame of [...three, ...END])
    await new Promise<void>((flushed) => gzip.write(frame, () => gzip.flush(flushed)));
  await new Promise((over) => gzip.end(over));
  const steps = pieces.flatMap((piece) => [piece, 5]);
  const { samples } = await play({
    head: ['Content-Type: text/event-stream', 'Content-Encoding: gzip'],
    steps,
  });
  expect(samples[0]!.error).toBeUndefined();
  expect(textOf(samples[0]!)).toBe('a b c ');
  expect(new Set(samples[0]!.chunksNs).size).toBeGreaterThan(1);
});
