import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadTokenizer, type Tokenizer } from '../../src/tokens/tokenizer.ts';
import { SyntheticPrompts } from '../../src/workload/synthesis/synthetic-prompts.ts';
import type { LengthPairs } from '../../src/workload/synthesis/length-pairs.ts';
import { parseSynthetic, type SyntheticSpec } from '../../src/workload/synthesis/synthetic-spec.ts';
import { vocabularies } from '../../test/workload/vocabularies.ts';
import type { Bench } from '../harness/bench.ts';
import { cpuSecondsIn, inTurn } from '../harness/rounds.ts';
import { spreadOf } from '../harness/spread.ts';

const BYTES_PER_MB = 1e6;

/** From a loaded tokenizer to all prompts: the words are found, some prompts counted, all made. */
export const bench: Bench = {
  async run({ quick, rounds }) {
    const tokenizers = { llama: await tokenizerOf('Llama 3'), gemma: await tokenizerOf('Gemma 3') };
    const description = `input=1024 output=256 prefix=512x16 count=${quick ? 500 : 10_000}`;
    const { llama, gemma } = await inTurn(rounds, {
      llama: () => mbPerSecond(description, tokenizers.llama),
      gemma: () => mbPerSecond(description, tokenizers.gemma),
    });
    const line = (id: string, kind: string, values: readonly number[]) => ({
      id: `workload/synthetic-prompts-${id}`,
      what: `made-up prompts of 1,536 tokens, vocabulary as of ${kind}`,
      unit: 'MB/CPU-s',
      value: spreadOf(values),
      goal: { of: 'value', bound: 'at least', value: 5 } as const,
      note: 'from a loaded tokenizer to all prompts, the counting of some of them included',
    });
    return [line('llama', 'Llama 3', llama), line('gemma', 'Gemma 3', gemma)];
  },
};

function mbPerSecond(description: string, tokenizer: Tokenizer): number {
  const spec = parseSynthetic(description) as SyntheticSpec & { readonly lengths: LengthPairs };
  let bytes = 0;
  // Another one each time: what is known of a tokenizer is kept.
  const fresh = { ...tokenizer };
  const seconds = cpuSecondsIn(() => {
    for (const { values } of new SyntheticPrompts(spec, fresh, 'chat', 1).rows()) {
      bytes += (values.prompt as string).length;
    }
  });
  return bytes / BYTES_PER_MB / seconds;
}

/** Loaded from a file, as in a run. */
async function tokenizerOf(name: string): Promise<Tokenizer> {
  const { definition, config } = vocabularies().find((one) => one.name === name)!;
  const folder = mkdtempSync(join(tmpdir(), 'inferometer-bench-'));
  try {
    writeFileSync(join(folder, 'tokenizer.json'), JSON.stringify(definition));
    writeFileSync(join(folder, 'tokenizer_config.json'), JSON.stringify(config));
    return await loadTokenizer(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}
