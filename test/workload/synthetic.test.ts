import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { RowValues } from '../../src/dataset/row.ts';
import { readWords, wordsOf } from '../../src/workload/synthesis/excerpts.ts';
import type { Tokenizer } from '../../src/tokens/tokenizer.ts';
import type { PromptUse } from '../../src/workload/synthesis/prompt-counter.ts';
import { type ReadySpec, SyntheticPrompts } from '../../src/workload/synthesis/synthetic-prompts.ts';
import { parseSynthetic } from '../../src/workload/synthesis/synthetic-spec.ts';
import { useTokenizers, VOCABULARIES } from './tokenizers.ts';

const tokenizers = useTokenizers();

function specOf(description: string): ReadySpec {
  const spec = parseSynthetic(description);
  if (typeof spec === 'string' || 'file' in spec.lengths) throw new Error(`${description}: not ready`);
  return { ...spec, lengths: spec.lengths };
}

function promptsOf(description: string, tokenizer: Tokenizer, use: PromptUse = 'chat', seed = 42) {
  return new SyntheticPrompts(specOf(description), tokenizer, use, seed);
}

function valuesOf(prompts: SyntheticPrompts): RowValues[] {
  return [...prompts.rows()].map(({ values }) => values);
}

const rowsOf = (...args: Parameters<typeof promptsOf>) => valuesOf(promptsOf(...args));

function textsOf(description: string, tokenizer: Tokenizer, use: PromptUse = 'chat', seed = 42): string[] {
  return rowsOf(description, tokenizer, use, seed).map(({ prompt }) => prompt as string);
}

/** As a server counts: everything rendered, then tokenized at once. */
function countedByServer(
  tokenizer: Tokenizer,
  prompt: string,
  use: PromptUse = 'chat',
  system?: string,
): number {
  if (use === 'completion') return tokenizer.countFramed(prompt);
  const before = system === undefined ? [] : [{ role: 'system', content: system }];
  return tokenizer.countTokens(tokenizer.renderChat!([...before, { role: 'user', content: prompt }]));
}

describe.each(VOCABULARIES.map(({ name }) => name))('prompts for a vocabulary as of %s', (name) => {
  it('have the length asked for, of a completions API', () => {
    const tokenizer = tokenizers.get(name)!;
    for (const prompt of textsOf('input=100 count=40', tokenizer, 'completion')) {
      expect(countedByServer(tokenizer, prompt, 'completion')).toBe(100);
    }
  });

  it('have it from the shortest to the longest', () => {
    const tokenizer = tokenizers.get(name)!;
    const description = 'lengths=6*uniform:1,300+2*uniform:300,4096+0.1*32768 count=20';
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e6 }), (seed) => {
        const prompts = promptsOf(description, tokenizer, 'chat', seed);
        const { ownTokens } = prompts.plan;
        let index = 0;
        for (const { prompt } of valuesOf(prompts)) {
          const wanted = ownTokens[index++]! + prompts.frame.firstTokens;
          expect(countedByServer(tokenizer, prompt as string)).toBe(wanted);
        }
        expect(prompts.inexact).toBe(0);
      }),
      { numRuns: 1 },
    );
  });

  it('have it at 32,768 tokens', () => {
    const tokenizer = tokenizers.get(name)!;
    const [prompt] = textsOf('input=32768 count=1', tokenizer);
    expect(countedByServer(tokenizer, prompt!)).toBe(32_768);
  });

  it('share beginnings and system prompts that are not part of it', () => {
    const tokenizer = tokenizers.get(name)!;
    const rows = rowsOf('input=100 prefix=64x3 system=50x2 count=30', tokenizer);
    for (const { prompt, system } of rows) {
      expect(countedByServer(tokenizer, prompt as string, 'chat', system as string)).toBe(100 + 64 + 50);
    }
    expect(new Set(rows.map(({ prompt }) => (prompt as string).split(' ').slice(0, 64).join(' '))).size).toBe(
      3,
    );
    expect(new Set(rows.map(({ system }) => system)).size).toBe(2);
    expect(new Set(rows.map(({ prompt }) => prompt)).size).toBe(30);
  });

  it('of conversations add their length to what was said before, whatever the responses were', () => {
    const tokenizer = tokenizers.get(name)!;
    const prompts = promptsOf(
      'input=uniform:30,150 prefix=20 system=40 turns=uniform:2,4 count=5',
      tokenizer,
    );
    const { firsts, ownTokens } = prompts.plan;
    const { firstTokens, nextTokens } = prompts.frame;
    const answers = textsOf('input=200 count=1', tokenizer)[0]!.split(' ');
    let index = 0;
    for (const { turns, system } of prompts.conversations()) {
      expect(turns.length).toBe(firsts[index + 1]! - firsts[index]!);
      const messages = [{ role: 'system', content: system! }];
      let wanted = 20 + 40;
      for (const [turn, { messages: own, waitsFor }] of turns.entries()) {
        expect(waitsFor).toEqual(turn === 0 ? [] : [turn - 1]);
        messages.push({ role: 'user', content: own![0]!.content as string });
        wanted += ownTokens[firsts[index]! + turn]! + (turn === 0 ? firstTokens : nextTokens);
        expect(tokenizer.countTokens(tokenizer.renderChat!(messages))).toBe(wanted);
        const answer = answers.slice(0, 3 + turn);
        messages.push({ role: 'assistant', content: answer.join(' ') });
        wanted += answer.length;
      }
      index += 1;
    }
  });
});

