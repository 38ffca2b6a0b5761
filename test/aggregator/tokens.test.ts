import { describe, expect, test } from 'vitest';
import type { PromptData, TextModelOutput } from '../../src/core/model-output.ts';
import {
  complete,
  issued,
  issuedDue,
  prompt,
  recvFirst,
  recvNonFirst,
  ScriptedRun,
  startTracking,
  wordCounter,
} from './scripted-run.ts';

const TOOL_CALL_CHUNKS = [
  [{ index: 0, id: 'c1', type: 'function', function: { name: 'f', arguments: '{"q": ' } }],
  [{ index: 0, function: { arguments: '"a b c"}' } }],
];

describe('input length', () => {
  async function islOf(asked: Partial<PromptData>, tokenCounter: typeof wordCounter | null = wordCounter) {
    const run = new ScriptedRun({ tokenCounter }).send(startTracking(0), issued(1, 10, asked));
    return run.valuesAfterDrain('isl');
  }

  test('token ids are counted at once, also none, and win over the text', async () => {
    expect(await islOf({ tokenIds: [1, 2, 3, 4, 5] }, null)).toEqual([5]);
    expect(await islOf({ tokenIds: [], text: 'some text' })).toEqual([0]);
  });

  test('else the text, else the messages', async () => {
    const messages = [{ role: 'user', content: 'hi there you' }];
    expect(await islOf({ text: 'one two three four', messages })).toEqual([4]);
    expect(await islOf({ text: '', messages })).toEqual([3]);
  });

  test('a structured prompt counts its reasoning and tools the way the counter does', async () => {
    const seen: PromptData[] = [];
    const countPrompts = (prompts: readonly PromptData[]) => {
      seen.push(...prompts);
      return Promise.resolve(prompts.map(() => 42));
    };
    const messages = [{ role: 'assistant', content: 'a', reasoning_content: 'why' }];
    const tools = [{ type: 'function', function: { name: 'f' } }];
    expect(await islOf({ messages, tools }, { ...wordCounter, countPrompts })).toEqual([42]);
    expect(seen).toEqual([prompt({ messages, tools })]);
  });

  test('nothing is recorded for an empty prompt, another payload, or without a tokenizer', async () => {
    expect(await islOf({})).toEqual([]);
    expect(await islOf({ text: '' })).toEqual([]);
    expect(await islOf({ messages: [] })).toEqual([]);
    expect(await islOf({ text: 'words' }, null)).toEqual([]);
    const other = { ...complete(1, 10, { answer: { output: 'words' } }), kind: issued(1, 10).kind };
    const run = new ScriptedRun().send(startTracking(0), other);
    expect(await run.valuesAfterDrain('isl')).toEqual([]);
  });

  test('of an untracked sample is nobody’s business', async () => {
    const run = new ScriptedRun().send(issued(1, 10, { text: 'a b', tokenIds: [1] }));
    expect(await run.valuesAfterDrain('isl')).toEqual([]);
    expect(run.aggregator.pendingTaskCount).toBe(0);
  });

  test('of a dataset row is counted once and recorded for each sample', async () => {
    const batches: (readonly string[])[] = [];
    const run = new ScriptedRun({
      tokenCounter: {
        ...wordCounter,
        countTexts: (texts) => {
          batches.push(texts);
          return wordCounter.countTexts(texts);
        },
      },
    });
    run.aggregator.setPrompts(10, [
      prompt({ text: 'three little words' }),
      prompt({ tokenIds: [1, 2] }),
      prompt({}),
    ]);
    run.send(startTracking(0), issuedDue(1, 1, 1, 10), issuedDue(2, 2, 2, 11), issuedDue(3, 3, 3, 10));
    run.send(issuedDue(4, 4, 4, 12), issuedDue(5, 5, 5, 13));
    expect(run.values('isl')).toEqual([2]);
    expect(run.aggregator.pendingTaskCount).toBe(2);
    await run.queue?.flushLive();
    run.send(issuedDue(6, 6, 6, 10));
    expect(run.values('isl')).toEqual([2, 3, 3, 3]);
    expect(run.aggregator.pendingTaskCount).toBe(0);
    expect(batches).toEqual([['three little words']]);
  });

  test('takes the server’s word at the completion only where nothing else has counted', async () => {
    const usage = [7, 9] as const;
    const without = new ScriptedRun({ tokenCounter: null });
    without.aggregator.setPrompts(0, [prompt({ text: 'a b' })]);
    without.send(startTracking(0), issuedDue(1, 1, 1, 0), complete(1, 5, { usage }));
    expect(without.values('isl')).toEqual([7]);
    expect(without.aggregator.extras().token_sources).toMatchObject({
      isl: { token_ids: 0, tokenizer: 0, server: 1 },
    });

    const withTokenizer = new ScriptedRun();
    withTokenizer.aggregator.setPrompts(0, [prompt({ text: 'a b' })]);
    withTokenizer.send(startTracking(0), issuedDue(1, 1, 1, 0), complete(1, 5, { usage }));
    withTokenizer.send(issuedDue(2, 6, 6, 0), complete(2, 9, { usage }));
    withTokenizer.send(issuedDue(3, 10, 10, 99), complete(3, 11, { usage }));
    expect(await withTokenizer.valuesAfterDrain('isl')).toEqual([7, 2, 2]);

    const withIds = new ScriptedRun({ tokenCounter: null }).send(
      startTracking(0),
      issued(1, 1, { tokenIds: [1, 2, 3] }),
      complete(1, 5, { usage }),
    );
    expect(withIds.values('isl')).toEqual([3]);
  });
});

