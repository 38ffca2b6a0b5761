import { setTimeout as sleep } from 'node:timers/promises';
import { describe, expect, test } from 'vitest';
import { createLog, SILENT_LOG } from '../core/log.ts';
import type { TokenCounter } from './token-counter.ts';
import { FLUSH_LIMIT_PER_KIND, TokenQueue } from './token-queue.ts';

const words = (text: string) => text.split(/\s+/).filter((word) => word !== '').length;

/** Counts words; `count` may do something else for a batch. */
function counterOf(
  count: (texts: readonly string[]) => readonly number[] | Promise<readonly number[]>,
): TokenCounter {
  return { countTexts: async (texts) => count(texts), close: () => Promise.resolve() };
}

const wordCounter = counterOf((texts) => texts.map(words));
const text = (value: string) => ({ kind: 'text', text: value }) as const;

function recordingLog() {
  const lines: string[] = [];
  return { lines, log: createLog((line) => lines.push(line), 'debug') };
}

test('records counts in the order in which they were asked for, whatever their kind', async () => {
  const queue = new TokenQueue(wordCounter, SILENT_LOG);
  const recorded: [string, number][] = [];
  const record = (name: string) => (count: number) => recorded.push([name, count]);
  const toolCalls = [{ type: 'function', function: { arguments: '{}', name: 'f' } }];
  queue.enqueue({ kind: 'answer', answer: { content: 'a b', reasoning: 'c', toolCalls } }, record('answer'));
  queue.enqueue(text('one two three'), record('text'));
  const nothing = { text: null, tokenIds: null, tools: null, toolChoice: null };
  const prompt = { ...nothing, chatTemplateKwargs: null, chatTemplate: null };
  const messages = [
    { role: 'system', content: 'be brief' },
    { role: 'user', content: [{ type: 'text', text: 'two words' }, { type: 'image_url' }, { text: 'x' }] },
  ];
  queue.enqueue({ kind: 'prompt', prompt: { ...prompt, messages } }, record('prompt'));
  expect(queue.pendingCount).toBe(3);
  await queue.flushLive();
  expect(recorded).toEqual([
    ['answer', 4],
    ['text', 3],
    ['prompt', 5],
  ]);
  expect(queue.pendingCount).toBe(0);
});

test('a counter with methods for parts gets the parts', async () => {
  const queue = new TokenQueue(
    {
      ...wordCounter,
      countAnswers: (answers) => Promise.resolve(answers.map(() => 7)),
      countPrompts: (prompts) => Promise.resolve(prompts.map(() => 9)),
    },
    SILENT_LOG,
  );
  const recorded: number[] = [];
  const answer = { content: 'a', reasoning: null, toolCalls: null };
  queue.enqueue({ kind: 'answer', answer }, (count) => recorded.push(count));
  await queue.drain();
  expect(recorded).toEqual([7]);
});

