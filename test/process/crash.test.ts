import { closeSync, existsSync, openSync, readFileSync, readSync, writeFileSync, writeSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readFrames } from '../../src/runlog/read.ts';
import { FrameKind } from '../../src/transport/frame.ts';
import { isRunning, waitFor, WENT_THROUGH } from './program.ts';
import { counter, RunBench, sleep, type SnapshotFile } from './run-bench.ts';

let bench: RunBench;
beforeEach(() => {
  bench = new RunBench();
});
afterEach(() => bench.end());

/** Where the events frame number `index` of the run's log begins. */
async function offsetOfEvents(index: number): Promise<number> {
  let [offset, seen] = [0, 0];
  for await (const { kind, bytes } of readFrames(bench.file('run/run.log'))) {
    if (kind === FrameKind.events && seen++ === index) break;
    offset += bytes.length;
  }
  return offset;
}

/** Turns a bit of a byte. */
function damage(path: string, at: number): void {
  const file = openSync(path, 'r+');
  const byte = Buffer.alloc(1);
  readSync(file, byte, 0, 1, at);
  writeSync(file, Buffer.of(byte[0]! ^ 1), 0, 1, at);
  closeSync(file);
}

describe('a run whose parts die', () => {
  it('restarts a killed aggregator, which catches up, and ends complete and exact', async () => {
    const { run, aggregatorPid } = await bench.startLoad(4);
    await sleep(1500);
    process.kill(aggregatorPid, 'SIGKILL');
    const second = await bench.aggregator(aggregatorPid);
    await sleep(700);
    process.kill(second, 'SIGKILL');
    // As one leaves it that is killed while it writes a snapshot.
    const unfinished = bench.file(`run/metrics/.inferometer-${'0'.repeat(32)}.tmp`);
    writeFileSync(unfinished, '{"half":');
    const finished = await run.finished;
    expect(existsSync(unfinished)).toBe(false);
    expect(WENT_THROUGH, finished.stderr).toContain(finished.code);
    const snapshot = bench.finalSnapshot();
    expect(snapshot.state).toBe('complete');
    expect(counter(snapshot, 'tracked_samples_succeeded')).toBe(800);
    expect(snapshot.extras.event_stream.aggregator_restarts).toBe(2);
    expect(finished.stderr).toContain('restart 1 of 5');
    expect(readFileSync(bench.file('run/report.txt'), 'utf8')).toMatch(/restarted/i);
  });

  it('draws the report from the run log when the aggregator dies again and again', async () => {
    const { run, aggregatorPid } = await bench.startLoad(5);
    let last: number = aggregatorPid;
    for (let deaths = 0; deaths < 6; deaths++) {
      process.kill(last, 'SIGKILL');
      if (deaths < 5) last = await bench.aggregator(last);
    }
    const finished = await run.finished;
    expect(WENT_THROUGH, finished.stderr).toContain(finished.code);
    expect(bench.manifest().outcome.report_source).toBe('replay of the run log');
    expect(bench.json('run/performance/result_summary.json')).toMatchObject({
      n_samples_completed: 1000,
      complete: true,
    });
  });

  it('leaves a log that gives an interrupted report after main was killed', async () => {
    const { run, aggregatorPid } = await bench.startLoad(20);
    await sleep(3000);
    process.kill(run.pid, 'SIGKILL');
    await run.finished;
    const interrupted = await waitFor(
      () => bench.tryJson<SnapshotFile>('run/metrics/final_snapshot.json'),
      'final snapshot',
    );
    expect(interrupted.state).toBe('interrupted');
    await waitFor(() => !isRunning(aggregatorPid), 'end of the aggregator');
    const report = await bench.start(['report', '--full', bench.file('run')]).finished;
    expect(report.stdout).toContain('WARNING: the run log does not hold the end of the run: it was cut off');
    expect(report.stdout).not.toMatch(/SIGTERM|SIGINT/);
    const issued = Number(/Total samples issued: (\d+)/.exec(report.stdout)?.[1]);
    expect(issued).toBeGreaterThan(200);
    expect(issued).toBeGreaterThanOrEqual(counter(interrupted, 'tracked_samples_issued'));
  });

  it('writes an interrupted final file when the aggregator is terminated', async () => {
    const { run, aggregatorPid } = await bench.startLoad(3);
    await sleep(1200);
    process.kill(aggregatorPid, 'SIGTERM');
    const snapshot = await waitFor(
      () => bench.tryJson<SnapshotFile>('run/metrics/final_snapshot.json'),
      'final snapshot',
    );
    expect(snapshot.state).toBe('interrupted');
    await run.finished;
    // The session went on: the report is of the whole, from the log.
    expect(bench.manifest().outcome.report_source).toBe('replay of the run log');
    expect(bench.json('run/performance/result_summary.json')).toMatchObject({
      n_samples_completed: 600,
      complete: true,
    });
  });

  it('exports the events it can when its log is damaged, and says how much is missing', async () => {
    const { run } = await bench.startLoad(3, 200, '--events-jsonl', 'on');
    await bench.framesInLog(40);
    const offset = await offsetOfEvents(10);
    damage(bench.file('run/run.log'), offset + 40);
    const finished = await run.finished;
    expect(WENT_THROUGH, finished.stderr).toContain(finished.code);
    expect(finished.stderr).toContain(`run.log is corrupt at byte ${offset}: frame fails its checksum`);
    expect(finished.stderr).toContain('run/events.jsonl: events are missing: 1 frame lost');
    const events = readFileSync(bench.file('run/events.jsonl'), 'utf8').trimEnd().split('\n');
    expect(events.length).toBeGreaterThan(1000);
    expect(events.at(-1)).toContain('"session.ended"');

    const table = await bench.start(['export', bench.file('run'), '--samples', 'csv']).finished;
    expect(table.code, table.stderr).toBe(0);
    expect(table.stderr).toMatch(
      /^warning: .* is corrupt at byte \d+: .*; it is left out\nwarning: .*: the run is INVALID: .*\n$/,
    );
    const replay = await bench.start(['watch', '--replay', '--speed', '1000000', bench.file('run')]).finished;
    expect(replay.code, replay.stderr).toBe(0);
    expect(replay.stderr).toMatch(
      /^warning: .* is corrupt at byte \d+: .*; it is left out\nwarning: the run is INVALID: .*\n$/,
    );
  }, 30_000);
});
