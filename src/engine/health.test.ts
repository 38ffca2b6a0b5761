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