describe('output length', () => {
  async function oslOf(answer: Partial<TextModelOutput>) {
    const run = new ScriptedRun().send(startTracking(0), issued(1, 10), complete(1, 20, { answer }));
    return run.valuesAfterDrain('osl');
  }

  test('counts the whole text, however it came', async () => {
    expect(await oslOf({ output: 'one two three four' })).toEqual([4]);
    expect(await oslOf({ output: ['one tw', 'o three', ' four'] })).toEqual([4]);
  });

  test('an empty answer and another payload have none', async () => {
    expect(await oslOf({ output: '' })).toEqual([]);
    expect(await oslOf({ output: [] })).toEqual([]);
    const run = new ScriptedRun().send(startTracking(0), issued(1, 10), complete(1, 20));
    expect(await run.valuesAfterDrain('osl')).toEqual([]);
  });

  test('goes by parts with reasoning or tool calls, by text otherwise', async () => {
    const asked: unknown[] = [];
    const run = new ScriptedRun({
      tokenCounter: {
        countTexts: (texts) => {
          asked.push(...texts);
          return Promise.resolve(texts.map(() => 1));
        },
        countAnswers: (answers) => {
          asked.push(...answers);
          return Promise.resolve(answers.map(() => 2));
        },
        close: () => Promise.resolve(),
      },
    }).send(
      startTracking(0),
      issued(1, 1),
      complete(1, 2, { answer: { output: 'a', reasoning: 'b' } }),
      issued(2, 3),
      complete(2, 4, { answer: { output: 'c', toolCalls: [{ id: 't' }] } }),
      issued(3, 5),
      complete(3, 6, { answer: { output: 'd', reasoning: '', toolCalls: [] } }),
    );
    expect(await run.valuesAfterDrain('osl')).toEqual([2, 2, 1]);
    expect(asked).toEqual(
      expect.arrayContaining([
        { content: 'a', reasoning: 'b', toolCalls: null },
        { content: 'c', reasoning: null, toolCalls: [{ id: 't' }] },
        'd',
      ]),
    );
  });
});

describe('time per output token', () => {
  async function tpotOf(answer: Partial<TextModelOutput>) {
    const run = new ScriptedRun().send(
      startTracking(0),
      issued(1, 0),
      recvFirst(1, 1000),
      complete(1, 4000, { answer }),
    );
    return run.valuesAfterDrain('tpot_ns');
  }

  test('is the time after the first chunk over the tokens after it', async () => {
    expect(await tpotOf({ output: ['hello ', 'world foo'] })).toEqual([1500]);
  });

  test('one chunk, plain text and no first chunk have none', async () => {
    expect(await tpotOf({ output: ['all in one chunk'] })).toEqual([]);
    expect(await tpotOf({ output: 'plain text' })).toEqual([]);
    const answer = { output: ['a ', 'b c'] };
    const run = new ScriptedRun().send(startTracking(0), issued(1, 0), complete(1, 9, { answer }));
    expect(await run.valuesAfterDrain('tpot_ns')).toEqual([]);
  });

  test('of tool calls leaves out the first delta only when nothing came before it', async () => {
    expect(await tpotOf({ output: [], toolCalls: TOOL_CALL_CHUNKS })).toEqual([1000]);
    expect(await tpotOf({ output: ['Hello'], toolCalls: TOOL_CALL_CHUNKS })).toEqual([750]);
  });

  test('of reasoning leaves out its first chunk and keeps all output', async () => {
    expect(await tpotOf({ reasoning: ['think one', 'two'], output: 'the answer' })).toEqual([1000]);
  });
});

