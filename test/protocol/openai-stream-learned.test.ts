import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { adapterOf, type ApiName } from '../../src/protocol/adapters.ts';
import { stream } from './arbitrary-frames.ts';
import { NaiveAnswer } from './naive-answer.ts';
import { answerTo, chat, completion, CONTENT, content, give, TOOL } from './streamed-frames.ts';

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
