import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isRunning, waitFor, WENT_THROUGH } from './program.ts';
import { aggregatorOf, childrenOf, counter, RunBench, sleep } from './run-bench.ts';

let bench: RunBench;
beforeEach(() => {
  bench = new RunBench();
});
afterEach(() => bench.end());

/** Sooner than an event bus whose run was killed gives up on subscribers. */
const GONE_WITHIN_MS = 1500;

/** Waits until so many requests have come to a mock server. */
async function requestsAt(url: string, count: number): Promise<void> {
  while ((await bench.truth(url)).length < count) await sleep(20);
}

describe('Ctrl-C', () => {
  it('once: stops issuing, drains, reports, exits 130', async () => {
    const { run } = await bench.startLoad(30);
    await sleep(500);
    run.child.kill('SIGINT');
    const finished = await run.finished;
    expect(finished.code, finished.stderr).toBe(130);
    const snapshot = bench.finalSnapshot();
    expect(snapshot.state).toBe('complete');
    expect(counter(snapshot, 'tracked_samples_succeeded')).toBe(counter(snapshot, 'tracked_samples_issued'));
    expect(readFileSync(bench.file('run/report.txt'), 'utf8')).toMatch(/was stopped before its plan/);
  });

  it('once, when all requests are out: drains, and the plan was carried out', async () => {
    const url = await bench.mock('--ttft', 'fixed:4000', '--output-tokens', 'fixed:1');
    const run = bench.start(bench.runArgs(url, 10, '--concurrency', '10'));
    await requestsAt(url, 10);
    run.child.kill('SIGINT');
    const finished = await run.finished;
    expect(WENT_THROUGH, finished.stderr).toContain(finished.code);
    expect(finished.stdout).not.toContain('was stopped before its plan');
    expect(bench.json('run/run.json')).toMatchObject({ outcome: { state: 'complete' } });
    const snapshot = bench.json<{ extras: { run: object } }>('run/metrics/final_snapshot.json');
    expect(snapshot.extras.run).toMatchObject({ stopped_early: false });
    const report = await bench.start(['report', '--full', bench.file('run')]).finished;
    expect(report.stdout).not.toContain('was stopped before its plan');
  }, 30_000);

  it('twice: cancels what is in flight and counts it', async () => {
    const url = await bench.mock('--ttft', 'fixed:60000');
    const run = bench.start(bench.runArgs(url, 50, '--concurrency', '10'));
    await requestsAt(url, 10);
    run.child.kill('SIGINT');
    await run.waitForOutput(/stopping: no new requests/);
    run.child.kill('SIGINT');
    const finished = await run.finished;
    expect(finished.code, finished.stderr).toBe(130);
    const snapshot = bench.finalSnapshot();
    expect(counter(snapshot, 'tracked_samples_cancelled')).toBe(10);
    expect(snapshot.extras.in_flight).toBe(0);
  });

  it('three times: exits at once, and the log tells what happened', async () => {
    const url = await bench.mock('--ttft', 'fixed:100');
    const run = bench.start(bench.runArgs(url, 50, '--rate', '50', '--duration', '60s'));
    await requestsAt(url, 20);
    for (let i = 0; i < 3; i++) {
      run.child.kill('SIGINT');
      await sleep(5);
    }
    expect((await run.finished).code).toBe(130);
    const report = await bench.start(['report', '--full', bench.file('run')]).finished;
    expect(Number(/Total samples issued: (\d+)/.exec(report.stdout)?.[1])).toBeGreaterThan(10);
    expect(report.stdout).toContain('was stopped before its plan');
  });

  it.each([0, 20, 60, 150, 400])(
    'three times, the last %i ms after the second: leaves no process, socket or unfinished file',
    async (pauseMs) => {
      const url = await bench.mock('--ttft', 'fixed:100');
      const eventSocket = bench.file('events.sock');
      const events = ['--event-wire', 'mlcommons', '--event-address', `ipc://${eventSocket}`];
      const load = ['--rate', '200', '--duration', '60s'];
      const run = bench.start(bench.runArgs(url, 50, ...load, ...events, '--web', '0'));
      await requestsAt(url, 20);
      const { addresses } = bench.manifest();
      // The aggregator, the page and the event bus.
      const children = await waitFor(() => {
        const found = childrenOf(run.pid);
        return found.length === 3 && found;
      }, 'all three of its processes');
      run.child.kill('SIGINT');
      await sleep(5);
      run.child.kill('SIGINT');
      await sleep(pauseMs);
      run.child.kill('SIGINT');
      const { code, signal } = await run.finished;
      // The third may find the process past its last line, where the system ends it; a shell shows both as 130.
      expect(signal ?? code).toBeOneOf([130, 'SIGINT']);
      await waitFor(() => !children.some(isRunning), 'the end of its processes', GONE_WITHIN_MS);
      expect(existsSync(eventSocket)).toBe(false);
      expect(existsSync(dirname(addresses.events.replace('ipc://', '')))).toBe(false);
      const files = readdirSync(bench.file('run'), { recursive: true }).map(String);
      expect(files.filter((name) => name.includes('.tmp'))).toEqual([]);
      expect(files).toContain('run.log');
    },
    20_000,
  );
});

describe('a stop before the run begins', () => {
  it('does not wait for an aggregator that hangs', async () => {
    const url = await bench.mock();
    const run = bench.start(bench.runArgs(url, 5));
    process.kill(await aggregatorOf(run.pid), 'SIGSTOP');
    await run.waitForOutput(/waiting for the aggregator/);
    run.child.kill('SIGINT');
    const finished = await run.finished;
    expect(finished.code, finished.stderr).toBe(130);
    expect(finished.stderr).toContain('stopped before the run began');
    expect(finished.stderr).not.toContain('not ready');
    expect(existsSync(bench.file('run'))).toBe(false);
  }, 20_000);

  it('leaves nothing behind', async () => {
    const url = await bench.mock();
    const run = bench.start(bench.runArgs(url, 5));
    await waitFor(() => existsSync(bench.file('run/run.log')), 'run.log');
    run.child.kill('SIGINT');
    const finished = await run.finished;
    expect(finished.code, finished.stderr).toBe(130);
    if (finished.stderr.includes('stopped before the run began'))
      expect(existsSync(bench.file('run'))).toBe(false);
    else expect(finished.stderr).toContain('measuring');
  });
});
