import { expect, test } from 'vitest';
import { drawDurationNs, parseDurations } from './duration-distribution.ts';
import { RandomSource } from './random.ts';
import { NS_PER_MS, NS_PER_SECOND } from './time.ts';

/** Stands in for whoever knows units. */
function parseNs(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?)(ms|s)$/.exec(text);
  return match === null ? undefined : Number(match[1]) * (match[2] === 's' ? NS_PER_SECOND : NS_PER_MS);
}

function draws(text: string): readonly number[] {
  const durations = parseDurations(text, parseNs)!;
  const random = new RandomSource(1);
  return Array.from({ length: 20_000 }, () => drawDurationNs(durations, random));
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

test('a plain duration is fixed', () => {
  expect(new Set(draws('2s'))).toEqual(new Set([2e9]));
  expect(parseDurations('2s', parseNs)).toEqual(parseDurations('fixed:2s', parseNs));
});

test('each distribution has the mean or the median that it says', () => {
  expect(mean(draws('exponential:3s'))).toBeCloseTo(3e9, -8.3);
  expect(mean(draws('uniform:1s,5s'))).toBeCloseTo(3e9, -8);
  const sorted = [...draws('lognormal:8s,0.6')].sort((a, b) => a - b);
  expect(sorted[sorted.length / 2]! / 8e9).toBeCloseTo(1, 1);
  const logs = sorted.map((value) => Math.log(value / 8e9));
  expect(Math.sqrt(mean(logs.map((log) => log * log)))).toBeCloseTo(0.6, 1);
});

test('draws are whole ns from 0 to a day', () => {
  for (const text of ['lognormal:20000s,5', 'exponential:80000s', 'uniform:0s,1ms']) {
    for (const value of draws(text)) {
      expect(Number.isInteger(value) && value >= 0 && value <= 86_400e9).toBe(true);
    }
  }
});

test.each([
  '',
  '2',
  'fixed:',
  'lognormal:8s',
  'lognormal:8s,-1',
  'lognormal:8s,9',
  'uniform:5s,1s',
  'normal:1s,2',
  '1s,2s',
])('%o is none', (text) => expect(parseDurations(text, parseNs)).toBeUndefined());
