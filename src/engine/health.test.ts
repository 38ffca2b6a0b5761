import { afterEach, expect, test, vi } from 'vitest';
import { HealthMonitor } from './health.ts';
import { PacingRecord } from './pacing-record.ts';

const closing: HealthMonitor[] = [];

afterEach(() => {
  for (const monitor of closing.splice(0)) monitor.close();
});

function start(): HealthMonitor {
  const monitor = new HealthMonitor(new PacingRecord());
  closing.push(monitor);
  return monitor;
}

function block(ms: number): void {
  const untilMs = performance.now() + ms;
  while (performance.now() < untilMs);
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

test('sees a blocked event loop and the CPU time it took, since the last look', async () => {
  const monitor = start();
  await sleep(15);
  block(80);
  await sleep(15);
  const health = monitor.take();
  expect(health.loopDelayMaxMs).toBeGreaterThan(60);
  expect(health.loopDelayMaxMs).toBeGreaterThanOrEqual(health.loopDelayP99Ms);
  if (health.cpuShare !== null) expect(health.cpuShare).toBeGreaterThan(0);
  expect(monitor.take()).toMatchObject({ loopDelayMaxMs: 0, loopDelayP99Ms: 0, gcPauseMaxMs: 0 });
});

test('sees the garbage collector', async () => {
  const monitor = start();
  let kept: unknown[] = [];
  let pauseMs = 0;
  await vi.waitUntil(
    () => {
      kept = Array.from({ length: 200_000 }, (_, index) => ({ index }));
      pauseMs = monitor.take().gcPauseMaxMs;
      return pauseMs > 0;
    },
    { interval: 1, timeout: 15_000 },
  );
  expect(kept).toHaveLength(200_000);
  expect(pauseMs).toBeGreaterThan(0);
});

test('takes the turns of a waiting loop off the CPU time, and tells them', () => {
  const pacing = { spinNs: 0, take: () => ({ spinNs: pacing.spinNs, sendDelayCounts: [1, 2] }) };
  const monitor = new HealthMonitor(pacing);
  closing.push(monitor);
  block(50);
  pacing.spinNs = 1e12;
  const { cpuShare, spinShare, sendDelayCounts } = monitor.take();
  expect(spinShare).toBe(1);
  expect(sendDelayCounts).toEqual([1, 2]);
  if (cpuShare !== null) expect(cpuShare).toBe(0);
});

test('adds up how long an event would have been late by more than each power of two', async () => {
  const monitor = start();
  await sleep(15);
  block(100);
  await sleep(15);
  const { lateMsBeyond, loopDelayMaxMs } = monitor.take();
  // A stall of 80 ms or more: at least 79 of them more than 1 ms late, 16 more than 64.
  expect(lateMsBeyond[0]).toBeGreaterThan(79);
  expect(lateMsBeyond[6]).toBeGreaterThan(15);
  const reached = Math.ceil(Math.log2(loopDelayMaxMs));
  expect(lateMsBeyond.slice(reached)).toEqual(lateMsBeyond.slice(reached).map(() => 0));
  expect(lateMsBeyond).toEqual(lateMsBeyond.toSorted((a, b) => b - a));
});

test.each([
  [0, 0],
  [250, 250],
  [-3_600_000, -3_600_000],
])('sees the wall clock go %d ms from the monotonic one', (jumpMs, stepMs) => {
  let nowMs = 1000;
  let aheadMs = 0;
  const clocks = { monotonicMs: () => nowMs, wallMs: () => 1e12 + nowMs + aheadMs };
  const monitor = new HealthMonitor(new PacingRecord(), clocks);
  closing.push(monitor);
  nowMs += 1000;
  aheadMs += jumpMs;
  expect(monitor.take()).toMatchObject({ elapsedMs: 1000, clockStepMs: stepMs });
  nowMs += 1000;
  expect(monitor.take().clockStepMs).toBe(0);
});
