import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { RandomSource } from '../core/random.ts';
import { BackOff, FAILURES_BEFORE_BACK_OFF, FIRST_PAUSE_MS, LONGEST_PAUSE_MS } from './back-off.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Pauses between attempts that all fail, ms. */
function pausesOf(seed: number, count: number): readonly number[] {
  const backOff = new BackOff(new RandomSource(seed), () => undefined);
  for (let failures = 1; failures < FAILURES_BEFORE_BACK_OFF; failures++) backOff.failed(true);
  expect(backOff.isActive).toBe(false);
  return Array.from({ length: count }, () => {
    const before = backOff.pausedMs;
    backOff.failed(true);
    expect(backOff.isPausing).toBe(true);
    vi.runAllTimers();
    expect(backOff.isPausing).toBe(false);
    return backOff.pausedMs - before;
  });
}

it('pauses ever longer, up to a limit, by the seed', () => {
  const pauses = pausesOf(1, 20);
  for (const [index, pauseMs] of pauses.entries()) {
    const longestMs = Math.min(LONGEST_PAUSE_MS, FIRST_PAUSE_MS * 2 ** index);
    expect(pauseMs).toBeGreaterThanOrEqual(longestMs / 2 - 1e-6);
    expect(pauseMs).toBeLessThanOrEqual(longestMs);
  }
  expect(pausesOf(1, 20)).toEqual(pauses);
  expect(pausesOf(2, 20)).not.toEqual(pauses);
});

it('begins anew when an attempt succeeds', () => {
  const backOff = new BackOff(new RandomSource(1), () => undefined);
  for (let failures = 0; failures < 2 * FAILURES_BEFORE_BACK_OFF; failures++) backOff.failed(true);
  expect(backOff.isPausing).toBe(true);
  vi.runAllTimers();
  backOff.failed(true);
  backOff.succeeded();
  expect([backOff.isPausing, backOff.isActive]).toEqual([false, false]);
  const before = backOff.pausedMs;
  for (let failures = 0; failures < FAILURES_BEFORE_BACK_OFF; failures++) backOff.failed(true);
  expect(backOff.pausedMs - before).toBeLessThanOrEqual(FIRST_PAUSE_MS);
});

it('pauses only when no other attempt is under way', () => {
  const ended = vi.fn();
  const backOff = new BackOff(new RandomSource(1), ended);
  for (let failures = 0; failures < FAILURES_BEFORE_BACK_OFF; failures++) backOff.failed(false);
  expect([backOff.isActive, backOff.isPausing]).toEqual([true, false]);
  backOff.failed(true);
  expect(backOff.isPausing).toBe(true);
  const { pausedMs } = backOff;
  // One that was begun before the pause and ends within it.
  backOff.failed(true);
  expect(backOff.pausedMs).toBe(pausedMs);
  vi.runAllTimers();
  expect(ended).toHaveBeenCalledOnce();
});

it('does not go on after it is closed', () => {
  const ended = vi.fn();
  const backOff = new BackOff(new RandomSource(1), ended);
  for (let failures = 0; failures < FAILURES_BEFORE_BACK_OFF; failures++) backOff.failed(true);
  backOff.close();
  vi.runAllTimers();
  expect(ended).not.toHaveBeenCalled();
});