describe('a failure', () => {
  test('keeps the items in front and in order; they are tried again', async () => {
    let broken = true;
    const queue = new TokenQueue(
      counterOf((texts) => {
        if (broken) throw new Error('out of order');
        return texts.map(words);
      }),
      SILENT_LOG,
    );
    const recorded: string[] = [];
    queue.enqueue(text('a'), () => recorded.push('a'));
    queue.enqueue(text('b'), () => recorded.push('b'));
    await queue.flushLive();
    expect(queue.pendingCount).toBe(2);
    queue.enqueue(text('c'), () => recorded.push('c'));
    broken = false;
    await queue.flushLive();
    expect(recorded).toEqual(['a', 'b', 'c']);
  });

  test('of one text leaves the others counted', async () => {
    const queue = new TokenQueue(
      counterOf((texts) => texts.map((t) => (t === 'BAD' ? NaN : words(t)))),
      SILENT_LOG,
    );
    const recorded: number[] = [];
    for (const t of ['a', 'BAD', 'b c']) queue.enqueue(text(t), (count) => recorded.push(count));
    expect(await queue.drain()).toBe(1);
    expect(recorded).toEqual([1, 2]);
  });

  test('of one kind leaves the other kinds counted; a result of the wrong length is one', async () => {
    const queue = new TokenQueue(
      { ...wordCounter, countAnswers: () => Promise.resolve([1, 2, 3]) },
      SILENT_LOG,
    );
    const recorded: number[] = [];
    const answer = { content: 'a', reasoning: null, toolCalls: null };
    queue.enqueue({ kind: 'answer', answer }, (count) => recorded.push(count));
    queue.enqueue(text('x y'), (count) => recorded.push(count));
    expect(await queue.drain()).toBe(1);
    expect(recorded).toEqual([2]);
  });

  test('is a warning at first and a debug line later', async () => {
    const { lines, log } = recordingLog();
    const failing = counterOf(() => {
      throw new Error('no tokenizer today');
    });
    const queue = new TokenQueue(failing, log);
    queue.enqueue(text('a'), () => undefined);
    await queue.flushLive();
    await queue.flushLive();
    expect(lines.map((line) => line.split(':')[0])).toEqual(['warning', 'debug']);
    expect(lines[0]).toContain('no tokenizer today');
  });

  test('of a recorder still counts its item as done, and the next is recorded', async () => {
    const { lines, log } = recordingLog();
    const queue = new TokenQueue(wordCounter, log);
    const recorded: number[] = [];
    queue.enqueue(text('a'), () => {
      throw new Error('full');
    });
    queue.enqueue(text('b c'), (count) => recorded.push(count));
    await queue.flushLive();
    expect(queue.pendingCount).toBe(0);
    expect(recorded).toEqual([2]);
    expect(lines.join()).toContain('full');
  });
});

test('a live flush takes at most its limit, the drain takes all', async () => {
  const sizes: number[] = [];
  const queue = new TokenQueue(
    counterOf((texts) => {
      sizes.push(texts.length);
      return texts.map(words);
    }),
    SILENT_LOG,
  );
  const total = 2 * FLUSH_LIMIT_PER_KIND + 10;
  const recorded: number[] = [];
  for (let i = 0; i < total; i++) queue.enqueue(text('w'), () => recorded.push(i));
  await queue.flushLive();
  expect(sizes).toEqual([FLUSH_LIMIT_PER_KIND]);
  expect(queue.pendingCount).toBe(total - FLUSH_LIMIT_PER_KIND);
  expect(await queue.drain()).toBe(0);
  expect(recorded).toEqual([...Array(total).keys()]);
});

test('live flushes come by themselves until the drain', async () => {
  const queue = new TokenQueue(wordCounter, SILENT_LOG);
  queue.startLive(1);
  queue.startLive(1);
  const recorded = Promise.withResolvers<number>();
  queue.enqueue(text('a b c'), recorded.resolve);
  expect(await recorded.promise).toBe(3);
  expect(await queue.drain()).toBe(0);
  queue.enqueue(text('late'), () => undefined);
  await sleep(10);
  expect(queue.pendingCount).toBe(1);
});

describe('a drain of a counter that hangs', () => {
  function hanging() {
    const answer = Promise.withResolvers<readonly number[]>();
    return {
      answer,
      queue: new TokenQueue(
        counterOf(() => answer.promise),
        SILENT_LOG,
      ),
    };
  }

  test('ends after its budget; what comes later is not recorded', async () => {
    const { answer, queue } = hanging();
    const recorded: number[] = [];
    queue.enqueue(text('a'), (count) => recorded.push(count));
    expect(await queue.drain(20)).toBe(1);
    answer.resolve([1]);
    await sleep(5);
    expect(recorded).toEqual([]);
    expect(queue.pendingCount).toBe(1);
  });

  test('also when a live flush hangs before it', async () => {
    const { queue } = hanging();
    queue.enqueue(text('a'), () => undefined);
    void queue.flushLive();
    queue.enqueue(text('b'), () => undefined);
    expect(await queue.drain(20)).toBe(2);
  });

  test('ends when it is abandoned', async () => {
    const { queue } = hanging();
    queue.enqueue(text('a'), () => undefined);
    const drained = queue.drain();
    queue.abandon();
    expect(await drained).toBe(1);
  });
});
