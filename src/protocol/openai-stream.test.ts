import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type FinalOutput,
  MAX_ANSWER_BYTES,
  ResponseFormatError,
  type StreamAccumulator,
} from './adapter.ts';
import { adapterOf, type ApiName } from './adapters.ts';
import { channelBit, choiceOfChunk, NO_CHUNK } from './chunk-code.ts';
import { UNKNOWN_TOKENS } from './openai-reply.ts';

type Json = Record<string, unknown>;
const CONTENT = channelBit('content');
const REASONING = channelBit('reasoning');
const TOOL = channelBit('tool');
const REFUSAL = channelBit('refusal');

/** What a message gave: its chunk code, or the type of the error. */
type Step = number | string;

function give(accumulator: StreamAccumulator, message: string | Uint8Array): Step {
  // Placed within a larger buffer, as messages are.
  const bytes = Buffer.concat([Buffer.from('data: '), Buffer.from(message), Buffer.from('\n\n')]);
  try {
    return accumulator.onMessage(bytes, 6, bytes.length - 2, false);
  } catch (error) {
    if (!(error instanceof ResponseFormatError)) throw error;
    return error.errorType;
  }
}

function answerTo(api: ApiName, messages: readonly (string | Uint8Array)[]) {
  const accumulator = adapterOf(api).createReader().createAccumulator();
  accumulator.reset(1);
  const steps = messages.map((message) => give(accumulator, message));
  return { steps, failure: accumulator.incompleteness()?.errorType, ...accumulator.answer() };
}

const chat = (delta: unknown, more: Json = {}) =>
  JSON.stringify({ id: 'x', choices: [{ index: 0, delta, ...more }] });
const content = (text: string) => chat({ content: text });
const completion = (text: unknown) =>
  JSON.stringify({ id: 'x', choices: [{ index: 0, text, finish_reason: null }] });

/**
 * The same by the plainest means: each frame is decoded and parsed on its own, texts are concatenated. Only for frames of the shapes the
 * properties make.
 */
class NaiveAnswer {
  readonly #contents: string[] = [];
  readonly #reasonings: string[] = [];
  readonly #api: ApiName;
  #finishReason: string | null = null;

  constructor(api: ApiName) {
    this.#api = api;
  }

