import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Tokenizer } from '../../src/tokens/tokenizer.ts';
import type { PromptUse } from '../../src/workload/synthesis/prompt-counter.ts';
import { synthesize } from '../../src/workload/synthesis/synthetic-prompts.ts';
import { parseSynthetic, type SyntheticSpec } from '../../src/workload/synthesis/synthetic-spec.ts';
import { useTokenizers, VOCABULARIES } from './tokenizers.ts';

const tokenizers = useTokenizers();

function promptsOf(description: string, tokenizer: Tokenizer, use: PromptUse = 'chat', seed = 42): string[] {
  const spec = parseSynthetic(description);
  expect(typeof spec, description).toBe('object');
  return [...synthesize(spec as SyntheticSpec, tokenizer, use, seed).rows()].map(
    ({ prompt }) => prompt as string,
  );
}

/** As a server counts: everything rendered, then tokenized at once. */
function countedByServer(tokenizer: Tokenizer, prompt: string, use: PromptUse): number {
  if (use === 'completion') return tokenizer.countFramed(prompt);
  return tokenizer.countTokens(tokenizer.renderChat!([{ role: 'user', content: prompt }]));
}

describe.each(VOCABULARIES.map(({ name }) => name))('prompts for a vocabulary as of %s', (name) => {
  it.each(['chat', 'completion'] as const)('have the length asked for, %s', (use) => {
    const tokenizer = tokenizers.get(name)!;
    for (const prompt of promptsOf('input=200 count=150', tokenizer, use)) {
      expect(countedByServer(tokenizer, prompt, use)).toBe(200);
    }
  });

  it('have it from the shortest to the longest', () => {
    const tokenizer = tokenizers.get(name)!;
    fc.assert(
      fc.property(
        fc.oneof(
          fc.integer({ min: 80, max: 300 }),
          fc.integer({ min: 300, max: 8192 }),
          fc.constantFrom(16_384, 32_768),
        ),
        fc.integer({ min: 0, max: 1e6 }),
        (length, seed) => {
          const [prompt] = promptsOf(`input=${length} count=1`, tokenizer, 'chat', seed);
          expect(countedByServer(tokenizer, prompt!, 'chat')).toBe(length);
        },
      ),
      { numRuns: 12 },
    );
  });

  it('share beginnings that are not part of it', () => {
    const tokenizer = tokenizers.get(name)!;
    const prompts = promptsOf('input=100 prefix=64x3 count=60', tokenizer);
    for (const prompt of prompts) expect(countedByServer(tokenizer, prompt, 'chat')).toBe(164);
    const beginnings = new Set(prompts.map((prompt) => prompt.split(' ').slice(0, 64).join(' ')));
    expect(beginnings.size).toBe(3);
    expect(new Set(prompts).size).toBe(60);
  });
});

describe('made-up prompts', () => {
  it('are the same for the same seed, and others for another', () => {
    const tokenizer = tokenizers.get('Qwen 3')!;
    const description = 'input=lognormal:80,0.4 output=uniform:5,9 count=50';
    expect(promptsOf(description, tokenizer)).toEqual(promptsOf(description, tokenizer));
    expect(promptsOf(description, tokenizer)).not.toEqual(promptsOf(description, tokenizer, 'chat', 43));
  });

  it('carry the limit of their output', () => {
    const spec = parseSynthetic('input=50 output=uniform:5,9 count=200') as SyntheticSpec;
    const limits = [...synthesize(spec, tokenizers.get('Qwen 3')!, 'chat', 1).rows()].map(
      (row) => row.max_tokens,
    );
    expect(new Set(limits)).toEqual(new Set([5, 6, 7, 8, 9]));
  });

  it('of a length below what stands around them are refused, or raised and counted', () => {
    const tokenizer = tokenizers.get('GPT-OSS')!;
    expect(() => promptsOf('input=3', tokenizer)).toThrow(/a prompt of 3 tokens can't be made/);
    const spec = parseSynthetic('input=uniform:1,400 count=300') as SyntheticSpec;
    const made = synthesize(spec, tokenizer, 'chat', 1);
    for (const { prompt } of made.rows()) {
      expect(countedByServer(tokenizer, prompt as string, 'chat')).toBeGreaterThan(made.overheadTokens);
    }
    expect(made.raised).toBeGreaterThan(5);
    expect(made.inexact).toBe(0);
  });

  it('need a vocabulary with words', () => {
    const spec = parseSynthetic('input=50') as SyntheticSpec;
    const bare: Tokenizer = { ...tokenizers.get('Qwen 3')!, vocabulary: () => ['Ġa', 'b'] };
    expect(() => synthesize(spec, bare, 'chat', 1)).toThrow(/has 0 words that are one token each/);
  });
});

describe('a description', () => {
  it.each([
    ['', '"": say one of input, output, prefix, count, as in input=1024'],
    ['output=5', 'input is missing'],
    ['input=5 input=6', '"input" is there twice'],
    ['input=5 turns=2', '"turns=2": say one of'],
    ['input=gauss:5', '"input=gauss:5": lengths are a number of tokens, or one of uniform:LEAST,MOST'],
    ['input=5 output=0', '"output=0": lengths are'],
    ['input=5 prefix=0x3', '"prefix=0x3": must be TOKENS'],
    ['input=5 count=0', '"count=0": must be a whole number from 1'],
  ])('%j is none', (text, why) => {
    expect(parseSynthetic(text)).toContain(why);
  });
});
