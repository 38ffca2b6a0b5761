import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type GoodRule, isGood, parseGoodRule, type SampleFigures } from './good-rule.ts';

function parsed(text: string): GoodRule {
  const rule = parseGoodRule(text);
  if (typeof rule === 'string') throw new Error(`${text}: ${rule}`);
  return rule;
}

const FIGURES = {
  ...{ ttft: 'ttftNs', tpot: 'tpotNs', latency: 'latencyNs' },
  ...{ 'response ttft': 'responseTtftNs', 'response latency': 'responseLatencyNs' },
} as const;
const NONE: SampleFigures = {
  ...{
    ttftNs: NaN,
    tpotNs: NaN,
    latencyNs: NaN,
    responseTtftNs: NaN,
    responseLatencyNs: NaN,
    outputTokens: NaN,
  },
};

const conditions = fc.array(
  fc.tuple(
    fc.constantFrom(...(Object.keys(FIGURES) as (keyof typeof FIGURES)[])),
    fc.constantFrom('<', '<=', '>', '>='),
    fc.integer({ min: 1, max: 2000 }),
  ),
  { minLength: 1, maxLength: 5 },
);

describe('parseGoodRule', () => {
  it('reads conditions joined by "and", and shows what it read', () => {
    fc.assert(
      fc.property(conditions, fc.constantFrom(' and ', '  AND\t'), (all, joint) => {
        const text = all.map(([name, comparison, ms]) => `${name}${comparison}${ms}ms`).join(joint);
        const rule = parsed(text);
        expect(rule.conditions.map(({ figure, limit }) => [figure, limit.comparison, limit.value])).toEqual(
          all.map(([name, comparison, ms]) => [FIGURES[name], comparison, ms * 1e6]),
        );
        expect(parsed(rule.text).conditions).toEqual(rule.conditions);
      }),
    );
  });

  it.each([
    ['', 'expected one of response ttft, response latency, ttft, tpot, latency, output tokens at the end'],
    ['ttft p99 < 5ms', 'expected <, <=, > or >= at character 6 (got "p99")'],
    ['ttft < 5ms or tpot < 5ms', 'expected "and" and another condition at character 12 (got "or")'],
    [
      'ttft < 5ms and',
      'expected one of response ttft, response latency, ttft, tpot, latency, output tokens at the end',
    ],
    ['tpot < 5', 'expected a time with its unit, such as 500ms or 2s at the end'],
  ])('says what is wrong with %j', (text, message) => {
    expect(parseGoodRule(text)).toBe(message);
  });
});

describe('isGood', () => {
  it('needs every condition, and every figure', () => {
    const rule = parsed('ttft < 500ms and output tokens >= 10');
    expect(isGood(rule, { ...NONE, ttftNs: 4e8, outputTokens: 10 })).toBe(true);
    expect(isGood(rule, { ...NONE, ttftNs: 5e8, outputTokens: 10 })).toBe(false);
    expect(isGood(rule, { ...NONE, ttftNs: 4e8, outputTokens: 9 })).toBe(false);
    expect(isGood(rule, { ...NONE, ttftNs: 4e8 })).toBe(false);
  });
});
