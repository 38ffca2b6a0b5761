import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { vocabularies } from '../workload/vocabularies.ts';
import { WENT_THROUGH, Workbench } from './program.ts';

const QWEN = vocabularies().find(({ name }) => name === 'Qwen 3')!;

let bench: Workbench;
beforeEach(() => {
  bench = new Workbench();
});
afterEach(() => bench.end());

/** The files of a tokenizer in a folder of the bench. */
function tokenizerIn(folder: string): string {
  const path = bench.file(folder);
  mkdirSync(path, { recursive: true });
  writeFileSync(join(path, 'tokenizer.json'), JSON.stringify(QWEN.definition));
  writeFileSync(join(path, 'tokenizer_config.json'), JSON.stringify(QWEN.config));
  return path;
}

describe('run --synthetic', () => {
  it('sends prompts of the length asked for', async () => {
    const url = await bench.mock('--ttft', 'fixed:2', '--output-tokens', 'fixed:2');
    const run = bench.start([
      ...['run', '--endpoint', url, '--model', 'm', '--out', bench.file('run'), '--concurrency', '4'],
      ...['--synthetic', 'input=120 output=7 count=25', '--tokenizer', tokenizerIn('qwen')],
    ]);
    const { code, stderr } = await run.finished;
    expect(WENT_THROUGH, stderr).toContain(code);
    const [, around] = /generated 25 prompts, (\d+) tokens of each around its text/.exec(stderr)!;
    const { input_sequence_lengths: lengths } = bench.json('run/performance/result_summary.json');
    // The text alone, without what the template puts around it.
    expect(lengths).toMatchObject({ min: 120 - Number(around), max: 120 - Number(around) });
  });

  it('sends conversations with a live history', async () => {
    const url = await bench.mock('--ttft', 'fixed:2', '--output-tokens', 'fixed:2');
    const run = bench.start([
      ...['run', '--endpoint', url, '--model', 'm', '--out', bench.file('run'), '--concurrency', '4'],
      ...['--synthetic', 'input=60 system=30 turns=3 count=5', '--tokenizer', tokenizerIn('qwen')],
    ]);
    const { code, stderr, stdout } = await run.finished;
    expect(WENT_THROUGH, stderr).toContain(code);
    expect(stderr).toMatch(
      /generated 5 conversations of 15 turns, \d+ tokens of each around its text, \d+ in later turns/,
    );
    expect(stdout.replace(/\s+/g, ' ')).toContain('5 begun = 5 completed + 0 failed + 0 cut off');
  });

  it('finds a tokenizer by the name of its model', async () => {
    const snapshot = tokenizerIn('hf/hub/models--acme--tiny/snapshots/0123');
    expect(snapshot).toContain('0123');
    mkdirSync(bench.file('hf/hub/models--acme--tiny/refs'));
    writeFileSync(bench.file('hf/hub/models--acme--tiny/refs/main'), '0123');
    const url = await bench.mock();
    const args = ['run', '--endpoint', url, '--model', 'm', '--synthetic', 'input=60 count=3', '--tokenizer'];
    const found = bench.start([...args, 'acme/tiny', '--out', bench.file('run')], {
      HF_HOME: bench.file('hf'),
    });
    const { code, stderr } = await found.finished;
    expect(WENT_THROUGH, stderr).toContain(code);
    const missing = await bench.start([...args, 'acme/other'], { HF_HOME: bench.file('hf') }).finished;
    expect(missing.code).toBe(2);
    expect(missing.stderr).toMatch(
      /acme\/other: cannot read the tokenizer .*the name of a model in the cache of Hugging Face/,
    );
  });

  it.each([
    [['--synthetic', 'input=60'], '--synthetic needs --tokenizer'],
    [['--synthetic', 'input=60', '--dataset', 'x.jsonl'], '--dataset and --synthetic both say what to send'],
    [['--synthetic', 'in=60', '--tokenizer', 't'], '--synthetic must be a description such as'],
    [[], '--dataset is missing'],
    [
      ['--synthetic', 'input=60', '--tokenizer', 't', '--multi-turn'],
      '--multi-turn with --synthetic needs turns in the description',
    ],
    [
      ['--synthetic', 'input=60 turns=2', '--tokenizer', 't', '--history', 'recorded'],
      '--history recorded needs --dataset',
    ],
    [
      ['--synthetic', 'input=60 turns=2', '--tokenizer', 't', '--samples', '9'],
      '--samples cannot end a run with --multi-turn',
    ],
  ])('%j is refused', async (flags, why) => {
    const run = bench.start(['run', '--endpoint', 'http://127.0.0.1:1', '--model', 'm', ...flags]);
    const { code, stderr } = await run.finished;
    expect(code).toBe(2);
    expect(stderr).toContain(why);
  });
});
