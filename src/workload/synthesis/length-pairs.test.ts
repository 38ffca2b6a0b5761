import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { RandomSource } from '../../core/random.ts';
import { readLengthPairs } from './length-file.ts';
import type { LengthPair, LengthPairs } from './length-pairs.ts';
import { parseSynthetic } from './synthetic-spec.ts';

const folder = mkdtempSync(join(tmpdir(), 'inferometer-lengths-'));
afterAll(() => rmSync(folder, { recursive: true }));

const COUNT = 20_000;

function drawn(description: string): LengthPair[] {
  const spec = parseSynthetic(description);
  if (typeof spec === 'string') throw new Error(spec);
  return drawnOf(spec.lengths as LengthPairs);
}

function drawnOf(pairs: LengthPairs, count = COUNT): LengthPair[] {
  const random = new RandomSource(7);
  return Array.from({ length: count }, () => pairs.draw(random));
}

function correlationOf(values: readonly (readonly [number, number])[]): number {
  const mean = (of: (pair: readonly [number, number]) => number) =>
    values.reduce((sum, pair) => sum + of(pair), 0) / values.length;
  const [x, y] = [mean(([one]) => one), mean(([, other]) => other)];
  const covariance = (a: (pair: readonly [number, number]) => number, b: typeof a) =>
    mean((pair) => a(pair) * b(pair));
  const dx = ([one]: readonly [number, number]) => one - x;
  const dy = ([, other]: readonly [number, number]) => other - y;
  return covariance(dx, dy) / Math.sqrt(covariance(dx, dx) * covariance(dy, dy));
}

describe('a mixture', () => {
  it('has each kind as often as it weighs, with its own output', () => {
    const pairs = drawn('lengths=0.7*256:64+0.3*8192:512');
    const kinds = Map.groupBy(pairs, ({ input, output }) => `${input}:${output}`);
    expect([...kinds.keys()].sort()).toEqual(['256:64', '8192:512']);
    expect(kinds.get('256:64')!.length / COUNT).toBeCloseTo(0.7, 1.5);
  });

  it('may be of distributions, and without outputs', () => {
    const pairs = drawn('lengths=1*uniform:10,20+3*lognormal:1000,0.1');
    expect(pairs.every(({ output }) => output === undefined)).toBe(true);
    expect(pairs.filter(({ input }) => input <= 20).length / COUNT).toBeCloseTo(0.25, 1.5);
  });
});

describe('a correlation', () => {
  it('is that of the logarithms of lognormal lengths, which stay as they are distributed', () => {
    const pairs = drawn('input=lognormal:1000,0.5 output=lognormal:2000,0.8 correlation=0.6');
    const logs = pairs.map(({ input, output }) => [Math.log(input), Math.log(output!)] as const);
    expect(correlationOf(logs)).toBeCloseTo(0.6, 1.5);
    const [inputs, outputs] = [pairs.map(({ input }) => input), pairs.map(({ output }) => output!)].map(
      (lengths) => lengths.sort((a, b) => a - b),
    ) as [number[], number[]];
    expect(inputs[COUNT / 2]! / 1000).toBeCloseTo(1, 1.5);
    expect(Math.log(outputs[Math.round(0.8413 * COUNT)]! / 2000)).toBeCloseTo(0.8, 1.3);
  });

  it('of ranks is 6/π arcsin(r/2) for uniform lengths', () => {
    const pairs = drawn('input=uniform:1,10000 output=uniform:1,10000 correlation=-0.8');
    const ranks = pairs.map(({ input, output }) => [input, output!] as const);
    expect(correlationOf(ranks)).toBeCloseTo((6 / Math.PI) * Math.asin(-0.4), 1.5);
  });

  it('of 1 gives the greatest output to the greatest input', () => {
    const pairs = drawn('input=zipf:1.2,1000 output=uniform:1,1000 correlation=1').sort(
      (a, b) => a.input - b.input || a.output! - b.output!,
    );
    expect(pairs.map(({ output }) => output)).toEqual(
      pairs.map(({ output }) => output).sort((a, b) => a! - b!),
    );
  });
});

describe('a file of lengths', () => {
  async function read(name: string, text: string): Promise<LengthPairs> {
    const path = join(folder, name);
    writeFileSync(path, text);
    return readLengthPairs(path);
  }

  it.each([
    ['a.csv', 'input,output\n10,1\n20,2\n'],
    [
      'b.csv',
      'TIMESTAMP,ContextTokens,GeneratedTokens\n2023-11-16 18:17:03,10,1\n2023-11-16 18:17:04,20,2\n',
    ],
    ['c.json', '[[10, 1], [20, 2]]'],
    [
      'd.jsonl',
      '{"prompt_tokens": 10, "completion_tokens": 1}\n{"prompt_tokens": 20, "completion_tokens": 2}\n',
    ],
  ])('%s keeps pairs together', async (name, text) => {
    const pairs = drawnOf(await read(name, text), 200);
    expect(new Set(pairs.map(({ input, output }) => `${input}:${output}`))).toEqual(
      new Set(['10:1', '20:2']),
    );
  });

  it('may have inputs alone', async () => {
    expect(drawnOf(await read('e.csv', 'isl\n7\n'), 2)).toEqual([{ input: 7 }, { input: 7 }]);
  });

  it.each([
    [
      'f.csv',
      'input,output\n10,1\n0,2\n',
      /f\.csv:3: input: must be a whole number of tokens from 1 .*got "0"/,
    ],
    ['g.json', '[[10, 1], [20]]', /g\.json:1 .*: either all rows have an output or none has/],
    [
      'h.csv',
      'length\n10\n',
      /h\.csv:2: must have a column input \(or input_tokens, .*got \{"length":"10"\}/,
    ],
    ['i.json', '[]', /i\.json: has no rows; needed are pairs of lengths/],
  ])('%s is refused with the place', async (name, text, message) => {
    await expect(read(name, text)).rejects.toThrow(message);
  });
});
