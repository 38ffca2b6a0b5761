import { describe, expect, it, test } from 'vitest';
import { gridOf, latinHypercubeOf, risingCells, shuffledCells } from './designs.ts';
import { endpointsCurve } from './endpoints-curve.ts';
import { type Factor, parseFactor, parseSearchRange } from './factor.ts';

const valuesOf = (text: string) => (parseFactor(text) as Factor).values;

describe('parseFactor', () => {
  it.each([
    ['concurrency=1,2,4..256', ['1', '2', '4', '8', '16', '32', '64', '128', '256']],
    ['--rate=1..10 step 3', ['1', '4', '7', '10']],
    ['rate=0.1..0.3 step 0.1', ['0.1', '0.2', '0.3']],
    ['rate=3..20', ['3', '6', '12', '20']],
    ['concurrency=8,8..16', ['8', '16']],
    ['stages=rate 1, then|rate 2', ['rate 1, then', 'rate 2']],
    ['slo=ttft p99 < 1s', ['ttft p99 < 1s']],
  ])('%s', (text, values) => expect(valuesOf(text)).toEqual(values));

  it.each([
    ['concurrency', 'the name or the = is missing'],
    ['concurrency=', 'concurrency: a value is empty'],
    ['concurrency=1,,2', 'concurrency: a value is empty'],
    ['concurrency=8..1', 'concurrency: "8..1" ends below its start'],
    ['concurrency=0..8', 'concurrency: "0..8" must begin above 0, as it doubles; or give a step'],
    ['concurrency=1..8 step 0', 'concurrency: "1..8 step 0" needs a step above 0'],
    ['concurrency=1..', 'concurrency: "1.." must be a range such as 4..256 or 1..10 step 3'],
    ['rate=1..1000000 step 0.001', 'rate: "1..1000000 step 0.001" has more than 1000 values'],
  ])('refuses %s', (text, why) => expect(parseFactor(text)).toBe(why));
});

test('a range to search', () => {
  expect(parseSearchRange('rate=1..500')).toEqual({ name: 'rate', low: 1, high: 500 });
  expect(parseSearchRange('rate=5')).toBe('rate: needs a range such as 1..500');
  expect(parseSearchRange('rate=500..1')).toBe('rate: the range must end above 500');
  expect(parseSearchRange('rate=0..1')).toBe('rate: the range must begin above 0');
});

describe('designs', () => {
  const factors: readonly Factor[] = [
    { name: 'concurrency', values: ['1', '2', '4', '8'] },
    { name: 'input', values: ['512', '4096'] },
  ];

  it('a grid has every combination once', () => {
    const grid = gridOf(factors);
    expect(grid.slice(0, 3)).toEqual([
      ['1', '512'],
      ['1', '4096'],
      ['2', '512'],
    ]);
    expect(new Set(grid.map(String)).size).toBe(8);
  });

  it('a Latin hypercube uses each value equally often, and differs by seed', () => {
    const cube = latinHypercubeOf(factors, 16, 1);
    for (const [i, { values }] of factors.entries()) {
      for (const value of values)
        expect(cube.filter((combination) => combination[i] === value)).toHaveLength(16 / values.length);
    }
    expect(latinHypercubeOf(factors, 16, 1)).toEqual(cube);
    expect(latinHypercubeOf(factors, 16, 2)).not.toEqual(cube);
  });

  it('each repeat is a block with every combination, in an order of its own that the seed gives again', () => {
    const cells = shuffledCells(factors, gridOf(factors), 3, 7);
    expect(new Set(cells.map(({ id }) => id)).size).toBe(24);
    const blocks = [1, 2, 3].map((repeat) => cells.filter((cell) => cell.repeat === repeat));
    for (const block of blocks) expect(new Set(block.map(({ values }) => String(values))).size).toBe(8);
    expect(blocks[0]!.map(({ values }) => values)).not.toEqual(blocks[1]!.map(({ values }) => values));
    expect(cells.slice(0, 8)).toEqual(blocks[0]);
    expect(shuffledCells(factors, gridOf(factors), 3, 7)).toEqual(cells);
    expect(shuffledCells(factors, gridOf(factors), 3, 8)).not.toEqual(cells);
  });

  it('loads rise within each combination of the others', () => {
    const cells = risingCells(factors, gridOf(factors), 2, 7, 0);
    expect(cells).toHaveLength(16);
    expect(cells.slice(0, 8).map(({ values }) => values[0])).toEqual([
      '1',
      '1',
      '2',
      '2',
      '4',
      '4',
      '8',
      '8',
    ]);
    expect(new Set(cells.slice(0, 8).map(({ values }) => values[1])).size).toBe(1);
  });

  it('names the folder of a cell by what it is, whatever the values hold', () => {
    const odd: readonly Factor[] = [{ name: 'dataset', values: ['../../etc/passwd', 'x'.repeat(300)] }];
    const ids = shuffledCells(odd, gridOf(odd), 1, 1).map(({ id }) => id);
    for (const id of ids) expect(id).toMatch(/^[a-z0-9][a-z0-9.-]{1,80}$/);
    expect(ids.join()).not.toContain('..');
  });
});

describe('endpointsCurve', () => {
  it.each([34, 64, 256, 1024, 8192])('covers every region up to %i', (highest) => {
    const curve = endpointsCurve(highest);
    if (typeof curve === 'string') throw new Error(curve);
    expect(curve.length).toBeGreaterThanOrEqual(7);
    expect(new Set(curve.map(({ region }) => region)).size).toBe(4);
    expect(curve.at(-1)!.concurrency).toBe(highest);
    const loads = curve.map(({ concurrency }) => concurrency);
    expect(loads).toEqual([...new Set(loads)].toSorted((a, b) => a - b));
  });

  it('parts the regions where the rules do', () => {
    const curve = endpointsCurve(256);
    // log2(255) / 3: low ends at 1 + 2^2.66 = 7, medium at 1 + 2^5.33 = 41.
    expect(curve).toEqual([
      { concurrency: 1, region: 'ultra low' },
      { concurrency: 4, region: 'low' },
      { concurrency: 7, region: 'low' },
      { concurrency: 18, region: 'medium' },
      { concurrency: 41, region: 'medium' },
      { concurrency: 104, region: 'high' },
      { concurrency: 256, region: 'high' },
    ]);
  });

  it('needs a concurrency that the rules allow', () => expect(endpointsCurve(33)).toContain('above 33'));
});
