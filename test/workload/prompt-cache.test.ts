import {
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  truncateSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { wordsOf } from '../../src/workload/synthesis/excerpts.ts';
import type { LengthPairs } from '../../src/workload/synthesis/length-pairs.ts';
import { PromptCache, promptCacheFolder } from '../../src/workload/synthesis/prompt-cache.ts';
import { MadeTexts } from '../../src/workload/synthesis/prompt-threads.ts';
import { SyntheticPrompts } from '../../src/workload/synthesis/synthetic-prompts.ts';
import { parseSynthetic, type SyntheticSpec } from '../../src/workload/synthesis/synthetic-spec.ts';
import { useTokenizers } from './tokenizers.ts';

const tokenizers = useTokenizers();
/** Tokens lie across its pieces, so all prompts are counted. */
const WORDS = wordsOf(`${'x'}${'konabetagurilosamudefinowatelizabogu'.repeat(3)} or not`);

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'inferometer-cache-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true });
});

const files = () => readdirSync(folder).map((name) => join(folder, name));

async function made(seed = 5, count = 60): Promise<readonly unknown[]> {
  const spec = parseSynthetic(`input=uniform:90,150 count=${count}`) as SyntheticSpec & {
    readonly lengths: LengthPairs;
  };
  const prompts = new SyntheticPrompts({ ...spec, words: WORDS }, tokenizers.get('Qwen 3')!, 'chat', seed);
  expect(prompts.work.areCounted).toBe(true);
  await prompts.makeOnThreads(1, tokenizers.pathOf('Qwen 3'), new PromptCache(folder));
  return [...prompts.rows()].map(({ values }) => values.prompt);
}

it('has what was counted before, and nothing for another seed', async () => {
  const wanted = await made();
  const [file] = files();
  expect(files()).toHaveLength(1);
  // Told from what is made anew by a text that nothing makes.
  const key = /([0-9a-f]{64})\.prompts$/.exec(file!)![1]!;
  const cache = new PromptCache(folder);
  const kept = (await cache.read(key, 60))!;
  expect(Array.from({ length: 60 }, (_, text) => kept.text(text))).toEqual(wanted);
  expect(await cache.read(key, 59)).toBeUndefined();
  rmSync(file!);
  writeFileSync(join(folder, 'other'), '');
  const other = await made(6);
  expect(other).not.toEqual(wanted);
  expect(files().filter((name) => name.endsWith('.prompts'))).not.toContain(file);
});

/** A whole file in the place of another, with prompts that nothing makes. */
async function forge(file: string): Promise<readonly string[]> {
  const key = /([0-9a-f]{64})\.prompts$/.exec(file)![1]!;
  const bytes = new TextEncoder().encode('a'.repeat(60));
  const ends = Uint32Array.from({ length: 60 }, (_, index) => index + 1);
  await new PromptCache(folder).write(key, new MadeTexts([{ from: 0, bytes, ends, inexact: 0 }]));
  return Array.from({ length: 60 }, () => 'a');
}

it('is read instead of making them again', async () => {
  await made();
  const forged = await forge(files()[0]!);
  expect(await made()).toEqual(forged);
});

it('keeps what was used last, and nothing of a writer that was killed', async () => {
  await made(1);
  const [first] = files();
  const key = (digit: string) => digit.repeat(64);
  const old = new Date(Date.now() - 2 * 3_600_000);
  const texts = new MadeTexts([
    { from: 0, bytes: new Uint8Array(300), ends: Uint32Array.of(300), inexact: 0 },
  ]);
  const cache = new PromptCache(folder, 1000);
  rmSync(first!);
  const left = join(folder, `.inferometer-${'0'.repeat(32)}.tmp`);
  writeFileSync(left, 'part');
  utimesSync(left, old, old);
  for (const [index, digit] of ['a', 'b'].entries()) {
    await cache.write(key(digit), texts);
    const time = new Date(old.getTime() + index);
    utimesSync(join(folder, `${key(digit)}.prompts`), time, time);
  }
  // Now it is younger than b.
  expect(await cache.read(key('a'), 1)).toBeDefined();
  await cache.write(key('c'), texts);
  expect(readdirSync(folder).sort()).toEqual([`${key('a')}.prompts`, `${key('c')}.prompts`]);
});

it.each<[string, (file: string) => void | Promise<void>]>([
  ['cut short, as by a writer that was killed', (file: string) => truncateSync(file, 999)],
  ['empty', (file: string) => truncateSync(file, 0)],
  [
    'changed in one byte',
    (file: string) => {
      const bytes = readFileSync(file);
      bytes[500]! ^= 1;
      writeFileSync(file, bytes);
    },
  ],
  [
    'a link to somewhere else',
    async (file: string) => {
      const elsewhere = join(folder, 'elsewhere');
      await forge(file);
      renameSync(file, elsewhere);
      symlinkSync(elsewhere, file);
    },
  ],
])('counts as missing when it is %s', async (_, damage) => {
  const wanted = await made();
  const [file] = files();
  await damage(file!);
  expect(await made()).toEqual(wanted);
});

it('does without a folder that cannot be written to', async () => {
  writeFileSync(join(folder, 'file'), '');
  const place = folder;
  folder = join(place, 'file');
  try {
    expect(await made()).toHaveLength(60);
  } finally {
    folder = place;
  }
});

it('is below XDG_CACHE_HOME', () => {
  expect(promptCacheFolder({ XDG_CACHE_HOME: '/c' })).toBe('/c/inferometer/prompts');
});
