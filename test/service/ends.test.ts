import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { Pull } from 'zeromq';
import { packSingle } from '../../src/transport/batch-frame.ts';
import { FRAME_TOPIC, type Frame } from '../../src/transport/frame.ts';
import { RecordedRun } from '../app/recorded-run.ts';
import { waitFor } from '../process/program.ts';
import { readRecording } from './event-player.ts';
import { counterOf, ServiceBench, sessionOf } from './service-bench.ts';

let bench: ServiceBench;
beforeEach(() => {
  bench = new ServiceBench();
});
afterEach(() => bench.end());

const { messages: recorded } = readRecording('streaming');

describe('an aggregation', () => {
  it.each(['SIGTERM', 'SIGINT'] as const)(
    'that gets %s is interrupted, and goes on later',
    async (signal) => {
      const { program, player } = await bench.startAggregator();
      await player.play(recorded.slice(0, -1));
      await bench.waitForIssued(program, 60);
      program.child.kill(signal);
      const { code, stdout } = await program.finished;
      expect(code).toBe(130);
      expect(bench.finalSnapshot().state).toBe('interrupted');
      expect(stdout).toContain('the run did not come to its end');
      expect(bench.outcomeState()).toBe('interrupted');
      if (signal === 'SIGINT') return;
      const resumed = bench.start(['aggregate', '--out', bench.file('run')]);
      await player.waitForSubscriber();
      await player.play(recorded.slice(-1));
      await resumed.finished;
      expect(bench.finalSnapshot().state).toBe('complete');
      expect(counterOf(bench.finalSnapshot(), 'tracked_samples_completed')).toBe(60);
      const again = bench.start(['aggregate', '--out', bench.file('run')]);
      expect(await again.finished).toMatchObject({
        code: 2,
        stderr: expect.stringContaining(
          'the run there has come to its end; choose a new directory',
        ) as string,
      });
    },
  );

  it('without a publisher ends after --wait and leaves nothing', async () => {
    const address = `ipc://${bench.file('nobody')}`;
    const program = bench.start([
      'aggregate',
      '--connect',
      address,
      '--out',
      bench.file('run'),
      '--wait',
      '300ms',
    ]);
    expect(await program.finished).toMatchObject({
      code: 3,
      stderr: expect.stringContaining('no event arrived, and no publisher was there for 0.3 s') as string,
    });
    expect(existsSync(bench.file('run'))).toBe(false);
  });

  it('whose publisher goes away ends as interrupted after --wait', async () => {
    const { program, player } = await bench.startAggregator('--wait', '1s');
    await player.play(recorded.slice(0, 5));
    await bench.waitForLoggedMessages(5);
    player.close();
    const { code, stderr } = await program.finished;
    expect(code).toBe(4);
    expect(stderr).toContain('no publisher for 1 s');
    expect(bench.finalSnapshot()).toMatchObject({
      state: 'interrupted',
      extras: { reception: { publishers_lost: 1 } },
    });
  });

  it('whose publisher comes back goes on, and says so', async () => {
    const { program, player } = await bench.startAggregator();
    await player.play(recorded.slice(0, -1));
    await bench.waitForIssued(program, 60);
    player.close();
    const again = await bench.bindPlayer();
    await again.waitForSubscriber();
    await again.play(recorded.slice(-1));
    const { stdout } = await program.finished;
    expect(bench.finalSnapshot()).toMatchObject({
      state: 'complete',
      extras: { reception: { reconnected: 1 } },
    });
    expect(stdout.replace(/\s+/g, ' ')).toContain('a publisher was disconnected and came back 1 time');
  });

  it('of two publishers makes one run of theirs, whatever their clocks say', async () => {
    const [one, two] = [await bench.bindPlayer('one'), await bench.bindPlayer('two')];
    const flags = [
      '--connect',
      one.address,
      '--connect',
      two.address,
      '--streaming',
      'off',
      '--wait',
      '500ms',
    ];
    const program = bench.start(['aggregate', ...flags, '--out', bench.file('run')]);
    await Promise.all([one.waitForSubscriber(), two.waitForSubscriber()]);
    await one.play(sessionOf(5e15, 'a'.repeat(32)));
    await bench.waitForLogged('session.ended');
    // It has ended its session, and may go.
    one.close();
    await sleep(1000);
    await two.play(sessionOf(1e12, 'b'.repeat(32)));
    const { stderr } = await program.finished;
    expect(stderr).toContain('has another clock');
    expect(stderr).not.toContain('no publisher');
    const snapshot = bench.finalSnapshot();
    expect(snapshot.extras.reception).toMatchObject({ publishers_lost: 0, reconnected: 0 });
    expect(snapshot).toMatchObject({
      state: 'complete',
      extras: { run: { published_by: { addresses: [one.address, two.address] } } },
    });
    expect(counterOf(snapshot, 'tracked_samples_completed')).toBe(2);
    const latency = snapshot.metrics.find(({ name }) => name === 'sample_latency_ns');
    expect(latency).toMatchObject({ count: 2, total: 200 });
    // Not the days between the two clocks.
    expect(Number(counterOf(snapshot, 'total_duration_ns'))).toBeLessThan(60e9);
  });

  it('refuses a directory that another one is at work in, or that holds a run of its own kind', async () => {
    const { program } = await bench.startAggregator();
    await program.waitForOutput(/watch it with/);
    const second = bench.start([
      'aggregate',
      '--connect',
      `ipc://${bench.file('x')}`,
      '--out',
      bench.file('run'),
    ]);
    expect(await second.finished).toMatchObject({
      code: 2,
      stderr: expect.stringContaining(`process ${program.pid} is at work`) as string,
    });
    const own = new RecordedRun();
    own.writeHeader();
    const third = bench.start(['aggregate', '--connect', `ipc://${bench.file('x')}`, '--out', own.path]);
    expect(await third.finished).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('not aggregated') as string,
    });
    await own.remove();
  });
});

