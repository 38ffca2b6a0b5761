import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { watchRun, type WatchOptions } from '../../src/app/views/watch-run.ts';
import { createLog } from '../../src/core/log.ts';
import { RandomSource } from '../../src/core/random.ts';
import { SnapshotCodec } from '../../src/metrics/snapshot-codec.ts';
import type { MetricsSnapshot } from '../../src/metrics/snapshot.ts';
import { bindPublisher } from '../../src/transport/zmq/publisher.ts';
import { createSocketKey } from '../../src/transport/zmq/socket-key.ts';
import { ZmtpAttacker } from '../attack/zmtp-attacker.ts';
import { type Program, waitFor, WENT_THROUGH, Workbench } from './program.ts';

let bench: Workbench;
beforeEach(() => {
  bench = new Workbench();
});
afterEach(() => bench.end());

/** Starts a run that is shown at an address, and waits until it says where. */
async function shownRun(
  environment: Record<string, string>,
  ...more: string[]
): Promise<{ readonly run: Program; readonly address: string }> {
  const url = await bench.mock('--ttft', 'fixed:5', '--inter-token', 'fixed:2', '--output-tokens', 'fixed:5');
  const run = bench.start(
    [
      ...['run', '--endpoint', url, '--model', 'm', '--dataset', bench.dataset(5), '--rate', '50'],
      ...['--view-address', 'tcp://127.0.0.1:0', '--out', bench.file('run'), ...more],
    ],
    environment,
  );
  const [, address] = await run.waitForOutput(/inferometer watch (tcp:\S+)/);
  return { run, address: address! };
}

interface SnapshotJson {
  readonly state: string;
  readonly extras: { readonly run: { readonly run_id: string } };
}

describe('a run that is shown with a key', () => {
  it('is watched by who has it, from any directory, until its end, and does not notice who attacks', async () => {
    const key = createSocketKey();
    const { run, address } = await shownRun(
      { INFEROMETER_VIEW_KEY: key },
      '--pattern',
      'constant',
      '--duration',
      '5s',
    );
    const watcher = bench.start(['watch', address, '--key', key], {}, bench.path);
    const once = bench.start(['watch', address, '--once', '--json'], { INFEROMETER_VIEW_KEY: key });
    const finished = await once.finished;
    expect(finished.code, finished.stderr).toBe(0);
    const snapshot = JSON.parse(finished.stdout) as SnapshotJson;
    const manifest = bench.json<{ run_id: string; addresses: { view: string } }>('run/run.json');
    expect(snapshot.extras.run.run_id).toBe(manifest.run_id);
    expect(manifest.addresses.view).toBe(address);
    const weapon = { random: new RandomSource(1), mechanism: 'CURVE' } as const;
    const port = Number(/\d+$/.exec(address)![0]);
    const attackers = [
      new ZmtpAttacker(port, 'half-open', 200, weapon),
      new ZmtpAttacker(port, 'huge command', 50, weapon),
    ];
    const watched = await watcher.finished;
    expect(watched.code, watched.stderr).toBe(0);
    expect(watched.stdout).toContain('live');
    expect(WENT_THROUGH).toContain((await run.finished).code);
    for (const attacker of attackers) attacker.stop();
    expect(attackers.every(({ opened }) => opened >= 50)).toBe(true);
    expect(bench.json('run/performance/result_summary.json')).toMatchObject({
      ...{ n_samples_issued: 250, n_samples_completed: 250, n_samples_failed: 0 },
      event_stream: { lost_frames: 0, aggregator_restarts: 0 },
    });
    for (const name of readdirSync(bench.file('run'), { recursive: true, encoding: 'utf8' })) {
      const path = join(bench.file('run'), name);
      if (statSync(path).isFile()) expect(readFileSync(path, 'latin1'), name).not.toContain(key);
    }
    expect(run.stdout + run.stderr).not.toContain(key);
  });

  it('refuses who has another one or none, and says so', async () => {
    const { address } = await shownRun({ INFEROMETER_VIEW_KEY: createSocketKey() }, '--duration', '60s');
    const [other, none] = await Promise.all([
      bench.start(['watch', address, '--key', createSocketKey()]).finished,
      bench.start(['watch', address]).finished,
    ]);
    expect(other).toMatchObject({ code: 3, stdout: '' });
    expect(other.stderr).toContain('the key is wrong');
    expect(none).toMatchObject({ code: 3, stdout: '' });
    expect(none.stderr).toContain('it asks for a key');
  });
});