describe('made-up prompts', () => {
  it('are the same for the same seed, and others for another', () => {
    const tokenizer = tokenizers.get('Qwen 3')!;
    const description = 'input=lognormal:80,0.4 output=uniform:5,9 count=50';
    expect(textsOf(description, tokenizer)).toEqual(textsOf(description, tokenizer));
    expect(textsOf(description, tokenizer)).not.toEqual(textsOf(description, tokenizer, 'chat', 43));
  });

  it('each are the same however many there are', () => {
    const tokenizer = tokenizers.get('Qwen 3')!;
    const few = textsOf('input=50 prefix=10x4 count=7', tokenizer);
    expect(textsOf('input=50 prefix=10x4 count=30', tokenizer).slice(0, 7)).toEqual(few);
  });

  it('carry the limit of their output', () => {
    const rows = rowsOf('input=50 output=uniform:5,9 count=200', tokenizers.get('Qwen 3')!);
    expect(new Set(rows.map((row) => row.max_tokens))).toEqual(new Set([5, 6, 7, 8, 9]));
  });

  it('take a popular beginning more often', () => {
    const texts = textsOf('input=40 prefix=8x4,zipf:2 count=400', tokenizers.get('Qwen 3')!);
    const counts = Map.groupBy(texts, (text) => text.split(' ').slice(0, 8).join(' '));
    const shares = [...counts.values()].map((some) => some.length / 400).sort((a, b) => b - a);
    const sum = 1 + 1 / 4 + 1 / 9 + 1 / 16;
    for (const [rank, share] of shares.entries()) {
      const wanted = (rank + 1) ** -2 / sum;
      expect(Math.abs(share - wanted)).toBeLessThan(4 * Math.sqrt((wanted * (1 - wanted)) / 400));
    }
  });

  it('of a length below what stands around them are refused, or raised and counted', () => {
    const tokenizer = tokenizers.get('GPT-OSS')!;
    expect(() => textsOf('input=3', tokenizer)).toThrow(/a prompt of 3 tokens can't be made/);
    expect(() => textsOf('input=100 system=1', tokenizer)).toThrow(
      /a system prompt of 1 tokens? can't be made/,
    );
    const made = promptsOf('input=uniform:1,400 count=300', tokenizer);
    for (const { prompt } of valuesOf(made)) {
      expect(countedByServer(tokenizer, prompt as string)).toBeGreaterThan(made.frame.firstTokens);
    }
    expect(made.plan.raised).toBeGreaterThan(5);
    expect(made.inexact).toBe(0);
  });

  it('have no system prompt where the API has none', () => {
    expect(() => promptsOf('input=60 system=9', tokenizers.get('Llama 3')!, 'completion')).toThrow(
      'system= needs an API with system prompts',
    );
  });

  it('have no texts that the chat template leaves out', () => {
    const honest = tokenizers.get('DeepSeek')!;
    const forgetful: Tokenizer = {
      ...honest,
      renderChat: (messages) => honest.renderChat!(messages.slice(-1)),
    };
    expect(() => promptsOf('input=60 system=9', forgetful)).toThrow('leaves out system prompts');
    expect(() => promptsOf('input=60 turns=2', forgetful)).toThrow('leaves out earlier responses');
    expect(() => promptsOf('input=60', forgetful)).not.toThrow();
  });

  it('are counted and put right one by one once a tokenizer joins their words', () => {
    const honest = tokenizers.get('Qwen 3')!;
    const joined = new Set(textsOf('input=60 count=1', honest)[0]!.split(' ').slice(0, 5));
    // As if some words had a token less when they are sent: what no look at the vocabulary can show.
    const countTokens = (text: string) => {
      const less = text.length > 700 ? text.split(' ').filter((word) => joined.has(word)).length : 0;
      return honest.countTokens(text) - less;
    };
    const sly: Tokenizer = { ...honest, countTokens };
    const prompts = promptsOf('input=400 count=70', sly);
    for (const { prompt } of valuesOf(prompts)) expect(countedByServer(sly, prompt as string)).toBe(400);
    expect(prompts.inexact).toBe(0);
  });

  it.each(['Llama 3', 'Gemma 3'])(
    'are excerpts of a text with their length, for a vocabulary as of %s',
    (name) => {
      const tokenizer = tokenizers.get(name)!;
      const lines = [
        'It was the best of times, it was the worst of times; (1859) "Charles Dickens".',
        'Übrigens: naïve café — 12,345.67 €!',
      ];
      const spec = { ...specOf('input=uniform:40,120 count=40'), words: wordsOf(lines.join('\n\n')) };
      const prompts = new SyntheticPrompts(spec, tokenizer, 'chat', 3);
      for (const [index, { prompt }] of valuesOf(prompts).entries()) {
        const wanted = prompts.plan.ownTokens[index]! + prompts.frame.firstTokens;
        expect(countedByServer(tokenizer, prompt as string)).toBe(wanted);
        const around = `${lines.join(' ')} `.repeat(9);
        // But for the words at its end that make up the length.
        expect(around).toContain((prompt as string).split(' ').slice(0, 6).join(' '));
      }
      expect(prompts.inexact).toBe(0);
    },
  );

  it('are excerpts of a text without spaces, which stays as it is', () => {
    const tokenizer = tokenizers.get('Qwen 3')!;
    const text = '天地玄黄宇宙洪荒日月盈昃辰宿列张寒来暑往秋收冬藏闰余成岁律吕调阳云腾致雨露结为霜';
    const spec = { ...specOf('input=uniform:100,200 count=20'), words: wordsOf(`${text} ${text}`) };
    const prompts = new SyntheticPrompts(spec, tokenizer, 'chat', 3);
    for (const [index, { prompt }] of valuesOf(prompts).entries()) {
      const wanted = prompts.plan.ownTokens[index]! + prompts.frame.firstTokens;
      expect(countedByServer(tokenizer, prompt as string)).toBe(wanted);
      const [first] = (prompt as string).split(/ (?=[a-z])/);
      expect(first!.length).toBeGreaterThan(20);
      expect(`${text} `.repeat(9)).toContain(first);
    }
    expect(prompts.inexact).toBe(0);
  });

  it.each(['prefix', 'suffix', 'system'] as const)(
    'with a salt as %s have their length, and each its own',
    (salt) => {
      const tokenizer = tokenizers.get('Gemma 3')!;
      const spec = { ...specOf('input=60 system=40 prefix=20 count=40'), salt };
      const prompts = new SyntheticPrompts(spec, tokenizer, 'chat', 1);
      const { symbols, count } = prompts.saltAlphabet!;
      expect(count * Math.log2(symbols.length)).toBeGreaterThanOrEqual(64);
      const salts = [...prompts.rows()].map(({ values: { prompt, system }, salt: own }) => {
        const [text, at] = [salt === 'system' ? (system as string) : (prompt as string), own!.length];
        expect(salt === 'suffix' ? text.endsWith(` ${own}`) : text.startsWith(`${own} `)).toBe(true);
        expect(countedByServer(tokenizer, prompt as string, 'chat', system as string)).toBe(60 + 20 + 40);
        return `${at}: ${own}`;
      });
      expect(new Set(salts).size).toBe(40);
      expect(new Set(salts.map((one) => one.split(':')[0])).size).toBe(1);
    },
  );

  it('too short for a salt are refused', () => {
    const spec = { ...specOf('input=100 system=30 count=1'), salt: 'system' as const };
    const tokenizer = tokenizers.get('Qwen 3')!;
    const { frame, saltAlphabet } = new SyntheticPrompts(spec, tokenizer, 'chat', 1);
    const system = { ...spec.system!, tokens: frame.systemTokens + saltAlphabet!.count };
    expect(() => new SyntheticPrompts({ ...spec, system }, tokenizer, 'chat', 1)).toThrow(
      `a system prompt of ${system.tokens} tokens can't be made`,
    );
  });

  it.each([
    ['random words', 'input=100 prefix=9x3 count=2500', undefined],
    [
      'excerpts that are counted',
      'input=uniform:90,150 count=1200',
      wordsOf('x' + 'konabetagurilosamudefinowatelizabogu'.repeat(3) + ' or not'),
    ],
  ])('are the same byte for byte on any number of threads: %s', async (_, description, words) => {
    const tokenizer = tokenizers.get('Qwen 3')!;
    const make = () =>
      new SyntheticPrompts({ ...specOf(description), words, salt: 'suffix' }, tokenizer, 'chat', 5);
    const alone = make();
    expect(alone.work.areCounted).toBe(words !== undefined);
    // More than one block.
    expect(alone.work.tokens).toBeGreaterThan(100_000);
    const wanted = [...alone.rows()];
    for (const threads of [1, 3]) {
      const prompts = make();
      await prompts.makeOnThreads(threads, tokenizers.pathOf('Qwen 3'));
      expect([...prompts.rows()]).toEqual(wanted);
      expect(prompts.inexact).toBe(alone.inexact);
    }
    if (words !== undefined) await expect(make().makeOnThreads(2, '/none')).rejects.toThrow('ENOENT');
  });

  it('need a text with words', async () => {
    await expect(readWords('/dev/null')).rejects.toThrow(
      '/dev/null: must be a regular file (it is a device)',
    );
    await expect(readWords('/none/such.txt')).rejects.toThrow(
      '--synthetic: text=/none/such.txt: cannot be read: ENOENT',
    );
  });

  it('need a vocabulary with words', () => {
    const bare: Tokenizer = { ...tokenizers.get('Qwen 3')!, vocabulary: () => ['Ġa', 'b'] };
    expect(() => promptsOf('input=50', bare)).toThrow(/has 0 words that are one token each/);
  });
});

describe('a description', () => {
  it.each([
    [
      '',
      '"": say one of input, output, correlation, lengths, prefix, system, turns, text, count, as in input=1024',
    ],
    ['output=5', 'input is missing'],
    ['input=5 input=6', '"input" is there twice'],
    ['input=5 turn=2', '"turn=2": say one of'],
    ['input=5 turns=0', '"turns=0": must be a number from 1 to 1000'],
    ['input=5 turns=lognormal:5,1', '"turns=lognormal:5,1": must be a number from 1 to 1000'],
    ['input=gauss:5', '"input=gauss:5": lengths are a number of tokens, or one of uniform:LEAST,MOST'],
    ['input=5 output=0', '"output=0": lengths are'],
    ['input=5 prefix=0x3', '"prefix=0x3": must be TOKENS'],
    ['input=5 prefix=9x3,zipf:0', '"prefix=9x3,zipf:0": must be TOKENS'],
    ['input=5 system=x', '"system=x": must be TOKENS'],
    ['input=5 count=0', '"count=0": must be a whole number from 1'],
    ['input=5 lengths=5:6', '"lengths" says what "input" says'],
    ['lengths=0.7*256:64+0.3*8192', 'either all parts have an output or none has'],
    ['lengths=0*256:64', '"0*256:64": must be WEIGHT*INPUT:OUTPUT'],
    ['lengths=0.5*gauss:2:64', '"0.5*gauss:2:64": must be WEIGHT*INPUT:OUTPUT'],
    ['input=lognormal:5,1 output=lognormal:5,1 correlation=1.5', 'must be a number from -1 to 1'],
    [
      'input=5 output=lognormal:5,1 correlation=0.5',
      'a correlation needs an input and an output that are distributions',
    ],
    ['input=lognormal:5,1 correlation=0.5', '"correlation=0.5" needs output, too'],
  ])('%j is none', (text, why) => {
    expect(parseSynthetic(text)).toContain(why);
  });
});