  give(message: Uint8Array): Step {
    let frame: Json;
    try {
      frame = JSON.parse(new TextDecoder('utf-8', { ignoreBOM: true }).decode(message)) as Json;
    } catch {
      return 'malformed_response';
    }
    if (typeof frame !== 'object' || frame === null || Array.isArray(frame)) return 'malformed_response';
    if (frame.error || frame.object === 'error') return 'server_error';
    const choices = frame.choices ?? [];
    if (!Array.isArray(choices)) return 'malformed_response';
    const read = choices.map((choice) => this.#read(choice));
    const failure = read.find((part) => typeof part === 'string');
    if (failure !== undefined) return failure;
    const parts = read.filter((part) => typeof part !== 'string');
    for (const { finishReason, content, thought } of parts) {
      if (finishReason !== '') this.#finishReason = finishReason;
      if (content !== '') this.#contents.push(content);
      if (thought !== '') this.#reasonings.push(thought);
    }
    const codes = parts.map(({ content, thought }) => (content ? CONTENT : 0) | (thought ? REASONING : 0));
    return codes.find((code) => code !== NO_CHUNK) ?? NO_CHUNK;
  }

  /** What a choice adds, or why it can't be read. */
  #read(choice: unknown): { finishReason: string; content: string; thought: string } | string {
    const wrong = 'malformed_response';
    if (!isObject(choice)) return wrong;
    const { delta: given, message, text, finish_reason: finishReason } = choice as Json;
    const delta = (this.#api === 'chat' ? (given ?? message ?? {}) : { content: text }) as Json;
    if (!isObject(delta)) return wrong;
    const { content, reasoning_content, reasoning, tool_calls } = delta;
    // The first reasoning that is not empty counts, and what follows it is not looked at.
    const texts = [content, reasoning_content, ...(reasoning_content ? [] : [reasoning]), finishReason];
    if (texts.some((one) => one !== undefined && one !== null && typeof one !== 'string')) return wrong;
    if (tool_calls !== undefined && tool_calls !== null && !Array.isArray(tool_calls)) return wrong;
    return {
      finishReason: (finishReason ?? '') as string,
      content: (content ?? '') as string,
      thought: ((this.#api === 'chat' && (reasoning_content || reasoning)) || '') as string,
    };
  }

  answer(): FinalOutput {
    const hasReasoning = this.#reasonings.length > 0;
    const output = hasReasoning ? this.#contents.join('') : firstAndRest(this.#contents);
    const reasoning = hasReasoning ? firstAndRest(this.#reasonings) : null;
    return {
      output: { output, reasoning, toolCalls: null },
      finishReason: this.#finishReason,
      tokens: UNKNOWN_TOKENS,
      firstChunkTokens: NaN,
      isEmpty: this.#contents.length === 0 && !hasReasoning,
    };
  }
}

function firstAndRest([first, ...rest]: readonly string[]): string[] {
  if (first === undefined) return [];
  const whole = [first, ...rest].join('');
  const at = first.length - 1;
  // Half a character takes the other half with it.
  const end = first.length + (whole.codePointAt(at)! > 0xffff ? 1 : 0);
  return [whole.slice(0, end), whole.slice(end)].filter((part) => part !== '');
}

function isObject(value: unknown): boolean {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Texts that try the ways of JSON: quotes, escapes, halves of pairs, control characters, long texts. */
const text = fc.oneof(
  fc.string({ unit: 'grapheme', minLength: 1, maxLength: 12 }),
  fc
    .array(
      fc.constantFrom(
        '"',
        '\\',
        '\n',
        '\u0000',
        '\ud83d',
        '\ude00',
        '\ufeff',
        '😀',
        'é',
        'probe',
        '/',
        'content',
      ),
      {
        minLength: 1,
        maxLength: 4,
      },
    )
    .map((parts) => parts.join('')),
);

/** Ways to write the same text as a string literal. */
const literal = fc.tuple(text, fc.constantFrom('plain', 'all escaped', 'slashes')).map(([value, way]) => {
  const plain = JSON.stringify(value);
  if (way === 'slashes') return plain.replaceAll('/', '\\/');
  if (way === 'plain') return plain;
  const escape = (unit: string) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`;
  return `"${[...Array(value.length).keys()].map((index) => escape(value[index]!)).join('')}"`;
});

/** The bytes of a frame around a text: any order of keys, white space, namesakes and duplicates of the key. */
const frameShape = fc
  .record({
    blank: fc.constantFrom('', ' ', '\n ', '\t'),
    key: fc.constantFrom('content', 'reasoning_content', 'reasoning', 'text', '\\u0063ontent'),
    isTextLast: fc.boolean(),
    beside: fc.array(
      fc.constantFrom(
        '"role":"assistant"',
        '"content":null',
        '"content":""',
        '"content":"twin"',
        '"reasoning":"thought"',
        '"tool_calls":[]',
        '"text":"twin"',
        '"x":{"content":"inner","text":"inner"}',
        '"\\"content":"namesake"',
      ),
      { maxLength: 3 },
    ),
    outside: fc.constantFrom(
      '"id":"x"',
      '"id":"\\"content\\":\\"fake\\"","model":"probe"',
      '"usage":null,"object":"chat.completion.chunk"',
      '"content":"outer","text":"outer"',
      '"delta":{"content":"elsewhere"},"error":null',
    ),
    isOutsideFirst: fc.boolean(),
    finish: fc.constantFrom('', '', '"finish_reason":null', '"finish_reason":"stop"', '"finish_reason":""'),
    second: fc.constantFrom('', '', '{"delta":{"content":"second"},"text":"second"}'),
  })
  .map((shape) => (literalText: string) => {
    const { blank, key } = shape;
    const join = (items: readonly string[]) => items.filter((item) => item !== '').join(`${blank},${blank}`);
    const own = `"${key}"${blank}:${blank}${literalText}`;
    const inner = join(shape.isTextLast ? [...shape.beside, own] : [own, ...shape.beside]);
    const choice = `{${join([inner, `"delta"${blank}:{${blank}${inner}}`, shape.finish])}}`;
    const choices = `"choices"${blank}:[${join([choice, shape.second])}]`;
    return `${blank}{${join(shape.isOutsideFirst ? [shape.outside, choices] : [choices, shape.outside])}}${blank}`;
  });

/** A stream of frames, most of which differ in their text alone. */
const stream = fc
  .array(fc.tuple(frameShape, fc.array(literal, { minLength: 1, maxLength: 6 })), {
    minLength: 1,
    maxLength: 3,
  })
  .map((runs) => runs.flatMap(([frame, literals]) => literals.map((value) => Buffer.from(frame(value)))));

/** Both collect the frames twice, with a reset between: what was learned must not leak from sample to sample. */
function expectNaiveResult(api: ApiName, frames: readonly Uint8Array[]): void {
  const accumulator = adapterOf(api).createReader().createAccumulator();
  for (let sample = 0; sample < 2; sample++) {
    const naive = new NaiveAnswer(api);
    const wanted = { steps: frames.map((frame) => naive.give(frame)), ...naive.answer() };
    accumulator.reset(1);
    const steps = frames.map((frame) => give(accumulator, frame));
    expect({ steps, ...accumulator.answer() }).toEqual(wanted);
  }
}

describe.each(['chat', 'completions'] as const)(
  '%s: frames that are not parsed give what parsed ones give',
  (api) => {
    test('whatever their shape and text', () => {
      fc.assert(
        fc.property(stream, (frames) => expectNaiveResult(api, frames)),
        { numRuns: 2000 },
      );
    });

    test('of two streams that come in turns', () => {
      fc.assert(
        fc.property(stream, stream, (one, other) => {
          const reader = adapterOf(api).createReader();
          const sides = [one, other].map((frames) => {
            const found = reader.createAccumulator();
            found.reset(1);
            return { frames, naive: new NaiveAnswer(api), found };
          });
          for (let turn = 0; turn < Math.max(one.length, other.length); turn++) {
            for (const { frames, naive, found } of sides) {
              const frame = frames[turn];
              if (frame !== undefined) expect(give(found, frame)).toEqual(naive.give(frame));
            }
          }
          for (const { naive, found } of sides) expect(found.answer()).toMatchObject(naive.answer());
        }),
        { numRuns: 1000 },
      );
    });

    test('with any bytes changed, broken UTF-8 and JSON included', () => {
      const change = fc.tuple(
        fc.nat(),
        fc.oneof(
          fc.integer({ min: 0, max: 255 }),
          fc.constantFrom(0x22, 0x5c, 0xc3, 0xe6, 0x97, 0xa5, 0x75, 0x7d),
        ),
      );
      const changes = fc.array(fc.tuple(fc.nat(), change), { minLength: 1, maxLength: 4 });
      fc.assert(
        fc.property(stream, changes, (frames, made) => {
          const changed = frames.map((frame) => Buffer.from(frame));
          for (const [which, [place, byte]] of made) {
            const frame = changed[which % changed.length]!;
            frame[place % frame.length] = byte;
          }
          expectNaiveResult(api, changed);
        }),
        { numRuns: 3000 },
      );
    });

    test('whichever byte is another', () => {
      const text = String.raw`"a\n é"`;
      const choice = api === 'chat' ? `"delta":{"content":${text}}` : `"text":${text}`;
      const frame = Buffer.from(`{"id":"x","created":5,"choices":[{${choice}}],"usage":null}`);
      const learned = adapterOf(api).createReader().createAccumulator();
      const differing: string[] = [];
      for (let at = 0; at < frame.length; at++) {
        const damaged = Buffer.from(frame);
        for (let byte = 0; byte <= 0xff; byte++) {
          damaged[at] = byte;
          // What was learned matches in between, so that it stays.
          give(learned, frame);
          const outcomes = [learned, adapterOf(api).createReader().createAccumulator()].map((accumulator) => {
            accumulator.reset(1);
            const step = give(accumulator, damaged);
            return { step, failure: accumulator.incompleteness()?.errorType, ...accumulator.answer() };
          });
          if (!isDeepStrictEqual(outcomes[0], outcomes[1])) differing.push(`byte ${at} as ${byte}`);
        }
      }
      expect(differing).toEqual([]);
    });

    test('with a character cut by the frames', () => {
      const euro = Buffer.from('€');
      for (let cut = 1; cut < euro.length; cut++) {
        const frames = ['a', 'b', euro.subarray(0, cut), euro.subarray(cut), euro].map((bytes) => {
          const [before, after] = (api === 'chat' ? content('|') : completion('|')).split('|') as [
            string,
            string,
          ];
          return Buffer.concat([Buffer.from(before), Buffer.from(bytes), Buffer.from(after)]);
        });
        expectNaiveResult(api, frames);
      }
    });
  },
);

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

test('a tool call beside a text is kept when the same frame was just learned', () => {
  const frames = [
    content('a'),
    content('b'),
    chat({ content: 'c', tool_calls: [{ id: '1' }] }),
    chat({ content: 'd', tool_calls: [{ id: '2' }] }),
  ];
  const { steps, output } = answerTo('chat', frames);
  expect(steps).toEqual([CONTENT, CONTENT, CONTENT | TOOL, CONTENT | TOOL]);
  expect(output).toEqual({
    output: ['a', 'bcd'],
    reasoning: null,
    toolCalls: [[{ id: '1' }], [{ id: '2' }]],
  });
});

test('a text that looks like a probe of what is learned stays itself', () => {
  const frame = (id: string) =>
    String.raw`{"id":"${id}","choices":[{"delta":{"\u0063ontent":"\u0070robe 0"}}]}`;
  expect(answerTo('chat', [frame('x'), frame('y')]).output.output).toEqual(['probe 0', 'probe 0']);
});

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

test.each([
  ['no JSON', 'ping', 'malformed_response'],
  ['a list', '[1]', 'malformed_response'],
  ['null', 'null', 'malformed_response'],
  ['choices of another type', '{"choices": "nope"}', 'malformed_response'],
  ['a choice of another type', '{"choices": [1]}', 'malformed_response'],
  ['a delta of another type', '{"choices": [{"delta": []}]}', 'malformed_response'],
  ['content of another type', chat({ content: 5 }), 'malformed_response'],
  ['tool calls of another type', chat({ tool_calls: [1] }), 'malformed_response'],
  ['a finish reason of another type', chat({}, { finish_reason: 1 }), 'malformed_response'],
  ['an error', '{"error": {"message": "overloaded", "code": 503}}', 'server_error'],
  ['an error as a text', '{"error": "overloaded"}', 'server_error'],
  ['an error of an older server', '{"object": "error", "message": "overloaded"}', 'server_error'],
])('refuses %s and goes on', (_name, message, errorType) => {
  const { steps, output } = answerTo('chat', [content('a'), message, content('b')]);
  expect(steps).toEqual([CONTENT, errorType, CONTENT]);
  expect(output.output).toEqual(['a', 'b']);
});

test("an error's message is the server's", () => {
  const accumulator = adapterOf('chat').createReader().createAccumulator();
  const frame = Buffer.from('{"error": {"message": "overloaded", "code": 503}}');
  expect(() => accumulator.onMessage(frame, 0, frame.length, false)).toThrow(/^overloaded$/);
  const unnamed = Buffer.from('{"error": {"code": 503}}');
  expect(() => accumulator.onMessage(unnamed, 0, unnamed.length, false)).toThrow('{"code":503}');
});

test.each([
  ['texts that are learned', (text: string) => content(text)],
  ['texts that are not', (text: string) => chat({ content: text, tool_calls: [] }, { finish_reason: '' })],
  ['tool calls', (text: string) => chat({ tool_calls: [{ id: text }] })],
])('gives up on an answer of endless %s', (_what, frame) => {
  const accumulator = adapterOf('chat').createReader().createAccumulator();
  const message = Buffer.from(frame('x'.repeat(2 ** 22)));
  const give = () => accumulator.onMessage(message, 0, message.length, false);
  for (let sent = 2 ** 22; sent < MAX_ANSWER_BYTES; sent += 2 ** 22) give();
  expect(() => [give(), give()]).toThrow(`an answer longer than ${MAX_ANSWER_BYTES} bytes`);
  accumulator.reset(1);
  expect(give).not.toThrow();
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

test('a tool call after a text is a chunk, when the text began with a frame learned in the sample before', () => {
  const accumulator = adapterOf('chat').createReader().createAccumulator();
  give(accumulator, content('a'));
  accumulator.reset(1);
  const steps = [content('a'), chat({ tool_calls: [{ id: '1' }] })].map((message) =>
    give(accumulator, message),
  );
  expect(steps).toEqual([CONTENT, TOOL]);
});

test.each([
  ['a tool call', chat({ content: 'a', tool_calls: [{ id: '1' }] })],
  ['a finish reason', chat({ content: 'a' }, { finish_reason: 'stop' })],
  ['usage', JSON.stringify({ choices: [{ delta: { content: 'a' } }], usage: { prompt_tokens: 1 } })],
])('a frame that brings %s beside its text brings it each time', (_name, frame) => {
  const accumulator = adapterOf('chat').createReader().createAccumulator();
  const samples = [1, 2, 3].map(() => {
    accumulator.reset(1);
    expect((give(accumulator, frame) as number) & CONTENT).toBe(CONTENT);
    return accumulator.answer();
  });
  expect(samples[1]).toEqual(samples[0]);
  expect(samples[2]).toEqual(samples[0]);
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

test('any bytes throw nothing but ResponseFormatError', () => {
  const bytes = fc.oneof(
    fc.uint8Array({ maxLength: 50 }),
    fc.json().map((json) => Buffer.from(json)),
    fc
      .object({
        key: fc.constantFrom('choices', 'delta', 'content', 'usage', 'error', 'object', 'text', 'meta_info'),
      })
      .map((value) => Buffer.from(JSON.stringify({ choices: [value] }))),
  );
  fc.assert(
    fc.property(
      fc.array(bytes, { maxLength: 4 }),
      fc.constantFrom('chat', 'completions', 'sglang'),
      (messages, api) => {
        answerTo(api, messages);
        const reader = adapterOf(api).createReader();
        for (const body of messages) {
          try {
            reader.readBody(body, 0, body.length, 1);
          } catch (error) {
            expect(error).toBeInstanceOf(ResponseFormatError);
          }
        }
      },
    ),
    { numRuns: 1000 },
  );
});
