import { expect, test } from 'vitest';
import {
  data,
  delta,
  DONE,
  finish,
  play,
  reasoningOf,
  type Step,
  textOf,
  usage,
  word,
} from './scripted-answer.ts';

const GAP_MS = 5;

/** Frames a few ms apart. */
function paced(frames: readonly string[]): readonly Step[] {
  return frames.flatMap((frame, index): Step[] => (index === 0 ? [frame] : [GAP_MS, frame]));
}
const words = (count: number, from = 0) =>
  Array.from({ length: count }, (_, index) => word(`w${from + index} `));
const running = (text: string, tokens: number) =>
  data({
    choices: [{ index: 0, delta: { content: text } }],
    usage: { prompt_tokens: 7, completion_tokens: tokens },
  });

/** Plays one stream: from its first chunk to its last, and its TPOT times the tokens that should be in that time. */
async function timed(steps: readonly Step[], tokens: number, options = {}) {
  const played = await play({ steps }, options);
  const [sample] = played.samples;
  expect(sample!.error).toBeUndefined();
  const { chunksNs } = sample!;
  const [tpotNs] = played.values('tpot_ns');
  return {
    ...played,
    sample: sample!,
    streamedNs: chunksNs.at(-1)! - chunksNs[0]!,
    toldNs: tpotNs! * tokens,
  };
}

test.each<[string, readonly Step[], number]>([
  ['usage that comes late', [...paced(words(5)), finish(), 60, usage(4, 5), DONE], 4],
  ['a finish reason that comes late', [...paced(words(5)), 60, finish(), usage(4, 5), DONE], 4],
  [
    'reasoning that is hidden',
    [
      ...paced(words(5)),
      finish(),
      usage(4, 1005, { completion_tokens_details: { reasoning_tokens: 1000 } }),
      DONE,
    ],
    4,
  ],
  [
    'reasoning that is hidden and counted apart from the completion',
    [
      ...paced(words(5)),
      finish(),
      usage(4, 5, { total_tokens: 1009, completion_tokens_details: { reasoning_tokens: 1000 } }),
      DONE,
    ],
    4,
  ],
  [
    'the last token beside finish reason and usage',
    [
      ...paced(words(4)),
      GAP_MS,
      data({
        choices: [{ index: 0, delta: { content: 'end' }, finish_reason: 'length' }],
        usage: { prompt_tokens: 4, completion_tokens: 5 },
      }),
      DONE,
    ],
    4,
  ],
  ['usage in each chunk', [...paced([running('a', 1), running('b', 2), running('c', 3)]), finish(), DONE], 2],
  [
    'a first chunk of five tokens',
    [...paced([running('a', 5), running('b', 7), running('c', 9)]), finish(), usage(7, 9), DONE],
    4,
  ],
])('time per output token is not put off by %s', async (_name, steps, tokens) => {
  const { streamedNs, toldNs } = await timed(steps, tokens);
  expect(toldNs).toBeCloseTo(streamedNs, 0);
});

test('reasoning that is streamed counts', async () => {
  const thoughts = words(4).map((frame) => frame.replace('"content"', '"reasoning_content"'));
  const steps = [
    ...paced([...thoughts, ...words(4)]),
    finish(),
    usage(4, 8, { completion_tokens_details: { reasoning_tokens: 4 } }),
    DONE,
  ];
  const { sample, streamedNs, toldNs, values } = await timed(steps, 7);
  expect(toldNs).toBeCloseTo(streamedNs, 0);
  expect([textOf(sample), reasoningOf(sample)]).toEqual(['w0 w1 w2 w3 ', 'w0 w1 w2 w3 ']);
  expect([values('osl'), values('reasoning_tokens')]).toEqual([[8], [4]]);
});

test('reasoning in details alone has the first token', async () => {
  const thought = (text: string) =>
    delta({ content: '', reasoning_details: [{ type: 'reasoning.text', text }] });
  const steps = [
    delta({ role: 'assistant', content: '' }),
    ...paced([thought('r0 '), thought('r1 '), ...words(2)]),
    finish(),
    usage(4, 4),
    DONE,
  ];
  const { values, streamedNs, toldNs } = await timed(steps, 3);
  expect(toldNs).toBeCloseTo(streamedNs, 0);
  expect(values('ttft_reasoning_ns')).toEqual(values('ttft_ns'));
});

const call = (fields: object, index = 0) => delta({ content: null, tool_calls: [{ index, ...fields }] });

