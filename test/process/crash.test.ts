import { closeSync, existsSync, openSync, readdirSync, readFileSync, readSync, writeSync } from 'node:fs';
import { dirname } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { readFrames } from '../../src/runlog/read.ts';
import { FrameKind } from '../../src/transport/frame.ts';
import { isRunning, waitFor, WENT_THROUGH, Workbench } from './program.ts';

let bench: Workbench;
beforeEach(() => {
  bench = new Workbench();
});
afterEach(() => bench.end());

interface Manifest {
  readonly pids: { readonly main: number; readonly aggregator: number | null };
  readonly addresses: { readonly events: string };
  readonly outcome: {
    readonly state: string;
    readonly report_source?: string;
    readonly aggregator_restarts?: number;
  };
}
interface Snapshot {
  readonly state: string;
  readonly metrics: readonly { readonly name: string; readonly value: number; readonly count: number }[];
  readonly extras: { readonly event_stream: Record<string, number>; readonly in_flight: number };
}

const LATENCY = ['--ttft', 'fixed:20', '--inter-token', 'fixed:5', '--output-tokens', 'fixed:8'];

async function startRun(seconds: number, rate = 200, ...more: string[]) {
  const url = await bench.mock(...LATENCY);
  const run = bench.start([
    ...[
      'run',
      '--endpoint',
      url,
      '--model',
      'm',
      '--dataset',
      bench.dataset(50),
      '--pattern',
      'constant',
      '--rate',
      String(rate),
    ],
    ...['--duration', `${seconds}s`, '--out', bench.file('run'), ...more],
  ]);
  const aggregatorPid = await aggregator();
  await run.waitForOutput(/measuring/);
  return { run, aggregatorPid };
}

/** Pid of the aggregator once it is not `before` and has been running for a moment. */
async function aggregator(before?: number): Promise<number> {
  return waitFor(() => {
    const pid = bench.tryJson<Manifest>('run/run.json')?.pids.aggregator;
    return pid !== null && pid !== undefined && pid !== before && pid;
  }, 'aggregator');
}

/** More than the queues at both ends of the event stream and the socket between them hold. */
const FRAMES_BEYOND_QUEUES = 600;

/** How many frames the run's log has, once they are `fewest`. */
async function framesInLog(fewest: number): Promise<number> {
  for (;;) {
    let frames = 0;
    for await (const frame of readFrames(bench.file('run/run.log'))) frames = frame.seq + 1;
    if (frames >= fewest) return frames;
    await sleep(200);
  }
}

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

/** Pid of the first process that another one started. */
/** The aggregator of a run. A child that is stopped before it runs its own program would hold up whoever starts it. */
async function childOf(pid: number): Promise<number> {
  const child = () => {
    const found = /^\d+/.exec(readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8'))?.[0];
    const isItself =
      found !== undefined && readFileSync(`/proc/${found}/cmdline`, 'utf8').includes('aggregator');
    return isItself ? found : undefined;
  };
  return Number(await waitFor(child, 'child process'));
}

const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const counter = (snapshot: Snapshot, name: string) =>
  snapshot.metrics.find((metric) => metric.name === name)!.value;
const residentMb = (pid: number) =>
  Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))![1]) / 1024;

/** Of a run whose directory is `run`. */
const runArgs = (url: string, rowCount: number) => [
  ...['run', '--endpoint', url, '--model', 'm'],
  ...['--dataset', bench.dataset(rowCount), '--out', bench.file('run')],
];

