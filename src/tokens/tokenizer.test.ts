import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { loadTokenizer } from './tokenizer.ts';
import { WorkerTokenCounter } from './worker-token-counter.ts';

let folder: string;
const file = (name: string) => join(folder, name);

/** Words are tokens; a sequence is framed by [CLS] and [SEP]. */
const WORD_TOKENIZER = {
  version: '1.0',
  added_tokens: [0, 1].map((id) => ({
    id,
    content: ['[CLS]', '[SEP]'][id],
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  })),
  normalizer: null,
  pre_tokenizer: { type: 'WhitespaceSplit' },
  post_processor: {
    type: 'TemplateProcessing',
    single: [
      { SpecialToken: { id: '[CLS]', type_id: 0 } },
      { Sequence: { id: 'A', type_id: 0 } },
      { SpecialToken: { id: '[SEP]', type_id: 0 } },
    ],
    pair: [],
    special_tokens: {
      '[CLS]': { id: '[CLS]', ids: [0], tokens: ['[CLS]'] },
      '[SEP]': { id: '[SEP]', ids: [1], tokens: ['[SEP]'] },
    },
  },
  decoder: null,
  model: {
    type: 'WordLevel',
    vocab: { '[CLS]': 0, '[SEP]': 1, '[UNK]': 2, hello: 3, world: 4 },
    unk_token: '[UNK]',
  },
};

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'tokenizer-'));
  await writeFile(file('tokenizer.json'), JSON.stringify(WORD_TOKENIZER));
  await writeFile(file('broken.json'), '{"model": ');
  await writeFile(file('other.json'), '{"hello": "world"}');
});
afterAll(() => rm(folder, { recursive: true }));

describe('a tokenizer', () => {
  test('counts without the special tokens of the frame', async () => {
    const tokenizer = await loadTokenizer(file('tokenizer.json'));
    expect(tokenizer.countTokens('hello world hello')).toBe(3);
    expect(tokenizer.countTokens('')).toBe(0);
    expect(tokenizer.countTokens('words never seen')).toBe(3);
  });

  test('is found by its folder', async () => {
    expect((await loadTokenizer(folder)).countTokens('hello')).toBe(1);
  });

  test.each([
    ['missing.json', 'INFEROMETER_TOKENIZER_UNREADABLE'],
    ['broken.json', 'INFEROMETER_TOKENIZER_INVALID'],
    ['other.json', 'INFEROMETER_TOKENIZER_INVALID'],
  ])('%s is an input error that names the file', async (name, code) => {
    await expect(loadTokenizer(file(name))).rejects.toMatchObject({
      code,
      kind: 'input',
      message: expect.stringContaining(name) as string,
    });
  });
});

describe('token threads', () => {
  test('count in order, over several threads too', async () => {
    const counter = await WorkerTokenCounter.start({ tokenizerPath: folder, threadCount: 2 });
    try {
      const texts = Array.from({ length: 25 }, (_, i) => 'hello '.repeat(i));
      expect(await counter.countTexts(texts)).toEqual([...texts.keys()]);
      expect(await counter.countTexts(['world'])).toEqual([1]);
      expect(await counter.countTexts([])).toEqual([]);
    } finally {
      await counter.close();
    }
  });

  test('a tokenizer that can not be loaded is reported as the same input error', async () => {
    await expect(WorkerTokenCounter.start({ tokenizerPath: file('missing.json') })).rejects.toMatchObject({
      code: 'INFEROMETER_TOKENIZER_UNREADABLE',
      kind: 'input',
    });
  });

  test('closing rejects what is under way and what comes later', async () => {
    const counter = await WorkerTokenCounter.start({ tokenizerPath: folder });
    const underWay = counter.countTexts(['hello '.repeat(200_000)]);
    const rejected = expect(underWay).rejects.toThrow('ended');
    await counter.close();
    await counter.close();
    await rejected;
    await expect(counter.countTexts(['a'])).rejects.toThrow('ended');
  });
});