test.each<[string, readonly string[], string]>([
  [
    'a tool call',
    [
      call({ id: '1', function: { name: 'f', arguments: '' } }),
      call({ function: { arguments: '{' } }),
      call({ function: { arguments: '}' } }),
    ],
    'tool',
  ],
  [
    'two tool calls',
    [
      call({ id: '1', function: { name: 'f', arguments: '{}' } }),
      call({ id: '2', function: { name: 'g', arguments: '{' } }, 1),
      call({ function: { arguments: '}' } }, 1),
    ],
    'tool',
  ],
  [
    'a function call of the older API',
    [
      delta({ function_call: { name: 'f', arguments: '' } }),
      delta({ function_call: { arguments: '{' } }),
      delta({ function_call: { arguments: '}' } }),
    ],
    'tool',
  ],
  [
    'a custom tool call',
    [
      call({ id: '1', type: 'custom', custom: { name: 'f', input: '' } }),
      call({ custom: { input: 'a' } }),
      call({ custom: { input: 'b' } }),
    ],
    'tool',
  ],
  ['a refusal', ["I'm ", 'sorry', '.'].map((refusal) => delta({ refusal })), 'refusal'],
])('%s has a time to first token, gaps and a time per output token', async (_name, frames, channel) => {
  const steps = [
    delta({ role: 'assistant', content: null, refusal: null }),
    ...paced(frames),
    finish(),
    usage(4, 3),
    DONE,
  ];
  const { values, streamedNs, toldNs } = await timed(steps, 2);
  expect(toldNs).toBeCloseTo(streamedNs, 0);
  expect(values('chunk_delta_ns')).toHaveLength(2);
  expect(values(channel === 'tool' ? 'ttft_tool_ns' : 'ttft_refusal_ns')).toEqual(values('ttft_ns'));
});

test('two choices are timed each on its own and not mixed', async () => {
  const frames = [0, 1, 2].flatMap((nth) => [word(`a${nth} `), word(`b${nth} `, 1)]);
  const steps = [...paced(frames), finish('stop', 0), finish('stop', 1), usage(4, 6), DONE];
  const { sample, values } = await timed(steps, 4, { rows: [{ prompt: 'p', n: 2 }] });
  const { chunksNs } = sample;
  const [first, second] = [0, 1].map((choice) => chunksNs.filter((_ns, index) => index % 2 === choice));
  const gaps = [first!, second!].flatMap((ns) => [ns[1]! - ns[0]!, ns[2]! - ns[1]!]);
  expect(values('chunk_delta_ns').toSorted()).toEqual(gaps.toSorted());
  expect(values('tpot_ns')[0]! * 4).toBeCloseTo(
    gaps.reduce((sum, gap) => sum + gap, 0),
    0,
  );
  expect(textOf(sample)).toBe('a0 a1 a2 b0 b1 b2 ');
});

test('one choice that the server numbers upwards is one', async () => {
  const frames = [0, 1, 2, 3].map((index) => word(`w${index} `, index));
  const { sample, streamedNs, toldNs } = await timed(
    [...paced(frames), finish('stop', 4), usage(4, 4), DONE],
    3,
  );
  expect(textOf(sample)).toBe('w0 w1 w2 w3 ');
  expect(toldNs).toBeCloseTo(streamedNs, 0);
});

test('chunks of several tokens are counted as such', async () => {
  const { run } = await timed([...paced(words(5)), finish(), usage(4, 40), DONE], 39);
  expect(run.aggregator.extras().responses).toMatchObject({ counted_chunks: 5, chunk_tokens: 40 });
});

const tenWords = words(10);
test.each<[string, readonly string[], number, number]>([
  [
    'beside the finish reason',
    [
      data({
        choices: [{ index: 0, delta: { role: 'assistant', content: null }, finish_reason: 'stop' }],
        usage: { prompt_tokens: 7, completion_tokens: 10 },
      }),
    ],
    7,
    10,
  ],
  [
    'as input and output tokens',
    [finish(), data({ choices: [], usage: { input_tokens: 7, output_tokens: 10 } })],
    7,
    10,
  ],
  [
    'inside the choice',
    [
      data({
        choices: [
          { index: 0, delta: {}, finish_reason: 'stop', usage: { prompt_tokens: 7, completion_tokens: 10 } },
        ],
      }),
    ],
    7,
    10,
  ],
  ['before one of zeros', [finish(), usage(7, 10), usage(0, 0)], 7, 10],
])('usage is read %s', async (_name, end, prompt, completion) => {
  const { samples } = await play({ steps: [...tenWords, ...end, DONE] });
  expect(samples[0]!.usage).toEqual([prompt, completion]);
});

test('usage of zeros until the last frame, and nothing but zeros', async () => {
  const zero = data({
    choices: [{ index: 0, delta: { content: 'a' } }],
    usage: { prompt_tokens: 0, completion_tokens: 0 },
  });
  const last = await play({ steps: [zero, zero, finish(), usage(7, 2), DONE] });
  expect(last.samples[0]!.usage).toEqual([7, 2]);
  const never = await play({ steps: [zero, finish(), usage(0, 0), DONE] });
  expect(never.samples[0]!.usage).toEqual([NaN, NaN]);
  expect([never.values('osl'), never.values('isl')]).toEqual([[], []]);
});

test('reasoning counted apart is part of the completion in whole bodies too', async () => {
  const answer = ({ nth }: { readonly nth: number }) => {
    const reasoning = [0, 0, 300, 400, 0, 500][nth]!;
    const counts = { prompt_tokens: 4, completion_tokens: 5, total_tokens: 9 + reasoning };
    const body = {
      choices: [{ index: 0, message: { content: `w${nth}` }, finish_reason: 'stop' }],
      usage: { ...counts, completion_tokens_details: { reasoning_tokens: reasoning } },
    };
    return { framing: 'length' as const, steps: [JSON.stringify(body)] };
  };
  const { values } = await play(answer, { streaming: false, count: 6 });
  expect(values('osl')).toEqual([5, 5, 305, 405, 5, 505]);
});