describe('a run whose parts die', () => {
  it('restarts a killed aggregator, which catches up, and ends complete and exact', async () => {
    const { run, aggregatorPid } = await startRun(4);
    await sleep(1500);
    process.kill(aggregatorPid, 'SIGKILL');
    const second = await aggregator(aggregatorPid);
    await sleep(700);
    process.kill(second, 'SIGKILL');
    const finished = await run.finished;
    expect(WENT_THROUGH, finished.stderr).toContain(finished.code);
    const snapshot = bench.json<Snapshot>('run/metrics/final_snapshot.json');
    expect(snapshot.state).toBe('complete');
    expect(counter(snapshot, 'tracked_samples_succeeded')).toBe(800);
    expect(snapshot.extras.event_stream.aggregator_restarts).toBe(2);
    expect(finished.stderr).toContain('restart 1 of 5');
    expect(readFileSync(bench.file('run/report.txt'), 'utf8')).toMatch(/restarted/i);
  });

  it('draws the report from the run log when the aggregator dies again and again', async () => {
    const { run, aggregatorPid } = await startRun(5);
    let last: number = aggregatorPid;
    for (let deaths = 0; deaths < 6; deaths++) {
      process.kill(last, 'SIGKILL');
      if (deaths < 5) last = await aggregator(last);
    }
    const finished = await run.finished;
    expect(WENT_THROUGH, finished.stderr).toContain(finished.code);
    expect(bench.json<Manifest>('run/run.json').outcome.report_source).toBe('replay of the run log');
    expect(bench.json('run/performance/result_summary.json')).toMatchObject({
      n_samples_completed: 1000,
      complete: true,
    });
  });

  it('loses nothing while the aggregator is stopped, and main does not grow', async () => {
    const { run, aggregatorPid } = await startRun(16, 500, '--workers', '2');
    await sleep(1000);
    const beforeMb = residentMb(run.pid);
    process.kill(aggregatorPid, 'SIGSTOP');
    await framesInLog((await framesInLog(1)) + FRAMES_BEYOND_QUEUES);
    const afterMb = residentMb(run.pid);
    process.kill(aggregatorPid, 'SIGCONT');
    const finished = await run.finished;
    expect(WENT_THROUGH, finished.stderr).toContain(finished.code);
    const snapshot = bench.json<Snapshot>('run/metrics/final_snapshot.json');
    expect(counter(snapshot, 'tracked_samples_succeeded')).toBe(8000);
    expect(snapshot.extras.event_stream.heals).toBeGreaterThan(0);
    expect(afterMb - beforeMb).toBeLessThan(100);
  });

  it('leaves a log that gives an interrupted report after main was killed', async () => {
    const { run, aggregatorPid } = await startRun(20);
    await sleep(3000);
    process.kill(run.pid, 'SIGKILL');
    await run.finished;
    const interrupted = await waitFor(
      () => bench.tryJson<Snapshot>('run/metrics/final_snapshot.json'),
      'final snapshot',
    );
    expect(interrupted.state).toBe('interrupted');
    await waitFor(() => !isRunning(aggregatorPid), 'end of the aggregator');
    const report = await bench.start(['report', bench.file('run')]).finished;
    expect(report.stdout).toContain('WARNING: the run log does not hold the end of the run: it was cut off');
    expect(report.stdout).not.toMatch(/SIGTERM|SIGINT/);
    const issued = Number(/Total samples issued: (\d+)/.exec(report.stdout)?.[1]);
    expect(issued).toBeGreaterThan(200);
    expect(issued).toBeGreaterThanOrEqual(counter(interrupted, 'tracked_samples_issued'));
  });

  it('writes an interrupted final file when the aggregator is terminated', async () => {
    const { run, aggregatorPid } = await startRun(3);
    await sleep(1200);
    process.kill(aggregatorPid, 'SIGTERM');
    const snapshot = await waitFor(
      () => bench.tryJson<Snapshot>('run/metrics/final_snapshot.json'),
      'final snapshot',
    );
    expect(snapshot.state).toBe('interrupted');
    await run.finished;
    // The session went on: the report is of the whole, from the log.
    expect(bench.json<Manifest>('run/run.json').outcome.report_source).toBe('replay of the run log');
    expect(bench.json('run/performance/result_summary.json')).toMatchObject({
      n_samples_completed: 600,
      complete: true,
    });
  });

  it('exports the events it can when its log is damaged, and says how much is missing', async () => {
    const { run } = await startRun(3, 200, '--events-jsonl', 'on');
    await framesInLog(40);
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

  it('goes on without an aggregator that hangs at its start, and reports from the log', async () => {
    const url = await bench.mock(...LATENCY);
    const run = bench.start([
      ...runArgs(url, 5),
      ...['--pattern', 'constant', '--rate', '100', '--samples', '50'],
    ]);
    process.kill(await childOf(run.pid), 'SIGSTOP');
    const finished = await run.finished;
    expect(WENT_THROUGH, finished.stderr).toContain(finished.code);
    expect(finished.stderr).toContain('waiting for the aggregator to start');
    expect(finished.stderr).toContain('going on without a live view');
    expect(bench.json<Manifest>('run/run.json').outcome.report_source).toBe('replay of the run log');
    expect(bench.json('run/performance/result_summary.json')).toMatchObject({
      n_samples_completed: 50,
      complete: true,
    });
  }, 60_000);

  it('does not notice a stopped viewer', async () => {
    const { run } = await startRun(5);
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

describe('Ctrl-C', () => {
  it('once: stops issuing, drains, reports, exits 130', async () => {
    const { run } = await startRun(30);
    await sleep(1500);
    run.child.kill('SIGINT');
    const finished = await run.finished;
    expect(finished.code, finished.stderr).toBe(130);
    const snapshot = bench.json<Snapshot>('run/metrics/final_snapshot.json');
    expect(snapshot.state).toBe('complete');
    expect(counter(snapshot, 'tracked_samples_succeeded')).toBe(counter(snapshot, 'tracked_samples_issued'));
    expect(readFileSync(bench.file('run/report.txt'), 'utf8')).toMatch(/was stopped before its plan/);
  });

  it('once, when all requests are out: drains, and the plan was carried out', async () => {
    const url = await bench.mock('--ttft', 'fixed:5000', '--output-tokens', 'fixed:1');
    const run = bench.start([
      ...['run', '--endpoint', url, '--model', 'm', '--dataset', bench.dataset(10), '--concurrency', '10'],
      ...['--out', bench.file('run')],
    ]);
    await run.waitForOutput(/measuring/);
    await sleep(1500);
    run.child.kill('SIGINT');
    const finished = await run.finished;
    expect(WENT_THROUGH, finished.stderr).toContain(finished.code);
    expect(finished.stdout).not.toContain('was stopped before its plan');
    expect(bench.json('run/run.json')).toMatchObject({ outcome: { state: 'complete' } });
    const snapshot = bench.json<{ extras: { run: object } }>('run/metrics/final_snapshot.json');
    expect(snapshot.extras.run).toMatchObject({ stopped_early: false });
    const report = await bench.start(['report', bench.file('run')]).finished;
    expect(report.stdout).not.toContain('was stopped before its plan');
  }, 30_000);

  it('twice: cancels what is in flight and counts it', async () => {
    const url = await bench.mock('--ttft', 'fixed:60000');
    const run = bench.start([
      ...['run', '--endpoint', url, '--model', 'm', '--dataset', bench.dataset(50), '--concurrency', '10'],
      ...['--out', bench.file('run')],
    ]);
    await run.waitForOutput(/measuring/);
    await sleep(1500);
    run.child.kill('SIGINT');
    await sleep(300);
    run.child.kill('SIGINT');
    const finished = await run.finished;
    expect(finished.code, finished.stderr).toBe(130);
    const snapshot = bench.json<Snapshot>('run/metrics/final_snapshot.json');
    expect(counter(snapshot, 'tracked_samples_cancelled')).toBe(10);
    expect(snapshot.extras.in_flight).toBe(0);
  });

  it('three times: exits at once, and the log tells what happened', async () => {
    const url = await bench.mock('--ttft', 'fixed:100');
    const run = bench.start([
      ...[
        'run',
        '--endpoint',
        url,
        '--model',
        'm',
        '--dataset',
        bench.dataset(50),
        '--rate',
        '50',
        '--duration',
        '60s',
      ],
      ...['--out', bench.file('run')],
    ]);
    await run.waitForOutput(/measuring/);
    await sleep(1500);
    for (let i = 0; i < 3; i++) {
      run.child.kill('SIGINT');
      await sleep(5);
    }
    expect((await run.finished).code).toBe(130);
    const report = await bench.start(['report', bench.file('run')]).finished;
    expect(Number(/Total samples issued: (\d+)/.exec(report.stdout)?.[1])).toBeGreaterThan(10);
    expect(report.stdout).toContain('was stopped before its plan');
  });

  it.each([0, 20, 60, 150, 400])(
    'three times, the last %i ms after the second: leaves no process, socket or unfinished file',
    async (pauseMs) => {
      const url = await bench.mock('--ttft', 'fixed:100');
      const run = bench.start([
        ...['run', '--endpoint', url, '--model', 'm', '--dataset', bench.dataset(50), '--rate', '200'],
        ...['--duration', '60s', '--out', bench.file('run')],
      ]);
      await run.waitForOutput(/measuring/);
      await sleep(1000);
      const { pids, addresses } = bench.json<Manifest>('run/run.json');
      run.child.kill('SIGINT');
      await sleep(5);
      run.child.kill('SIGINT');
      await sleep(pauseMs);
      run.child.kill('SIGINT');
      const { code, signal } = await run.finished;
      // The third may find the process past its last line, where the system ends it; a shell shows both as 130.
      expect(signal ?? code).toBeOneOf([130, 'SIGINT']);
      await waitFor(() => !isRunning(pids.aggregator!), 'the end of the aggregator');
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
    const run = bench.start(runArgs(url, 5));
    process.kill(await childOf(run.pid), 'SIGSTOP');
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
    const run = bench.start(runArgs(url, 5));
    await waitFor(() => existsSync(bench.file('run/run.log')), 'run.log');
    run.child.kill('SIGINT');
    const finished = await run.finished;
    expect(finished.code, finished.stderr).toBe(130);
    if (finished.stderr.includes('stopped before the run began'))
      expect(existsSync(bench.file('run'))).toBe(false);
    else expect(finished.stderr).toContain('measuring');
  });
});
