import { describe, it as anyIt } from 'vitest';
import { WENT_THROUGH } from './program.ts';
import { aggregatorOf, counter, residentMb, RunBench, sleep } from './run-bench.ts';

/** Tests that mostly wait, so they wait together; each has a bench of its own. */
const it = anyIt.extend<{ place: RunBench }>({
  place: async ({}, use) => {
    const bench = new RunBench();
    await use(bench);
    await bench.end();
  },
});

/** More than the queues at both ends of the event stream and the socket between them hold. */
const FRAMES_BEYOND_QUEUES = 600;

describe.concurrent('a run whose parts are held up', () => {
  it('loses nothing while the aggregator is stopped, and main does not grow', async ({
    place: bench,
    expect,
  }) => {
    const { run, aggregatorPid } = await bench.startLoad(16, 500, '--workers', '2');
    await sleep(1000);
    const beforeMb = residentMb(run.pid);
    process.kill(aggregatorPid, 'SIGSTOP');
    await bench.framesInLog((await bench.framesInLog(1)) + FRAMES_BEYOND_QUEUES);
    const afterMb = residentMb(run.pid);
    process.kill(aggregatorPid, 'SIGCONT');
    const finished = await run.finished;
    expect(WENT_THROUGH, finished.stderr).toContain(finished.code);
    const snapshot = bench.finalSnapshot();
    expect(counter(snapshot, 'tracked_samples_succeeded')).toBe(8000);
    expect(snapshot.extras.event_stream.heals).toBeGreaterThan(0);
    expect(afterMb - beforeMb).toBeLessThan(100);
  });

  it('goes on without an aggregator that hangs at its start, and reports from the log', async ({
    place: bench,
    expect,
  }) => {
    const url = await bench.steadyMock();
    const run = bench.start(
      bench.runArgs(url, 5, '--pattern', 'constant', '--rate', '100', '--samples', '50'),
    );
    process.kill(await aggregatorOf(run.pid), 'SIGSTOP');
    const finished = await run.finished;
    expect(WENT_THROUGH, finished.stderr).toContain(finished.code);
    expect(finished.stderr).toContain('waiting for the aggregator to start');
    expect(finished.stderr).toContain('going on without a live view');
    expect(bench.manifest().outcome.report_source).toBe('replay of the run log');
    expect(bench.json('run/performance/result_summary.json')).toMatchObject({
      n_samples_completed: 50,
      complete: true,
    });
  }, 60_000);

  it('does not notice a stopped viewer', async ({ place: bench, expect }) => {
    const { run } = await bench.startLoad(5);
    const watch = bench.start(['watch', bench.file('run')]);
    await watch.waitForOutput(/issued/i);
    const beforeMb = residentMb(run.pid);
    process.kill(watch.pid, 'SIGSTOP');
    const finished = await run.finished;
    expect(WENT_THROUGH, finished.stderr).toContain(finished.code);
    expect(bench.json('run/performance/result_summary.json')).toMatchObject({
      n_samples_completed: 1000,
      complete: true,
    });
    expect(beforeMb).toBeGreaterThan(0);
    process.kill(watch.pid, 'SIGCONT');
    expect((await watch.finished).code).toBe(0);
  });
});
