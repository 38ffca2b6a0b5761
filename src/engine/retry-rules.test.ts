import { expect, it } from 'vitest';
import { retryAfterMs, RetryRules } from './retry-rules.ts';

const NOW_MS = Date.UTC(2030, 0, 2, 3, 4, 5);
const failure = (errorType: string, retryAfter?: string) => ({ errorType, errorMessage: '', retryAfter });

it.each([
  ['7', 7000],
  ['0', 0],
  ['Wed, 02 Jan 2030 03:04:15 GMT', 10_000],
  ['Wednesday, 02-Jan-30 03:04:15 GMT', 10_000],
  ['Wed Jan  2 03:04:15 2030 GMT', 10_000],
  ['Tue, 01 Jan 2030 00:00:00 GMT', 0],
  ['soon', undefined],
  ['-1', undefined],
  ['1.5', undefined],
  ['', undefined],
  ['Monday, whenever', undefined],
])('Retry-After: %j asks for %j ms', (text, ms) => {
  expect(retryAfterMs(text, NOW_MS)).toBe(ms);
});

it('tries again what it was told to, as often as it was told to', () => {
  const rules = new RetryRules({ on: ['429', '5xx', 'connection_reset'], max: 2 }, 1);
  const isRetried = (type: string, attempt = 1) => rules.waitMsAfter(3, attempt, failure(type)) !== undefined;
  expect(['http_429', 'http_500', 'http_599', 'connection_reset'].every((type) => isRetried(type))).toBe(
    true,
  );
  expect(['http_400', 'http_404', 'timeout', 'cancelled', 'proxy_503'].some((type) => isRetried(type))).toBe(
    false,
  );
  expect([isRetried('http_429', 2), isRetried('http_429', 3)]).toEqual([true, false]);
});

it('waits as the server says, up to a minute, else longer each time, up to a quarter less, the same for a seed', () => {
  const rules = new RetryRules({ on: ['429'], max: 100 }, 1);
  expect(rules.waitMsAfter(0, 1, failure('http_429', '7'))).toBe(7000);
  expect(rules.waitMsAfter(0, 1, failure('http_429', '86400'))).toBe(60_000);
  const waits = Array.from({ length: 8 }, (_, i) =>
    rules.waitMsAfter(5, i + 1, failure('http_429', 'soon'))!,
  );
  for (const [i, wait] of waits.entries()) {
    const longest = Math.min(8000, 500 * 2 ** i);
    expect(wait).toBeGreaterThan(longest * 0.75);
    expect(wait).toBeLessThanOrEqual(longest);
  }
  const again = new RetryRules({ on: ['429'], max: 100 }, 1);
  expect(again.waitMsAfter(5, 2, failure('http_429'))).toBe(waits[1]);
  const others = [
    again.waitMsAfter(6, 2, failure('http_429')),
    new RetryRules({ on: ['429'], max: 9 }, 2).waitMsAfter(5, 2, failure('http_429')),
  ];
  expect(others).not.toContain(waits[1]);
});