it('a run shown on the loopback without a key can be watched without one', async () => {
  const { run, address } = await shownRun({ INFEROMETER_VIEW_KEY: '' }, '--duration', '60s');
  const watched = await bench.start(['watch', address, '--once']).finished;
  expect(watched).toMatchObject({ code: 0, stderr: '' });
  expect(watched.stdout).toContain('live');
  run.child.kill('SIGINT');
  expect((await run.finished).code).toBe(130);
});

it('an aggregator that is restarted goes on showing the run at the same address', async () => {
  const { address } = await shownRun({}, '--duration', '60s');
  await expect(bench.start(['watch', address, '--once']).finished).resolves.toMatchObject({ code: 0 });
  const pidOf = () => bench.tryJson<{ pids: { aggregator: number } }>('run/run.json')?.pids.aggregator;
  const first = pidOf()!;
  process.kill(first, 'SIGKILL');
  await waitFor(() => (pidOf() ?? first) !== first, 'another aggregator');
  await expect(bench.start(['watch', address, '--once']).finished).resolves.toMatchObject({ code: 0 });
});

it('an address nobody can listen at is refused before the run', async () => {
  const run = bench.start([
    ...['run', '--endpoint', 'http://127.0.0.1:9', '--model', 'm', '--dataset', bench.dataset(2)],
    ...['--view-address', 'tcp://192.0.2.7:5600', '--out', bench.file('run')],
  ]);
  const finished = await run.finished;
  expect(finished.code).toBe(2);
  expect(finished.stderr).toContain(
    '--view-address must be a free port at an address of this machine (got "tcp://192.0.2.7:5600"',
  );
  expect(readdirSync(bench.path)).toEqual(['prompts.jsonl']);
});

describe('watching an address', () => {
  const LIVE: MetricsSnapshot = {
    counter: 1,
    timestampNs: 1n,
    state: 'live',
    pendingTaskCount: 0,
    metrics: [],
  };
  const options = (change: Partial<WatchOptions>): WatchOptions => ({
    onSnapshot: () => undefined,
    log: createLog(() => undefined),
    signal: new AbortController().signal,
    patienceMs: 300,
    ...change,
  });

  it('where nobody is says so after a while', async () => {
    const publisher = await bindPublisher(new SnapshotCodec(), 'tcp://127.0.0.1:0', { lingerMs: 0 });
    const { address } = publisher;
    await expect(watchRun(address, options({}))).rejects.toMatchObject({ code: 'INFEROMETER_WATCH_SILENT' });
    await publisher.close();
    await expect(watchRun(address, options({}))).rejects.toMatchObject({ code: 'INFEROMETER_WATCH_SILENT' });
  });

  it('ends when the run is gone, and when the watcher leaves', async () => {
    const publisher = await bindPublisher(new SnapshotCodec(), 'tcp://127.0.0.1:0', { lingerMs: 0 });
    const timer = setInterval(() => publisher.publish(LIVE), 20);
    const leaving = new AbortController();
    const leaver = watchRun(
      publisher.address,
      options({ patienceMs: 10_000, signal: leaving.signal, onSnapshot: () => leaving.abort() }),
    );
    expect(await leaver).toBe('detached');
    const seen = Promise.withResolvers<void>();
    const stayer = watchRun(
      publisher.address,
      options({ patienceMs: 1000, onSnapshot: () => seen.resolve() }),
    );
    await seen.promise;
    clearInterval(timer);
    await publisher.close();
    expect(await stayer).toBe('gone');
  });
});
