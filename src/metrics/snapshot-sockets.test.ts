import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SILENT_LOG } from '../core/log.ts';
import { monotonicNs } from '../core/time.ts';
import { createSocketDirectory, type SocketDirectory } from '../transport/zmq/address.ts';
import { bindPublisher } from '../transport/zmq/publisher.ts';
import { connectSubscriber } from '../transport/zmq/subscriber.ts';
import { MetricsRegistry } from './registry.ts';
import { SnapshotCodec } from './snapshot-codec.ts';
import { parseSnapshotJson } from './snapshot-json.ts';
import { SnapshotPublisher } from './snapshot-publisher.ts';
import { SnapshotSubscriber } from './snapshot-subscriber.ts';
import type { MetricsSnapshot } from './snapshot.ts';

let place: string;
let sockets: SocketDirectory;
beforeEach(async () => {
  place = await mkdtemp(join(tmpdir(), 'inferometer-snapshots-'));
  sockets = await createSocketDirectory();
});
afterEach(async () => {
  await sockets.remove();
  await rm(place, { recursive: true });
});

/** A registry that publishes over a real socket, and a subscriber that conflates, connected first. */
async function wired() {
  const address = sockets.freshAddress('metrics_pub');
  const seen: MetricsSnapshot[] = [];
  const subscriber = new SnapshotSubscriber({
    subscriber: await connectSubscriber(new SnapshotCodec(), address, { conflate: true }),
    onSnapshot: (snapshot) => seen.push(snapshot),
  });
  const socket = await bindPublisher(new SnapshotCodec(), address, { sendHighWaterMark: 4 });
  await socket.waitForSubscribers(1, 5000);
  const registry = new MetricsRegistry({ log: SILENT_LOG });
  const finalPath = join(place, 'final_snapshot.json');
  const publisher = new SnapshotPublisher({
    ...{ registry, publisher: socket, finalPath, nowNs: monotonicNs, log: SILENT_LOG },
  });
  const close = async () => {
    await publisher.close();
    await subscriber.close();
  };
  return { registry, publisher, subscriber, seen, finalPath, close };
}

describe('snapshots over real sockets', () => {
  it('end with the same snapshot in the file and at the subscriber', async () => {
    const { registry, publisher, subscriber, finalPath, close } = await wired();
    registry.registerCounter('total_samples_completed').add(1);
    await publisher.publishFinal({ pendingTaskCount: 0, interrupted: false });
    const received = await subscriber.waitForTerminal(5000);
    expect(received).toMatchObject({ state: 'complete', pendingTaskCount: 0 });
    expect(subscriber.latest).toBe(received);
    expect(parseSnapshotJson(await readFile(finalPath, 'utf8'))).toEqual(received);
    await close();
  });

  it('are live first and complete at last, and no live one follows', async () => {
    const { registry, publisher, subscriber, seen, close } = await wired();
    const counter = registry.registerCounter('total_samples_issued');
    publisher.start(5, () => ({ state: 'live', pendingTaskCount: counter.value }));
    while (seen.length < 3) await new Promise((resolve) => setTimeout(resolve, 5));
    expect(subscriber.latest?.state).toBe('live');
    expect(subscriber.terminal).toBeUndefined();
    await publisher.publishFinal({ pendingTaskCount: 0, interrupted: false });
    await subscriber.waitForTerminal(5000);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(seen.map(({ state }) => state).filter((state, i, all) => state !== all[i - 1])).toEqual([
      'live',
      'complete',
    ]);
    const numbers = seen.map((snapshot) => snapshot.counter);
    expect(numbers).toEqual(numbers.toSorted((a, b) => a - b));
    await close();
  });

  it('carry all metrics', async () => {
    const { registry, publisher, finalPath, close } = await wired();
    registry.registerCounter('total_samples_issued').add(2);
    registry.registerCounter('total_samples_completed').add(2);
    const ttft = registry.registerSeries('ttft_ns', { hdrLow: 1, hdrHigh: 3_600_000_000_000 });
    ttft.record(1_000_000);
    ttft.record(3_000_000);
    await publisher.publishFinal({ pendingTaskCount: 0, interrupted: false });
    expect(JSON.parse(await readFile(finalPath, 'utf8'))).toMatchObject({
      metrics: [
        { name: 'total_samples_issued', value: 2 },
        { name: 'total_samples_completed', value: 2 },
        { name: 'ttft_ns', count: 2, total: 4_000_000 },
      ],
    });
    await close();
  });
});
