import { describe, expect, it } from 'vitest';
import { parseAbortRule } from './abort-rule.ts';

describe('parseAbortRule', () => {
  it('reads what, how much and for how long', () => {
    expect(parseAbortRule('errors > 10% for 20s')).toEqual({
      ...{ text: 'errors > 10 % for 20 s', figure: 'errors', unit: 'share', forMs: 20_000 },
      limit: { comparison: '>', value: 0.1 },
    });
    expect(parseAbortRule('errors>=0.5')).toMatchObject({ text: 'errors >= 50 %', forMs: 10_000 });
    expect(parseAbortRule('in flight > 2000')).toMatchObject({ text: 'in flight > 2,000', forMs: 0 });
    expect(parseAbortRule('Waiting > 5 for 1m')).toMatchObject({ figure: 'waiting', forMs: 60_000 });
  });

  it.each([
    ['latency > 5s', 'expected one of errors, in flight, waiting at character 1 (got "latency")'],
    ['errors < 5%', 'expected > or >= at character 8 (got "<")'],
    ['errors > 5% during 5s', 'expected nothing more at character 13 (got "during")'],
    ['errors > 5% for 100ms', 'expected a time of at least 1s at character 17 (got "100ms")'],
    ['in flight > 5%', 'expected a number of requests such as 200 at character 14 (got "%")'],
  ])('says what is wrong with %j', (text, message) => {
    expect(parseAbortRule(text)).toBe(message);
  });
});