describe('started by the launcher of MLCommons endpoints', () => {
  it('speaks its handshake, takes its flags and leaves its file where it looks for it', async () => {
    const player = await bench.bindPlayer('ev_pub_1');
    const ready = new Pull({ linger: 0 });
    await ready.bind(`ipc://${bench.file('svc_ready_1')}`);
    mkdirSync(bench.file('metrics'));
    const program = bench.start([
      ...[
        'aggregate',
        '--socket-dir',
        bench.path,
        '--socket-name',
        'ev_pub_1',
        '--metrics-socket',
        'metrics_pub_1',
      ],
      ...['--metrics-output-dir', bench.file('metrics'), '--publish-interval', '0.1', '--drain-timeout', '0'],
      ...['--hdr-sig-figs', '3', '--n-histogram-buckets', '20', '--tokenizer-workers', '2', '--streaming'],
      ...['--early-stopping', '--readiness-path', 'svc_ready_1', '--readiness-id', '3'],
    ]);
    const [report] = await ready.receive();
    ready.close();
    expect([...report!]).toEqual([3]);
    expect(existsSync(bench.file('metrics/.ready'))).toBe(true);
    await player.waitForSubscriber();
    // A Ctrl-C reaches the group; the session decides.
    program.child.kill('SIGINT');
    await player.play(recorded);
    expect(await program.finished).toMatchObject({ code: 0, stdout: '', stderr: '' });
    const snapshot = bench.finalSnapshot('metrics/final_snapshot.json');
    expect(snapshot.state).toBe('complete');
    const ttft = snapshot.metrics.find(({ name }) => name === 'ttft_ns')!;
    expect((ttft.histogram as unknown[]).length).toBe(20);
    expect(Object.keys(ttft.early_stopping_percentiles as object)).toContain('99.0');
    expect(existsSync(bench.file('metrics/inferometer/report.html'))).toBe(true);
  });

  it('has a file of an interrupted run when it is ended before an event came', async () => {
    const player = await bench.bindPlayer('ev_pub_1');
    mkdirSync(bench.file('metrics'));
    const program = bench.start([
      ...[
        'aggregate',
        '--socket-dir',
        bench.path,
        '--socket-name',
        'ev_pub_1',
        '--metrics-socket',
        'metrics_pub_1',
      ],
      ...['--metrics-output-dir', bench.file('metrics')],
    ]);
    await player.waitForSubscriber();
    await waitFor(() => existsSync(bench.file('metrics/.ready')), '.ready');
    program.child.kill('SIGTERM');
    expect((await program.finished).code).toBe(0);
    const snapshot = bench.finalSnapshot('metrics/final_snapshot.json');
    expect(snapshot.state).toBe('interrupted');
    expect(snapshot.metrics.some(({ name }) => name === 'ttft_ns')).toBe(false);
  });

  it('says what it lacks', async () => {
    const program = bench.start([
      'aggregate',
      '--socket-name',
      'x',
      '--metrics-output-dir',
      bench.file('none'),
    ]);
    expect(await program.finished).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('--metrics-output-dir must be a directory that exists') as string,
    });
  });
});

describe('the bus of a run of our own', () => {
  it('is aggregated as the run itself would be, gaps told and the second run refused', async () => {
    const run = new RecordedRun();
    const frames = [run.writeHeader(), run.start(), run.sample(0), run.sample(1), run.sample(2), run.end()];
    const asMessage = ({ bytes }: Frame) => packSingle({ topic: FRAME_TOPIC, payload: bytes });
    const [one, two] = [await bench.bindPlayer('one'), await bench.bindPlayer('two')];
    const program = bench.start([
      ...['aggregate', '--connect', one.address, '--connect', two.address, '--out', bench.file('run')],
    ]);
    await Promise.all([one.waitForSubscriber(), two.waitForSubscriber()]);
    // One is missing, and one comes twice.
    const [header, start, sample, , last, end] = frames.map(asMessage);
    await one.play([header!, start!, sample!, sample!]);
    await waitFor(
      () => existsSync(bench.file('run/run.log')) && readFileSync(bench.file('run/run.log')).length > 500,
      'log',
    );
    await two.play([header!]);
    await program.waitForOutput(/refused a second run of Inferometer/);
    await one.play([last!, end!]);
    const { stderr, stdout } = await program.finished;
    expect(stderr).toContain('1 frame before the next one never arrived');
    const snapshot = bench.finalSnapshot();
    expect(snapshot).toMatchObject({
      state: 'complete',
      extras: { reception: { frames_missed: 1, messages_refused: 1 }, run: { run_id: run.header.run_id } },
    });
    expect(counterOf(snapshot, 'tracked_samples_completed')).toBe(2);
    expect(stdout.replace(/\s+/g, ' ')).toContain('1 frame of the publisher never arrived');
    await run.remove();
  });
});
