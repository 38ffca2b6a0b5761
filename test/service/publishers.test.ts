import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { waitFor } from '../process/program.ts';
import { counterOf, recordMessage, ServiceBench, sessionOf } from './service-bench.ts';

let bench: ServiceBench;
beforeEach(() => {
  bench = new ServiceBench();
});
afterEach(() => bench.end());

const UUID = 'ab'.repeat(16);

it('samples of two publishers with the same ids are two samples', async () => {
  const [one, two] = [await bench.bindPlayer('one'), await bench.bindPlayer('two')];
  const connect = ['--connect', one.address, '--connect', two.address];
  const program = bench.start([
    ...['aggregate', ...connect, '--streaming', 'off', '--out', bench.file('run')],
  ]);
  await Promise.all([one.waitForSubscriber(), two.waitForSubscriber()]);
  const startNs = 1e12;
  const begin = [
    recordMessage('session.started', startNs),
    recordMessage('session.start_performance_tracking', startNs),
    recordMessage('sample.issued', startNs + 100, UUID),
  ];
  const end = (latencyNs: number) => [
    recordMessage('sample.complete', startNs + 100 + latencyNs, UUID),
    recordMessage('session.stop_performance_tracking', startNs + 1000),
    recordMessage('session.ended', startNs + 1000),
  ];
  // Both are under way at once.
  await one.play(begin);
  await bench.waitForLogged('sample.issued');
  await two.play(begin);
  const log = bench.file('run/run.log');
  await waitFor(() => readFileSync(log, 'latin1').split('sample.issued').length > 4, 'both in the log');
  await two.play(end(300));
  await one.play(end(200));
  const { code, stderr } = await program.finished;
  expect([0, 5], stderr).toContain(code);
  const snapshot = bench.finalSnapshot();
  expect(counterOf(snapshot, 'tracked_samples_issued')).toBe(2);
  expect(counterOf(snapshot, 'tracked_samples_completed')).toBe(2);
  const latency = snapshot.metrics.find(({ name }) => name === 'sample_latency_ns');
  expect(latency).toMatchObject({ count: 2, min: 200, max: 300 });
});

describe('a publisher that goes away and returns', () => {
  it('in the middle of a sample completes it', async () => {
    const { program, player } = await bench.startAggregator('--streaming', 'off');
    const messages = sessionOf(1e12, UUID);
    await player.play(messages.slice(0, 3));
    await bench.waitForLogged('sample.issued');
    player.close();
    await program.waitForOutput(/went away before its session ended/);
    const again = await bench.bindPlayer();
    await again.waitForSubscriber();
    await program.waitForOutput(/is back; what it published meanwhile is missing/);
    await again.play(messages.slice(3));
    const { stdout } = await program.finished;
    expect(bench.finalSnapshot()).toMatchObject({
      state: 'complete',
      extras: { reception: { reconnected: 1 }, in_flight: 0 },
    });
    expect(counterOf(bench.finalSnapshot(), 'tracked_samples_completed')).toBe(1);
    expect(stdout).toContain('DEGRADED');
  });

  it('with a new session, as one that was started again, goes on with it', async () => {
    const { program, player } = await bench.startAggregator('--streaming', 'off');
    await player.play(sessionOf(1e12, UUID).slice(0, 3));
    await bench.waitForLogged('sample.issued');
    player.close();
    await program.waitForOutput(/went away before its session ended/);
    const again = await bench.bindPlayer();
    await again.waitForSubscriber();
    await again.play(sessionOf(1e12 + 5e9, 'cd'.repeat(16)));
    await program.finished;
    const snapshot = bench.finalSnapshot();
    expect(snapshot).toMatchObject({ state: 'complete', extras: { in_flight: 1 } });
    expect(counterOf(snapshot, 'tracked_samples_issued')).toBe(2);
    expect(counterOf(snapshot, 'tracked_samples_completed')).toBe(1);
  });

  it('after --wait is too late, and the others end the run', async () => {
    const [one, two] = [await bench.bindPlayer('one'), await bench.bindPlayer('two')];
    const connect = ['--connect', one.address, '--connect', two.address];
    const program = bench.start([
      ...['aggregate', ...connect, '--wait', '600ms', '--streaming', 'off', '--out', bench.file('run')],
    ]);
    await Promise.all([one.waitForSubscriber(), two.waitForSubscriber()]);
    const messages = sessionOf(1e12, UUID);
    await two.play(messages.slice(0, 3));
    await bench.waitForLogged('sample.issued');
    two.close();
    await program.waitForOutput(/no publisher for 0.6 s/);
    const again = await bench.bindPlayer('two');
    await again.waitForSubscriber();
    await again.play(messages.slice(3, 4));
    await bench.waitForLogged('sample.complete');
    await one.play(sessionOf(1e12, UUID));
    const { code, stderr } = await program.finished;
    expect([0, 5], stderr).toContain(code);
    expect(bench.finalSnapshot()).toMatchObject({
      state: 'complete',
      extras: { reception: { publishers_lost: 1 }, in_flight: 1 },
    });
  });
});

it('a publisher keeps what an aggregator that was stopped does not take, and nothing is lost', async () => {
  const samples = 4000;
  const { program, player } = await bench.startAggregator('--streaming', 'off');
  const session = sessionOf(1e12, UUID);
  await player.play(session.slice(0, 2));
  await bench.waitForLogged('session.start_performance_tracking');
  program.child.kill('SIGSTOP');
  for (let number = 0; number < samples; number++) {
    const uuid = number.toString(16).padStart(32, '0');
    const atNs = 1e12 + 100 * number;
    const data = ['PromptData', 'x'.repeat(1000), null, null, null, null, null, null];
    await player.play([
      recordMessage('sample.issued', atNs, uuid, { data }),
      recordMessage('sample.complete', atNs + 50, uuid),
    ]);
  }
  await player.play([
    recordMessage('session.stop_performance_tracking', 1e12 + 1e9),
    recordMessage('session.ended', 1e12 + 1e9),
  ]);
  await sleep(500);
  program.child.kill('SIGCONT');
  const { code, stderr } = await program.finished;
  expect([0, 5], stderr).toContain(code);
  expect(counterOf(bench.finalSnapshot(), 'tracked_samples_completed')).toBe(samples);
  expect(bench.finalSnapshot()).toMatchObject({ state: 'complete', extras: { in_flight: 0 } });
});

it('a launcher that cannot be reached is a warning, and what arrives is aggregated', async () => {
  const player = await bench.bindPlayer();
  mkdirSync(bench.file('metrics'));
  const program = bench.start([
    ...['aggregate', '--connect', player.address, '--socket-dir', bench.path],
    ...['--metrics-output-dir', bench.file('metrics'), '--readiness-path', 'nowhere/svc_ready'],
  ]);
  await player.waitForSubscriber();
  await waitFor(() => existsSync(bench.file('metrics/.ready')), '.ready');
  await player.play(sessionOf(1e12, UUID));
  const { code, stderr } = await program.finished;
  expect(code).toBe(0);
  expect(stderr).toMatch(/svc_ready: nobody there to report to within 5 s/);
  expect(stderr).not.toContain('WARNING');
  expect(bench.finalSnapshot('metrics/final_snapshot.json').state).toBe('complete');
});
