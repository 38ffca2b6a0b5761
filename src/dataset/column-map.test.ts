import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { resolveConfig } from '../config/resolve.ts';
import { type ColumnMap, mappedRow } from './column-map.ts';
import { openDataset } from './open-dataset.ts';

const folder = mkdtempSync(join(tmpdir(), 'inferometer-map-'));
afterAll(() => rmSync(folder, { recursive: true }));

async function rowsOf(name: string, text: string, map: ColumnMap): Promise<readonly unknown[]> {
  const path = join(folder, name);
  writeFileSync(path, text);
  return [...(await openDataset(path, { map })).rows()].map(({ values }) => values);
}

describe('a map of columns', () => {
  it('names columns, whose text is read by the kind of the new name', async () => {
    const csv = 'ask,heat,prompt,note\nred?,0.5,old,n\nblue?,1,old,n\n';
    expect(await rowsOf('a.csv', csv, { prompt: 'ask', temperature: 'heat' })).toEqual([
      { prompt: 'red?', temperature: 0.5, note: 'n' },
      { prompt: 'blue?', temperature: 1, note: 'n' },
    ]);
  });

  it('may swap columns', () => {
    expect(mappedRow({ prompt: 'a', system: 'b' }, { prompt: 'system', system: 'prompt' })).toEqual({
      prompt: 'b',
      system: 'a',
    });
  });

  it('has no value for a later row without the column', async () => {
    const rows = await rowsOf('b.jsonl', '{"q":"a","s":"x"}\n{"q":"b"}\n', { prompt: 'q', system: 's' });
    expect(rows).toEqual([{ prompt: 'a', system: 'x' }, { prompt: 'b' }]);
  });

  it('with a column that is not there is refused, with those there are', async () => {
    await expect(rowsOf('c.jsonl', '{"q":"a","s":"x"}\n', { prompt: 'question' })).rejects.toThrow(
      'c.jsonl:1: has no column "question" (--map prompt=question); it has "q", "s"',
    );
  });
});

describe('a map of columns with bad rows skipped', () => {
  it('is refused all the same, by the first row that can be read', async () => {
    const path = join(folder, 'd.jsonl');
    writeFileSync(path, '{"q":\n{"q":"a"}\n');
    const read = async (map: ColumnMap) => [...(await openDataset(path, { map, skipBadRows: true })).rows()];
    expect(await read({ prompt: 'q' })).toHaveLength(1);
    await expect(read({ prompt: 'x' })).rejects.toThrow('d.jsonl:2: has no column "x"');
  });
});

describe('--map', () => {
  const resolve = (map: string, ...more: readonly (readonly [string, readonly string[]])[]) =>
    resolveConfig({
      environment: {},
      flags: new Map<string, readonly string[]>([
        ['--endpoint', ['http://h']],
        ['--model', ['m']],
        ['--dataset', ['d.jsonl']],
        ['--map', [map]],
        ...more,
      ]),
    });

  it('is name=column, with commas between', () => {
    expect(resolve('prompt=the question, system=s').map).toEqual({ prompt: 'the question', system: 's' });
  });

  it.each([
    ['prompt', [], '--map must be name=column'],
    ['prompt=a,prompt=b', [], '--map must be name=column'],
    ['promt=a', [], '--map: a column can be prompt, system, messages, conversations, images, input_tokens'],
    ['answer=a', [], '(got "answer")'],
    ['prompt=a', [['--multi-turn', ['on']]], 'so not for --multi-turn'],
    ['prompt=a', [['--replay', ['on']]], 'so not for --replay'],
    ['prompt=a', [['--format', ['mooncake']]], 'so not for --format mooncake'],
  ] as const)('%j with %j is refused', (map, more, message) => {
    expect(() => resolve(map, ...more)).toThrow(message);
  });
});
