import { describe, expect, it } from 'vitest';
import { parseUntilRule, untilRulesOf } from './until-rule.ts';

describe('parseUntilRule', () => {
  it.each(['ttft p99 ±3%', 'TTFT p99 +-3%', 'ttft p99+/-0.03', 'ttft p99 ± 3 %'])('reads %j', (text) => {
    expect(parseUntilRule(text)).toEqual({
      text: 'ttft p99 ±3 %',
      figure: { kind: 'percentile', series: 'ttft_ns', percentile: 99 },
      unit: 'ns',
      tolerance: 0.03,
    });
  });

  it('reads rates', () => {
    expect(parseUntilRule('output tokens/s ±2.5%')).toMatchObject({
      text: 'output tokens/s ±2.5 %',
      figure: { kind: 'rate', of: 'output_tokens' },
      tolerance: 0.025,
    });
  });

  it.each([
    ['ttft p99 3%', 'expected ± (or +-) and a share such as 3% at character 10 (got "3%")'],
    ['ttft p99 ±0%', 'expected a share such as 3%, above 0 and below 100% at character 11 (got "0%")'],
    ['ttft p99 ±100%', 'expected a share such as 3%, above 0 and below 100% at character 11 (got "100%")'],
    ['errors ±3%', 'expected a percentile, requests/s or output tokens/s at character 1 (got "errors")'],
    ['ttft p99 ±3% soon', 'expected nothing more at character 14 (got "soon")'],
  ])('says what is wrong with %j', (text, message) => {
    expect(parseUntilRule(text)).toBe(message);
  });
});

describe('untilRulesOf', () => {
  it('leaves out what is none', () => {
    expect(untilRulesOf(['requests/s ±5%', 'nonsense', 7]).map(({ text }) => text)).toEqual([
      'requests/s ±5 %',
    ]);
    expect(untilRulesOf(undefined)).toEqual([]);
  });
});
