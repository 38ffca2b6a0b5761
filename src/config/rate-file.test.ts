import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { stagesOf } from '../app/run/phases.ts';
import { RateProfile } from '../plan/rate-profile.ts';
import { readRateFile } from './rate-file.ts';

const folder = mkdtempSync(join(tmpdir(), 'rates-'));
afterAll(() => rmSync(folder, { recursive: true }));

function fileOf(text: string, name = 'rates.csv'): string {
  const path = join(folder, name);
  writeFileSync(path, text);
  return path;
}

describe('a file of rates', () => {
  const STAGES = [
    { rate_per_second: 10, duration_ms: 0 },
    { ramp_to_per_second: 10, duration_ms: 60_000 },
    { ramp_to_per_second: 200, duration_ms: 300_000 },
    { rate_per_second: 50, duration_ms: 0 },
    { ramp_to_per_second: 0, duration_ms: 500 },
  ];

  it.each([
    ['rates.csv', 'second,rate\n0,10\n60,10\n360,200\n360,50\n360.5,0\n'],
    ['rates.csv', '\ufeffhost,rate, second\r\na,10,0\r\n\r\na,10,60\r\nb,200,360\r\n,50,360\r\n,0,360.5\r\n'],
    ['rates.json', '[[0, 10], [60, 10], [360, 200], [360, 50], [360.5, 0]]'],
    [
      'rates.json',
      JSON.stringify([
        { second: 0, rate: 10 },
        { second: 60, rate: 10, host: 'a' },
        { second: 360, rate: 200 },
        { second: 360, rate: 50 },
        { second: 360.5, rate: 0 },
      ]),
    ],
  ])('%s is lines from row to row, and steps where a second comes twice', (name, text) => {
    expect(readRateFile(fileOf(text, name))).toEqual(STAGES);
  });

  it.each([
    ['a.csv', '', ': needs at least two rows: the load runs from one to the next'],
    ['a.csv', 'second,rate\n0,10\n', ': needs at least two rows: the load runs from one to the next'],
    ['a.csv', '0,10\n1,20\n', ':1: the first line must name the columns second and rate'],
    ['a.csv', 'second,rate\n5,1\n9,1\n', ':2: the first row must be of second 0 (got 5)'],
    ['a.csv', 'second,rate\n0,1\n9,1\n\n8,1\n', ':5: second 8 comes before 9, that of the row above'],
    ['a.csv', 'second,rate\n0,1\n0,2\n', ': must last longer than 0 seconds'],
    ['a.csv', 'second,rate\n0,0\n9,0\n', ': has no request: a row needs a rate above 0'],
    [
      'a.csv',
      'second,rate\n0,1\n9,-1\n',
      ':3: rate must be 0 or a number above 0, at most 10000000 (got "-1")',
    ],
    ['a.csv', 'second,rate\n0,1\n9,\n', ':3: rate must be 0 or a number above 0, at most 10000000 (got "")'],
    ['a.csv', 'second,rate\n0,1\n1m,1\n', ':3: second must be a number from 0 to 8640000 (got "1m")'],
    [
      'a.json',
      '[\n [0, 1],\n [1, "x"]\n]',
      ':3: rate must be 0 or a number above 0, at most 10000000 (got "x")',
    ],
    [
      'a.json',
      '[\n {"second": 0, "rate": 1},\n\n {"second": 1}\n]',
      ':4: rate must be 0 or a number above 0, at most 10000000 (got nothing)',
    ],
    ['a.json', '[\n [0, 1],\n 7]', ':3: must be a list of {"second": 0, "rate": 10} or of [0, 10] (got 7)'],
    ['a.json', '{}', ': must be a list of {"second": 0, "rate": 10} or of [0, 10]'],
  ])('%s of %j is refused, with the line', (name, text, message) => {
    const path = fileOf(text, name);
    expect(() => readRateFile(path)).toThrow(`--stages ${path}${message}`);
  });

  it('that is none says what it is', () => {
    expect(() => readRateFile(join(folder, 'none.csv'))).toThrow('none.csv: there is no such file');
    expect(() => readRateFile(folder)).toThrow(`${folder}: is not a file`);
    const long = `second,rate\n${Array.from({ length: 10_001 }, (_, i) => `${i},1`).join('\n')}`;
    expect(() => readRateFile(fileOf(long))).toThrow('has 10,001 rows; at most 10,000 are allowed');
    const broken = fileOf('[[0, 1], [1 2]]', 'a.json');
    expect(() => readRateFile(broken)).toThrow(`${broken}:1:13: invalid JSON: expected "," or "]"`);
  });

  it('has as many requests until any time as adding up its lines by hand gives', () => {
    const rows = fc
      .array(
        fc.record({
          gapS: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 500 })),
          rate: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 10_000 })),
        }),
        { minLength: 2, maxLength: 20 },
      )
      .map((list) => {
        let second = 0;
        return list.map(({ gapS, rate }, index) => ({ second: index === 0 ? 0 : (second += gapS), rate }));
      })
      .filter((list) => list.at(-1)!.second > 0 && mostUntil(list, Infinity) > 0);
    fc.assert(
      fc.property(rows, fc.double({ min: 0, max: 1, noNaN: true }), (list, share) => {
        const path = fileOf(`second,rate\n${list.map(({ second, rate }) => `${second},${rate}`).join('\n')}`);
        const stages = stagesOf({ pattern: 'poisson', stages: [...readRateFile(path)] })!;
        const profile = new RateProfile(stages);
        const until = share * list.at(-1)!.second;
        const expected = mostUntil(list, until);
        expect(profile.totalNs).toBeCloseTo(list.at(-1)!.second * 1e9, -3);
        expect(Math.abs(profile.countAt(until * 1e9) - expected)).toBeLessThan(1e-6 * (1 + expected));
      }),
    );
  });
});

/** The area below the lines between rows, row by row, up to a second. */
function mostUntil(
  rows: readonly { readonly second: number; readonly rate: number }[],
  until: number,
): number {
  let area = 0;
  for (let i = 1; i < rows.length; i++) {
    const [from, to] = [rows[i - 1]!, rows[i]!];
    const end = Math.min(until, to.second);
    if (end <= from.second || to.second === from.second) continue;
    const there = from.rate + ((to.rate - from.rate) * (end - from.second)) / (to.second - from.second);
    area += ((from.rate + there) / 2) * (end - from.second);
  }
  return area;
}
