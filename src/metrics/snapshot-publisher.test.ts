import { existsSync, mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createLog } from '../core/log.ts';
import { bindMemoryPublisher, connectMemorySubscriber, MemoryBus } from '../transport/memory.ts';
import type { MessagePublisher } from '../transport/message.ts';
import { MetricsRegistry } from './registry.ts';
import { SnapshotCodec } from './snapshot-codec.ts';
import { parseSnapshotJson } from './snapshot-json.ts';
import { SnapshotPublisher, type LiveStatus } from './snapshot-publisher.ts';
import { SnapshotSubscriber } from './snapshot-subscriber.ts';
import type { MetricsSnapshot } from './snapshot.ts';

const LIVE: LiveStatus = { state: 'live', pendingTaskCount: 0 };
const DONE = { pendingTaskCount: 0, interrupted: false };
const INTERVAL_MS = 2;

let folder: string;
let lines: string[];
let registry: MetricsRegistry;
let received: MetricsSnapshot[];
let subscriber: SnapshotSubscriber;
let bus: MessagePublisher<MetricsSnapshot>;
let publisher: SnapshotPublisher;

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'publisher-'));
  lines = [];
  received = [];
  const memory = new MemoryBus();
  bus = await bindMemoryPublisher(memory, new SnapshotCodec(), 'snapshots');
  subscriber = new SnapshotSubscriber({
    subscriber: await connectMemorySubscriber(memory, new SnapshotCodec(), 'snapshots'),
    onSnapshot: (snapshot) => received.push(snapshot),
  });
  registry = new MetricsRegistry({ log: createLog(() => undefined) });
  publisher = publisherTo(bus, join(folder, 'final_snapshot.json'));
});

afterEach(async () => {
  await publisher.close();
  await subscriber.close();
  rmSync(folder, { recursive: true });
});

function publisherTo(
  target: MessagePublisher<MetricsSnapshot>,
  finalPath: string | undefined,
): SnapshotPublisher {
  const log = createLog((line) => lines.push(line));
  return new SnapshotPublisher({ registry, publisher: target, finalPath, nowNs: () => 42n, log });
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 1));
}

describe('live snapshots', () => {
  it('are published again and again, with the state of the moment', async () => {
    let ticks = 0;
    publisher.start(INTERVAL_MS, () => ({ state: 'live', pendingTaskCount: ++ticks, extras: { ticks } }));
    expect(publisher.ticking).toBe(true);
    await until(() => received.length >= 3);
    expect(received.slice(0, 3)).toEqual(
      [1, 2, 3].map((n) => ({
        counter: n,
        timestampNs: 42,
        state: 'live',
        pendingTaskCount: n,
        metrics: [],
        extras: { ticks: n },
      })),
    );
  });

  it.each([0, -1, NaN])('are refused every %d ms', (intervalMs) => {
    expect(() => publisher.start(intervalMs, () => LIVE)).toThrow(
      expect.objectContaining({ code: 'INFEROMETER_METRICS_INTERVAL' }),
    );
    expect(publisher.ticking).toBe(false);
  });

  it('are started once, and a second time is warned of', async () => {
    let second = 0;
    publisher.start(INTERVAL_MS, () => LIVE);
    publisher.start(INTERVAL_MS, () => {
      second += 1;
      return LIVE;
    });
    await until(() => received.length >= 2);
    expect(second).toBe(0);
    expect(lines).toEqual(['warning: snapshot publisher: started already, ignored']);
  });

  it('go on after a tick that failed', async () => {
    let ticks = 0;
    publisher.start(INTERVAL_MS, () => {
      if (++ticks === 1) throw new Error('not now');
      return LIVE;
    });
    await until(() => received.length >= 1);
    expect(lines).toEqual(['error: snapshot publisher: tick failed: not now']);
  });

  it('stop at close', async () => {
    let ticks = 0;
    publisher.start(INTERVAL_MS, () => {
      ticks += 1;
      return LIVE;
    });
    await until(() => ticks > 0);
    await publisher.close();
    const ticksAtClose = ticks;
    expect(publisher.ticking).toBe(false);
    await new Promise((resolve) => setTimeout(resolve, 10 * INTERVAL_MS));
    expect(ticks).toBe(ticksAtClose);
  });
});

