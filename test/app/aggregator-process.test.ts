import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { encodeAggregatorOrders, encodeFrameCount } from '../../src/app/fold/aggregator-orders.ts';
import { SnapshotCodec } from '../../src/metrics/snapshot-codec.ts';
import { SnapshotSubscriber } from '../../src/metrics/snapshot-subscriber.ts';
import { FRAME_CODEC } from '../../src/transport/frame-codec.ts';
import { createSocketDirectory, type SocketDirectory } from '../../src/transport/zmq/address.ts';
import { bindPublisher, type ZmqPublisher } from '../../src/transport/zmq/publisher.ts';
import { bindReadyHost } from '../../src/transport/zmq/ready.ts';
import { connectSubscriber } from '../../src/transport/zmq/subscriber.ts';
import type { Frame } from '../../src/transport/frame.ts';
import { RecordedRun } from './recorded-run.ts';

const ENTRY = resolve(import.meta.dirname, '../../src/app/fold/aggregator.main.ts');

let run: RecordedRun;
let sockets: SocketDirectory;
let events: ZmqPublisher<Frame>;
let snapshots: SnapshotSubscriber;
let child: ChildProcess;
let errors: string;

beforeEach(async () => {
  run = new RecordedRun();
  run.writeHeader();
  sockets = await createSocketDirectory();
  events = await bindPublisher(FRAME_CODEC, sockets.freshAddress('ev_pub'));
  const snapshotsAddress = sockets.freshAddress('metrics_pub');
  snapshots = new SnapshotSubscriber({
    subscriber: await connectSubscriber(new SnapshotCodec(), snapshotsAddress, { conflate: true }),
  });
  const host = await bindReadyHost(sockets.freshAddress('svc_ready'));
  const options = encodeAggregatorOrders({
    ...{ logPath: run.logPath, finalPath: run.finalPath, eventsAddress: events.address, snapshotsAddress },
    ...{ ready: { address: host.address, id: 3 }, publishIntervalMs: 20, drainTimeoutMs: 0, restarts: 0 },
    socketDirectory: sockets.path,
  });
  child = spawn(process.execPath, [ENTRY], { stdio: ['pipe', 'ignore', 'pipe'] });
  child.stdin!.write(options);
  errors = '';
  child.stderr!.setEncoding('utf8').on('data', (text: string) => (errors += text));
  expect(await host.waitForReady(1, 15_000)).toEqual([3]);
});
afterEach(async () => {
  if (child.exitCode === null && child.signalCode === null) child.kill('SIGKILL');
  await snapshots.close();
  await events.close();
  await sockets.remove();
  await run.remove();
});

const exitOf = async () => (child.exitCode !== null ? [child.exitCode, null] : once(child, 'exit'));
const finalSnapshot = () =>
  JSON.parse(readFileSync(run.finalPath, 'utf8')) as {
    state: string;
    metrics: { name: string; value: number }[];
  };
const counter = (name: string) => finalSnapshot().metrics.find((metric) => metric.name === name)?.value;

async function untilLive(): Promise<void> {
  while (snapshots.latest?.state !== 'live') await new Promise((resolve_) => setTimeout(resolve_, 10));
}

describe('the aggregator process', () => {
  it('publishes live snapshots, ends with the final one in file and frame, and exits', async () => {
    events.publish(run.start());
    events.publish(run.sample(0));
    await untilLive();
    events.publish(run.sample(1));
    events.publish(run.end());
    expect(await exitOf(), errors).toEqual([0, null]);
    expect(finalSnapshot().state).toBe('complete');
    expect(counter('tracked_samples_succeeded')).toBe(2);
    expect((await snapshots.waitForTerminal(5000))?.state).toBe('complete');
  });

  it('heals what the stream never brought from the log, the end included', async () => {
    run.start();
    events.publish(run.sample(0));
    run.sample(1);
    run.end();
    expect(await exitOf(), errors).toEqual([0, null]);
    expect(counter('tracked_samples_succeeded')).toBe(2);
  });

  it('goes on behind a frame that is broken in the log and was not in the stream, and counts it', async () => {
    events.publish(run.start());
    await untilLive();
    child.kill('SIGSTOP');
    events.publish(run.sample(0));
    run.breakLast(run.sample(1));
    events.publish(run.sample(2));
    events.publish(run.end());
    child.kill('SIGCONT');
    expect(await exitOf(), errors).toEqual([0, null]);
    expect(finalSnapshot()).toMatchObject({
      state: 'complete',
      extras: { event_stream: { lost_frames: 1 } },
    });
    expect(counter('tracked_samples_succeeded')).toBe(2);
    expect(errors).toMatch(/is corrupt at byte \d+/);
  });

  it('does not wait for an end that is broken once it is told that the run is over', async () => {
    events.publish(run.start());
    await untilLive();
    child.kill('SIGSTOP');
    events.publish(run.sample(0));
    run.breakLast(run.end());
    child.stdin!.write(encodeFrameCount(run.writer.nextSeq));
    child.kill('SIGCONT');
    expect(await exitOf(), errors).toEqual([0, null]);
    expect(finalSnapshot()).toMatchObject({
      state: 'interrupted',
      extras: { event_stream: { lost_frames: 1 } },
    });
    expect(counter('tracked_samples_succeeded')).toBe(1);
  });

  it('writes an interrupted file at SIGTERM and exits', async () => {
    events.publish(run.start());
    events.publish(run.sample(0));
    await untilLive();
    child.kill('SIGTERM');
    expect(await exitOf(), errors).toEqual([0, null]);
    expect(finalSnapshot().state).toBe('interrupted');
    expect(counter('tracked_samples_issued')).toBe(1);
    expect(counter('tracked_duration_ns')).toBeGreaterThan(0);
  });

  it('does nothing at SIGINT: the end of the run decides', async () => {
    events.publish(run.start());
    await untilLive();
    child.kill('SIGINT');
    await new Promise((resolve_) => setTimeout(resolve_, 1000));
    expect(existsSync(run.finalPath)).toBe(false);
    expect(child.exitCode).toBeNull();
    expect(child.signalCode).toBeNull();
    events.publish(run.end());
    expect(await exitOf(), errors).toEqual([0, null]);
  });

  it('ends with an interrupted file when the process that started it is gone', async () => {
    events.publish(run.start());
    await untilLive();
    child.stdin!.destroy();
    expect(await exitOf(), errors).toEqual([0, null]);
    expect(finalSnapshot().state).toBe('interrupted');
    expect(existsSync(sockets.path)).toBe(false);
  });

  it('ends in silence when it is never told what to do', async () => {
    const idle = spawn(process.execPath, [ENTRY], { stdio: ['pipe', 'inherit', 'inherit'] });
    idle.stdin.end();
    expect(await once(idle, 'exit')).toEqual([0, null]);
  });
});
