import { expect, test } from 'vitest';
import { replayOf, replayText } from './replay-facts.ts';

const TOLD = { trace: 'azure.csv', speed: 2, arrivals: 1234, span_ns: 299e9 };

test('says what was replayed, and how', () => {
  expect(replayText(replayOf(TOLD)!, 4.127)).toBe(
    'replay of azure.csv at 2×: 1,234 arrivals in 4m 59s, 4.13/s on average',
  );
  const part = { ...TOLD, idle_cap_ms: 5000, from_ms: 600_000, to_ms: 1_200_000 };
  expect(replayText(replayOf(part)!, 4.127)).toBe(
    'replay of azure.csv at 2×, from 10m 00s to 20m 00s of it, gaps cut to 5.00 s: 1,234 arrivals in 4m 59s, 4.13/s on average',
  );
  expect(replayText(replayOf({ ...TOLD, arrivals: 1, span_ns: 0 })!, null)).toBe(
    'replay of azure.csv at 2×: 1 arrival',
  );
  expect(replayText(replayOf({ ...TOLD, span_ns: 0 })!, null)).toContain('1,234 arrivals, all at once');
});

test.each([undefined, null, 7, {}, { trace: 'x' }, { ...TOLD, speed: 'fast' }])(
  '%j tells of none',
  (value) => {
    expect(replayOf(value)).toBeNull();
  },
);