describe('the final snapshot', () => {
  it('is written whole and published', async () => {
    registry.registerCounter('issued').add(2);
    const final = await publisher.publishFinal(DONE);
    expect(readdirSync(folder)).toEqual(['final_snapshot.json']);
    const file = parseSnapshotJson(readFileSync(join(folder, 'final_snapshot.json'), 'utf8'));
    expect(file).toEqual({ ...final, timestampNs: 42 });
    expect([file.state, file.pendingTaskCount]).toEqual(['complete', 0]);
    expect(await subscriber.waitForTerminal(5000)).toEqual(file);
  });

  it('says that the run was interrupted, and what was pending', async () => {
    await publisher.publishFinal({ pendingTaskCount: 3, interrupted: true, extras: { reason: 'SIGTERM' } });
    const file = parseSnapshotJson(readFileSync(join(folder, 'final_snapshot.json'), 'utf8'));
    expect([file.state, file.pendingTaskCount, file.extras]).toEqual([
      'interrupted',
      3,
      { reason: 'SIGTERM' },
    ]);
  });

  it('is exact when complete and approximate when interrupted', async () => {
    registry.registerSeries('latency_ns', { hdrLow: 1, hdrHigh: 1e12 }).record(1_234_567);
    const complete = await publisher.publishFinal(DONE);
    const interrupted = await publisherTo(bus, undefined).publishFinal({ ...DONE, interrupted: true });
    const medians = [complete, interrupted].map(({ metrics: [series] }) =>
      series?.type === 'series' ? series.percentiles['50.0'] : undefined,
    );
    expect(medians[0]).toBe(1_234_567);
    expect(medians[1]).toBeGreaterThan(1_234_567);
  });

  it('is the last one: no tick comes after it', async () => {
    publisher.start(INTERVAL_MS, () => LIVE);
    await until(() => received.length >= 1);
    await publisher.publishFinal(DONE);
    expect(publisher.ticking).toBe(false);
    await subscriber.waitForTerminal(5000);
    await new Promise((resolve) => setTimeout(resolve, 10 * INTERVAL_MS));
    expect(received.at(-1)!.state).toBe('complete');
    expect(received.filter(({ state }) => state === 'complete')).toHaveLength(1);
    expect(received.map(({ counter }) => counter)).toEqual(received.map((_, i) => i + 1));
  });

  it('comes once, however often it is asked for', async () => {
    const first = publisher.publishFinal(DONE);
    const second = publisher.publishFinal({ pendingTaskCount: 9, interrupted: true });
    expect(await second).toBe(await first);
    await subscriber.waitForTerminal(5000);
    expect(received).toHaveLength(1);
  });

  it('is published although the file cannot be written', async () => {
    writeFileSync(join(folder, 'a-file'), '');
    const path = join(folder, 'a-file', 'final_snapshot.json');
    await publisherTo(bus, path).publishFinal(DONE);
    expect((await subscriber.waitForTerminal(5000))?.state).toBe('complete');
    expect(received).toHaveLength(1);
    expect(existsSync(path)).toBe(false);
    expect(lines).toEqual([expect.stringMatching(/^error: final snapshot: cannot write .*ENOTDIR/)]);
  });

  it('is written although it cannot be published', async () => {
    const broken: MessagePublisher<MetricsSnapshot> = {
      ...bus,
      publish: () => {
        throw new Error('no socket');
      },
    };
    await publisherTo(broken, join(folder, 'final_snapshot.json')).publishFinal(DONE);
    expect(existsSync(join(folder, 'final_snapshot.json'))).toBe(true);
    expect(lines).toEqual(['error: final snapshot: cannot publish: no socket']);
  });

  it('gets out although the publisher is closed right after', async () => {
    void publisher.publishFinal(DONE);
    await publisher.close();
    expect((await subscriber.waitForTerminal(5000))?.state).toBe('complete');
  });

  it('needs no file', async () => {
    await publisherTo(bus, undefined).publishFinal(DONE);
    expect(readdirSync(folder)).toEqual([]);
    expect(lines).toEqual([]);
  });

  it('leaves nothing to start', async () => {
    await publisher.publishFinal(DONE);
    publisher.start(INTERVAL_MS, () => LIVE);
    expect(publisher.ticking).toBe(false);
  });
});

describe('closing', () => {
  it('may be asked for twice', async () => {
    await Promise.all([publisher.close(), publisher.close()]);
    bus.publish(registry.buildSnapshot({ timestampNs: 1, ...LIVE }));
    await new Promise((resolve) => setTimeout(resolve, 5));
    expect(received).toEqual([]);
  });
});
