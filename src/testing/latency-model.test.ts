import { describe, expect, test } from 'vitest';
import { RandomSource } from '../core/random.ts';
import { type Distribution, drawAnswer, drawFrom, parseDistribution } from './latency-model.ts';

describe('parseDistribution', () => {
  test.each<[string, Distribution]>([
    ['fixed:20', { kind: 'fixed', value: 20 }],
    ['0.5', { kind: 'fixed', value: 0.5 }],
    [' normal:10,2 ', { kind: 'normal', mean: 10, standardDeviation: 2 }],
    ['lognormal:1e2,0.4', { kind: 'lognormal', median: 100, sigma: 0.4 }],
  ])('reads %s', (text, wanted) => {
    expect(parseDistribution('--ttft', text)).toEqual(wanted);
  });

  test.each([
    '',
    'fixed',
    'fixed:',
    'fixed:1,2',
    'fixed:-1',
    'normal:5',
    'normal:5,',
    'normal:a,1',
    'gamma:1,2',
    'fixed:Infinity',
    'normal:1,2,3',
    'fixed:1e7',
    'lognormal:1,11',
  ])('refuses "%s"', (text) => {
    expect(() => parseDistribution('--ttft', text)).toThrow(
      `--ttft must be fixed:N, normal:MEAN,SD or lognormal:MEDIAN,SIGMA`,
    );
  });
});

test('draws have the middle and the spread they were asked for, and are never below 0', () => {
  const random = new RandomSource(3);
  const draws = (text: string) =>
    Array.from({ length: 4001 }, () => drawFrom(parseDistribution('x', text), random)).sort((a, b) => a - b);
  const normal = draws('normal:10,2');
  expect(Math.abs(normal[2000]! - 10)).toBeLessThan(0.2);
  expect(Math.abs(normal[3365]! - 12)).toBeLessThan(0.3);
  const lognormal = draws('lognormal:100,0.5');
  expect(Math.abs(lognormal[2000]! - 100)).toBeLessThan(5);
  expect(Math.abs(lognormal[3365]! - 100 * Math.exp(0.5))).toBeLessThan(10);
  expect(draws('normal:1,5')[0]).toBe(0);
  expect(new Set(draws('fixed:7'))).toEqual(new Set([7]));
});

describe('drawAnswer', () => {
  const model = {
    ttftMs: parseDistribution('x', '50'),
    interTokenMs: parseDistribution('x', 'normal:10,3'),
    outputTokens: parseDistribution('x', 'lognormal:20,0.5'),
  };

  test('the first token comes after the TTFT, the others in order', () => {
    const { tokenDueNs, limited } = drawAnswer(model, Infinity, new RandomSource(1));
    expect(tokenDueNs[0]).toBe(50e6);
    expect([...tokenDueNs].sort((a, b) => a - b)).toEqual([...tokenDueNs]);
    expect(limited).toBe(false);
  });

  test('a limit cuts the answer and says so; an answer as long as the limit is whole', () => {
    const fixed = { ...model, outputTokens: parseDistribution('x', '5') };
    expect(drawAnswer(fixed, 3, new RandomSource(1))).toMatchObject({
      tokenDueNs: { length: 3 },
      limited: true,
    });
    expect(drawAnswer(fixed, 5, new RandomSource(1))).toMatchObject({
      tokenDueNs: { length: 5 },
      limited: false,
    });
  });

  test('has at least one token', () => {
    const none = { ...model, outputTokens: parseDistribution('x', '0') };
    expect(drawAnswer(none, Infinity, new RandomSource(1)).tokenDueNs).toHaveLength(1);
  });
});
