import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Tokenizer } from '../../src/tokens/tokenizer.ts';
import type { PrefixBlocks } from '../../src/workload/conversation.ts';
import { tokensInFront } from '../../src/workload/synthesis/prompt-counter.ts';
import { TracePrompts } from '../../src/workload/synthesis/trace-prompts.ts';
import { useTokenizers, VOCABULARIES } from './tokenizers.ts';

const tokenizers = useTokenizers();

/** As a server counts: everything rendered, then tokenized at once. */
function rendered(tokenizer: Tokenizer, prompt: string): string {
  return tokenizer.renderChat!([{ role: 'user', content: prompt }]);
}

/** Blocks over the first tokens of a prompt; the last one is shorter where the prompt ends in it. */
function blocksOf(ids: readonly (number | string)[], inputTokens: number, blockTokens = 16): PrefixBlocks {
  const lastBlockTokens = Math.min(blockTokens, inputTokens - (ids.length - 1) * blockTokens);
  const tokensAfterLastBlock = inputTokens - (ids.length - 1) * blockTokens - lastBlockTokens;
  return { ids, blockTokens, lastBlockTokens, tokensAfterLastBlock };
}

const WHOLE = { scope: '', blocks: null } as const;

describe.each(VOCABULARIES.map(({ name }) => name))(
  'prompts of a trace for a vocabulary as of %s',
  (name) => {
    it('have the length that the trace tells, template included', () => {
      const tokenizer = tokenizers.get(name)!;
      const prompts = new TracePrompts(tokenizer, 'chat', 42);
      fc.assert(
        fc.property(
          fc.integer({ min: 100, max: 1500 }),
          fc.array(fc.nat(30), { maxLength: 60 }),
          fc.nat(1000),
          (inputTokens, ids, id) => {
            const kept = ids.slice(0, Math.ceil(inputTokens / 16));
            const blocks = kept.length === 0 ? null : blocksOf(kept, inputTokens);
            const prompt = prompts.prompt({ inputTokens, blocks, scope: '', id });
            expect(tokenizer.countTokens(rendered(tokenizer, prompt))).toBe(inputTokens);
          },
        ),
        { numRuns: 60 },
      );
      expect(prompts.inexact).toBe(0);
    });

    it('share all tokens of the blocks that they begin with, and no more', () => {
      const tokenizer = tokenizers.get(name)!;
      const prompts = new TracePrompts(tokenizer, 'chat', 42);
      const inFront = tokensInFront(tokenizer, 'chat');
      const one = prompts.prompt({
        ...{ inputTokens: 300, scope: '', id: 0 },
        blocks: blocksOf([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], 300),
      });
      const other = prompts.prompt({
        ...{ inputTokens: 200, scope: '', id: 1 },
        blocks: blocksOf([1, 2, 3, 4, 5, 6, 17], 200),
      });
      const [words, others] = [one.split(' '), other.split(' ')];
      const shared = words.findIndex((word, index) => word !== others[index]);
      expect(shared).toBe(6 * 16 - inFront);
      const beginning = words.slice(0, shared).join(' ');
      const text = rendered(tokenizer, one);
      expect(tokenizer.countTokens(text.slice(0, text.indexOf(beginning) + beginning.length))).toBe(6 * 16);
    });
  },
);

describe('prompts of a trace', () => {
  const make = (seed = 42) => new TracePrompts(tokenizers.get('Qwen 3')!, 'chat', seed);

  it('are the same whichever others are made, and others for another seed', () => {
    const traced = { inputTokens: 200, blocks: blocksOf([1, 2, 'x'], 200), scope: '', id: 7 };
    const busy = make();
    for (let id = 0; id < 5; id++) busy.prompt({ ...WHOLE, inputTokens: 100, id });
    expect(busy.prompt(traced)).toBe(make().prompt(traced));
    expect(make(43).prompt(traced)).not.toBe(make().prompt(traced));
  });

  it('without blocks share nothing', () => {
    const prompts = make();
    const firstWords = Array.from({ length: 50 }, (_, id) =>
      prompts
        .prompt({ ...WHOLE, inputTokens: 80, id })
        .split(' ')
        .slice(0, 4)
        .join(' '),
    );
    expect(new Set(firstWords).size).toBe(50);
  });

  it('take a block that is cut short for the beginning of the whole one', () => {
    const whole = make().prompt({ inputTokens: 100, blocks: blocksOf([1, 2], 100, 50), scope: '', id: 0 });
    const short = make().prompt({ inputTokens: 70, blocks: blocksOf([1, 2], 70, 50), scope: '', id: 1 });
    expect(whole.startsWith(short)).toBe(true);
  });

  it('share blocks only within their scope, and tell the id 1 from the id "1"', () => {
    const prompt = (block: number | string, scope: string) =>
      make().prompt({ inputTokens: 80, blocks: blocksOf([block], 80, 80), scope, id: 0 });
    expect(prompt(1, 'a')).toBe(prompt(1, 'a'));
    expect(prompt(1, 'a')).not.toBe(prompt(1, 'b'));
    expect(prompt(1, 'a')).not.toBe(prompt('1', 'a'));
  });

  it('that are shorter than what stands around a text have one word, and are counted', () => {
    const prompts = make();
    const prompt = prompts.prompt({ ...WHOLE, inputTokens: 1, id: 0 });
    expect(prompt.split(' ')).toHaveLength(1);
    expect(prompts.raised).toBe(1);
  });

  it('of a completions API are counted with what frames them', () => {
    const tokenizer = tokenizers.get('Llama 3')!;
    const prompt = new TracePrompts(tokenizer, 'completion', 1).prompt({ ...WHOLE, inputTokens: 90, id: 0 });
    expect(tokenizer.countFramed(prompt)).toBe(90);
  });
});
