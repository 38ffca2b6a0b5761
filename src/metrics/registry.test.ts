import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { SILENT_LOG } from '../core/log.ts';
import { MetricsRegistry } from './registry.ts';
import { SESSION_STATES, type MetricsSnapshot, type SessionState } from './snapshot.ts';

const NS_SERIES = { hdrLow: 1, hdrHigh: 3_600_000_000_000 };

function snapshotOf(registry: MetricsRegistry, state: SessionState = 'live'): MetricsSnapshot {
  return registry.buildSnapshot({ timestampNs: 5, state, pendingTaskCount: 0 });
}

describe('MetricsRegistry', () => {
  it('shows counters first, then series, each in the order registered', () => {
    const registry = new MetricsRegistry({ log: SILENT_LOG });
    registry.registerSeries('b', NS_SERIES);
    registry.registerCounter('z');
    registry.registerSeries('a', NS_SERIES);
    registry.registerCounter('y', { valueKind: 'float' });
    const { metrics } = snapshotOf(registry);
    expect(metrics.map(({ type, name, valueKind }) => [type, name, valueKind])).toEqual([
      ['counter', 'z', 'int'],
      ['counter', 'y', 'float'],
      ['series', 'b', 'int'],
      ['series', 'a', 'int'],
    ]);
  });

  it('shows what was counted, set and recorded', () => {
    const registry = new MetricsRegistry({ log: SILENT_LOG });
    registry.registerCounter('issued').add(2);
    registry.registerCounter('duration_ns').set(9);
    registry.registerSeries('latency_ns', NS_SERIES).record(100);
    expect(snapshotOf(registry).metrics).toEqual([
      expect.objectContaining({ name: 'issued', value: 2 }),
      expect.objectContaining({ name: 'duration_ns', value: 9 }),
      expect.objectContaining({ name: 'latency_ns', count: 1, total: 100 }),
    ]);
  });

  it('numbers its snapshots from 1', () => {
    const registry = new MetricsRegistry({ log: SILENT_LOG });
    expect([1, 2, 3].map(() => snapshotOf(registry).counter)).toEqual([1, 2, 3]);
  });

  it('passes on the moment and the extras', () => {
    const registry = new MetricsRegistry({ log: SILENT_LOG });
    const moment = { timestampNs: 2n ** 60n, state: 'draining', pendingTaskCount: 3 } as const;
    expect(registry.buildSnapshot({ ...moment, extras: { runId: 'r' } })).toEqual({
      counter: 1,
      ...moment,
      metrics: [],
      extras: { runId: 'r' },
    });
    expect('extras' in registry.buildSnapshot(moment)).toBe(false);
  });

  it('is exact when complete and in no other state', () => {
    const registry = new MetricsRegistry({ log: SILENT_LOG });
    const series = registry.registerSeries('latency_ns', { ...NS_SERIES, earlyStopping: true });
    for (let i = 0; i < 10; i++) series.record(1_234_567);
    const exactStates = SESSION_STATES.filter((state) => {
      const [metric] = snapshotOf(registry, state).metrics;
      if (metric?.type !== 'series') throw new Error('no series');
      expect(metric.earlyStoppingPercentiles !== null).toBe(metric.percentiles['50.0'] === 1_234_567);
      return metric.percentiles['50.0'] === 1_234_567;
    });
    expect(exactStates).toEqual(['complete']);
  });

  it('builds the same complete snapshot again', () => {
    const registry = new MetricsRegistry({ log: SILENT_LOG });
    const series = registry.registerSeries('latency_ns', { ...NS_SERIES, earlyStopping: true });
    for (let i = 0; i < 1000; i++) series.record((i * 7919) % 1000);
    expect(snapshotOf(registry, 'complete').metrics).toEqual(snapshotOf(registry, 'complete').metrics);
  });

  it('has each name once, whatever the kind', () => {
    const registry = new MetricsRegistry({ log: SILENT_LOG });
    registry.registerCounter('c');
    registry.registerSeries('s', NS_SERIES);
    const taken = expect.objectContaining({ code: 'INFEROMETER_METRICS_NAME' }) as Error;
    expect(() => registry.registerCounter('c')).toThrow(taken);
    expect(() => registry.registerSeries('s', NS_SERIES)).toThrow(taken);
    expect(() => registry.registerCounter('s')).toThrow(taken);
    expect(() => registry.registerSeries('c', NS_SERIES)).toThrow(taken);
  });

  it('is as exact with a spill file as without', () => {
    const folder = mkdtempSync(join(tmpdir(), 'registry-'));
    const registry = new MetricsRegistry({ log: SILENT_LOG });
    const spilled = { rawBudgetBytes: 0, spillDirectory: folder };
    const samplers = [
      registry.registerSeries('in_memory', NS_SERIES),
      registry.registerSeries('in_file', { ...NS_SERIES, ...spilled }),
    ];
    for (let i = 0; i < 200_000; i++) for (const series of samplers) series.record((i * 7919) % 1_000_003);
    const [inMemory, inFile] = snapshotOf(registry, 'complete').metrics;
    expect({ ...inFile, name: '' }).toEqual({ ...inMemory, name: '' });
    registry.close();
    rmSync(folder, { recursive: true });
  });
});