describe('by the server’s usage', () => {
  const usageRun = (usage: readonly [number, number], tokenCounter: typeof wordCounter | null) =>
    new ScriptedRun({ tokenCounter }).send(
      startTracking(0),
      issued(1, 0),
      recvFirst(1, 1000),
      recvNonFirst(1, 2000),
      complete(1, 4000, { usage, answer: { output: ['a ', 'b c'] } }),
    );

  test('output length and time per token need no tokenizer', () => {
    for (const tokenCounter of [null, wordCounter]) {
      const run = usageRun([NaN, 7], tokenCounter);
      expect(run.values('osl')).toEqual([7]);
      // From the first chunk to the last: what follows it is no part of it.
      expect(run.values('tpot_ns')).toEqual([1000 / 6]);
      // The tokenizer counts some responses again, to compare.
      expect(run.aggregator.pendingTaskCount).toBe(tokenCounter === null ? 0 : 1);
      expect(run.values('isl')).toEqual([]);
      expect(run.aggregator.extras().token_sources).toEqual({
        isl: { token_ids: 0, tokenizer: 0, server: 0 },
        osl: { token_ids: 0, tokenizer: 0, server: 1 },
        tpot: { token_ids: 0, tokenizer: 0, server: 1 },
      });
    }
  });

  test('one token has no time per token, no token has no length', () => {
    expect(usageRun([NaN, 1], null).values('tpot_ns')).toEqual([]);
    expect(usageRun([NaN, 1], null).values('osl')).toEqual([1]);
    expect(usageRun([NaN, 0], null).values('osl')).toEqual([]);
  });

  test('reasoning that was counted and not streamed is not divided by', () => {
    const tpot = (reasoningChannel: readonly number[], usage: readonly number[]) =>
      new ScriptedRun({ tokenCounter: null })
        .send(
          startTracking(0),
          issued(1, 0),
          recvFirst(1, 1000, ...reasoningChannel),
          recvNonFirst(1, 2000),
          complete(1, 2000, { usage }),
        )
        .values('tpot_ns');
    expect(tpot([0], [NaN, 1011, NaN, 1000])).toEqual([100]);
    expect(tpot([1], [NaN, 11, NaN, 5])).toEqual([100]);
    // A count that runs with the stream says how much had come with the first chunk.
    expect(tpot([0], [NaN, 1011, NaN, 1000, NaN, 1001])).toEqual([100]);
  });

  test('choices that are streamed side by side are timed each on its own', () => {
    const run = new ScriptedRun({ tokenCounter: null }).send(
      startTracking(0),
      issued(1, 0),
      recvFirst(1, 1000),
      recvNonFirst(1, 1500, -1),
      recvNonFirst(1, 2000),
      recvNonFirst(1, 2600, -1),
      complete(1, 4000, { usage: [NaN, 4] }),
    );
    expect(run.values('chunk_delta_ns')).toEqual([1000, 1100]);
    expect(run.values('tpot_ns')).toEqual([1050]);
  });

  test('responses that the server counts are compared with the tokenizer', async () => {
    const run = usageRun([NaN, 7], wordCounter);
    await run.valuesAfterDrain('osl');
    expect(run.aggregator.extras().responses).toMatchObject({
      compared: 1,
      compared_server_tokens: 7,
      compared_tokenizer_tokens: 3,
    });
  });

  test('an answer in one chunk has no time per token, whatever its usage', () => {
    const run = new ScriptedRun().send(
      startTracking(0),
      issued(1, 0),
      recvFirst(1, 1000),
      complete(1, 4000, { usage: [3, 9] }),
    );
    expect(run.values('osl')).toEqual([9]);
    expect(run.values('tpot_ns')).toEqual([]);
  });

  test('an answer whose chunks came in one read has the same time per token by either count', async () => {
    const inOneRead = (usage: readonly [number, number]) =>
      new ScriptedRun({ tokenCounter: wordCounter }).send(
        startTracking(0),
        issued(1, 0),
        recvFirst(1, 1000),
        recvNonFirst(1, 1000),
        complete(1, 1000, { usage, answer: { output: ['a ', 'b c'] } }),
      );
    expect(inOneRead([3, 3]).values('tpot_ns')).toEqual([0]);
    expect(await inOneRead([3, NaN]).valuesAfterDrain('tpot_ns')).toEqual([0]);
  });

  test('a count that can not be one is not believed', async () => {
    const run = usageRun([-3, 1.5], wordCounter);
    expect(await run.valuesAfterDrain('osl')).toEqual([3]);
    expect(await run.valuesAfterDrain('isl')).toEqual([]);
  });

  test('what the server does not tell is counted by the tokenizer', async () => {
    const run = usageRun([4, NaN], wordCounter);
    expect(await run.valuesAfterDrain('osl')).toEqual([3]);
    expect(await run.valuesAfterDrain('tpot_ns')).toEqual([1500]);
    expect(await run.valuesAfterDrain('isl')).toEqual([4]);
  });
});

test('counts are pending until they are flushed', async () => {
  const run = new ScriptedRun().send(
    startTracking(0),
    issued(1, 0, { text: 'a b' }),
    recvFirst(1, 10),
    complete(1, 30, { answer: { output: ['x', 'y z'] } }),
  );
  expect(run.aggregator.pendingTaskCount).toBe(3);
  expect(run.values('isl')).toEqual([]);
  await run.queue?.flushLive();
  expect(run.aggregator.pendingTaskCount).toBe(0);
  expect(run.values('isl')).toEqual([2]);
  expect(run.aggregator.extras().token_sources).toMatchObject({
    isl: { tokenizer: 1 },
    osl: { tokenizer: 1 },
    tpot: { tokenizer: 1 },
  });
});

test('data that can not be read counts as none and is told', () => {
  const run = new ScriptedRun().send(startTracking(0), {
    ...issued(1, 10),
    payload: new Uint8Array([0xc1, 0x00]),
  });
  expect(run.count('tracked_samples_issued')).toBe(1);
  expect(run.logLines.join()).toContain("can't be read");
});
