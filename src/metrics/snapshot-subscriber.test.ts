import { describe, expect, it } from 'vitest';
import { SILENT_LOG } from '../core/log.ts';
import { bindMemoryPublisher, connectMemorySubscriber, MemoryBus } from '../transport/memory.ts';
import { MetricsRegistry } from './registry.ts';
import { SnapshotCodec } from './snapshot-codec.ts';
import { SnapshotSubscriber } from './snapshot-subscriber.ts';
import type { MetricsSnapshot, SessionState } from './snapshot.ts';

interface Wire {
  publish(state: SessionState): void;
  subscribe(options?: {
    conflate?: boolean;
    onSnapshot?: (snapshot: MetricsSnapshot) => void;
  }): Promise<SnapshotSubscriber>;
}

async function wireOf(registry = new MetricsRegistry({ log: SILENT_LOG })): Promise<Wire> {
  const bus = new MemoryBus();
  const publisher = await bindMemoryPublisher(bus, new SnapshotCodec(), 'snapshots');
  return {
    publish: (state) =>
      publisher.publish(registry.buildSnapshot({ timestampNs: 1, state, pendingTaskCount: 0 })),
    subscribe: async ({ conflate = true, ...rest } = {}) => {
      const subscriber = await connectMemorySubscriber(bus, new SnapshotCodec(), 'snapshots', { conflate });
      return new SnapshotSubscriber({ subscriber, ...rest });
    },
  };
}

/** The bus delivers in the next turn of the event loop. */
function delivered(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 5));
}

describe('SnapshotSubscriber', () => {
  it('knows nothing at first', async () => {
    const subscriber = await (await wireOf()).subscribe();
    expect([subscriber.latest, subscriber.terminal]).toEqual([undefined, undefined]);
    await subscriber.close();
  });

  it('has the live snapshot first, then the complete one', async () => {
    const wire = await wireOf();
    const subscriber = await wire.subscribe();
    wire.publish('live');
    await delivered();
    expect([subscriber.latest?.state, subscriber.terminal]).toEqual(['live', undefined]);
    wire.publish('complete');
    expect((await subscriber.waitForTerminal(5000))?.counter).toBe(2);
    expect(subscriber.latest).toBe(subscriber.terminal);
    await subscriber.close();
  });

  it('hands on every snapshot, in order', async () => {
    const wire = await wireOf();
    const states: SessionState[] = [];
    const subscriber = await wire.subscribe({
      conflate: false,
      onSnapshot: ({ state }) => states.push(state),
    });
    (['initialize', 'live', 'draining', 'interrupted'] as const).forEach((state) => wire.publish(state));
    await subscriber.waitForTerminal(5000);
    expect(states).toEqual(['initialize', 'live', 'draining', 'interrupted']);
    await subscriber.close();
  });

  it('keeps the first terminal snapshot', async () => {
    const wire = await wireOf();
    const subscriber = await wire.subscribe({ conflate: false });
    (['interrupted', 'complete', 'live'] as const).forEach((state) => wire.publish(state));
    await delivered();
    expect(subscriber.terminal?.state).toBe('interrupted');
    expect(subscriber.latest?.state).toBe('live');
    expect((await subscriber.waitForTerminal(0))?.state).toBe('interrupted');
    await subscriber.close();
  });

  it('waits no longer than told', async () => {
    const subscriber = await (await wireOf()).subscribe();
    expect(await subscriber.waitForTerminal(5)).toBeUndefined();
    await subscriber.close();
  });

  it('waits for nothing once closed', async () => {
    const subscriber = await (await wireOf()).subscribe();
    const waiting = subscriber.waitForTerminal(60_000);
    await subscriber.close();
    expect(await waiting).toBeUndefined();
    await subscriber.close();
  });

  it('sees several metrics as they were recorded', async () => {
    const registry = new MetricsRegistry({ log: SILENT_LOG });
    registry.registerCounter('issued').add(2);
    registry.registerCounter('completed').add(2);
    const series = registry.registerSeries('latency_ns', { hdrLow: 1, hdrHigh: 1e12 });
    for (const value of [1_000_000, 3_000_000]) series.record(value);
    const wire = await wireOf(registry);
    const subscriber = await wire.subscribe();
    wire.publish('complete');
    expect((await subscriber.waitForTerminal(5000))?.metrics).toEqual([
      expect.objectContaining({ name: 'issued', value: 2 }),
      expect.objectContaining({ name: 'completed', value: 2 }),
      expect.objectContaining({
        name: 'latency_ns',
        count: 2,
        total: 4_000_000,
        sumSqExact: 10_000_000_000_000n,
      }),
    ]);
    await subscriber.close();
  });
});
