import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SILENT_LOG } from '../core/log.ts';
import { boundNs } from '../core/run-history.ts';
import { decodeWindows, encodeWindowsFrame } from '../events/lateness-windows.ts';
import { MetricsRegistry } from '../metrics/registry.ts';
import { FRAME_HEADER_BYTES } from '../transport/frame.ts';
import { LatenessCursor } from '../events/lateness-cursor.ts';
import { HistoryRecorder } from './history-recorder.ts';
import { LatenessRecorder } from './lateness-recorder.ts';
import { registerRunMetrics } from './run-metrics.ts';

const MS = 1e6;
const QUIET = {
  ...{ worker: 0, fromNs: 0, toNs: 1000 * MS },
  ...{ reads: 5000, together: 1, late: [0, 5000], unseen: [0, 5000], waits: [0, 5000] },
};

function recorder() {
  const metrics = registerRunMetrics(new MetricsRegistry({ log: SILENT_LOG }), { streaming: true });
  const history = new HistoryRecorder(metrics);
  history.goTo(0);
  return { metrics, history, lateness: new LatenessRecorder(metrics, history.bounds) };
}

describe('LatenessCursor', () => {
  it('finds the window of each read as a search of all does', () => {
    const steps = fc.array(
      fc.tuple(
        fc.integer({ min: 1, max: 50 }),
        fc.integer({ min: 0, max: 20 }),
        fc.integer({ min: 0, max: 90 }),
      ),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(
        steps,
        fc.array(fc.integer({ min: 0, max: 3000 })),
        fc.integer({ min: 1, max: 9 }),
        (spans, times, perFrame) => {
          let atNs = 0;
          const windows = spans.map(([gap, length, late]) => {
            const fromNs = atNs + gap;
            atNs = fromNs + length;
            return [fromNs, atNs, fromNs - late] as const;
          });
          const cursor = new LatenessCursor();
          for (let i = 0; i < windows.length; i += perFrame)
            cursor.add(Float64Array.from(windows.slice(i, i + perFrame).flat()));
          for (const readNs of times.toSorted((a, b) => a - b)) {
            const window = windows.find(([fromNs, toNs]) => readNs >= fromNs && readNs <= toNs);
            expect(cursor.lateNs(readNs)).toBe(window === undefined ? 0 : readNs - window[2]);
          }
        },
      ),
    );
  });
});

describe('a windows frame', () => {
  it('is read back as it was written, wherever it lies in memory', () => {
    const windows = Float64Array.of(1, 2, 0.5, 1e15, 1e15 + 1, 7);
    const frame = encodeWindowsFrame({ workerId: 3, windows });
    const shifted = Buffer.concat([Buffer.from([0]), frame]).subarray(1 + FRAME_HEADER_BYTES);
    expect(decodeWindows(shifted)).toEqual({ workerId: 3, windows });
    expect(() => decodeWindows(new Uint8Array(9))).toThrow(/impossible length: 9 bytes/);
  });
});

describe('LatenessRecorder', () => {
  it('bounds nothing when lateness was not measured', () => {
    expect(recorder().lateness.bounds()).toBeUndefined();
  });

  it('tells next to nothing of a quiet run', () => {
    const { metrics, lateness } = recorder();
    for (let i = 0; i < 1000; i++) metrics.series.ttft_ns!.record(10 * MS + i * 1000);
    lateness.addTold(QUIET);
    const { series, probes } = lateness.bounds()!;
    expect(probes).toBe(5000);
    const [added, missing] = series.ttft_ns!['99.0']!;
    expect(added).toBeLessThan(0.1 * MS);
    expect(missing).toBe(0);
  });

  it('takes the lateness of each read off its value, by worker', () => {
    const { metrics, lateness } = recorder();
    lateness.addTold(QUIET);
    lateness.addWindows({ workerId: 1, windows: Float64Array.of(500 * MS, 501 * MS, 460 * MS) });
    for (let i = 0; i < 1000; i++) {
      const isLate = i % 20 === 0;
      lateness.goTo(isLate ? 1 : 0);
      const lateNs = lateness.lateNs(500 * MS);
      expect(lateNs).toBe(isLate ? 40 * MS : 0);
      const value = 10 * MS + lateNs;
      metrics.series.ttft_ns!.record(value);
      lateness.record('ttft_ns', 500 * MS, value, lateNs);
      metrics.series.chunk_delta_ns!.record(value - lateNs);
      lateness.record('chunk_delta_ns', 500 * MS, value - lateNs, 0, lateNs);
    }
    const { series } = lateness.bounds()!;
    expect(series.ttft_ns!['50.0']![0]).toBeLessThan(0.1 * MS);
    expect(series.ttft_ns!['99.0']![0]).toBeGreaterThanOrEqual(40 * MS);
    expect(series.ttft_ns!['99.0']![0]).toBeLessThan(41 * MS);
    // A gap that began late may have been longer by that.
    expect(series.chunk_delta_ns!['99.0']![0]).toBeLessThan(0.1 * MS);
    expect(series.chunk_delta_ns!['99.0']![1]).toBeGreaterThanOrEqual(40 * MS);
  });

  it('shares the lateness of a mean over its tokens', () => {
    const { metrics, lateness } = recorder();
    lateness.addTold(QUIET);
    for (let i = 0; i < 1000; i++) {
      metrics.series.tpot_ns!.record(10 * MS);
      lateness.recordTpot(0, 10 * MS, { spanNs: 400 * MS, lateNs: 20 * MS, firstLateNs: 0 });
    }
    const [added] = lateness.bounds()!.series.tpot_ns!['50.0']!;
    expect(added).toBeGreaterThanOrEqual(0.5 * MS);
    expect(added).toBeLessThan(0.6 * MS);
  });

  it('bounds the bins of the history as it bounds the run', () => {
    const { metrics, history, lateness } = recorder();
    lateness.addTold(QUIET);
    lateness.addWindows({ workerId: 0, windows: Float64Array.of(500 * MS, 501 * MS, 460 * MS) });
    lateness.goTo(0);
    for (let i = 0; i < 1000; i++) {
      const lateNs = i % 20 === 0 ? lateness.lateNs(500 * MS) : 0;
      metrics.series.ttft_ns!.record(10 * MS + lateNs);
      lateness.record('ttft_ns', 500 * MS, 10 * MS + lateNs, lateNs);
      metrics.series.tpot_ns!.record(10 * MS);
      lateness.recordTpot(500 * MS, 10 * MS, { spanNs: 400 * MS, lateNs: 20 * MS, firstLateNs: 0 });
    }
    const { ttft_ns: ttft, tpot_ns: tpot } = history.history()!.series;
    const [p50, p99] = [ttft!.bounds!.p50, ttft!.bounds!.p99];
    // Buckets are a hundredth wide, and so a tenth of a bound.
    expect(boundNs(p50.added[0]!)).toBeLessThan(0.2 * MS);
    expect(boundNs(p99.added[0]!)).toBeGreaterThanOrEqual(40 * MS);
    expect(boundNs(p99.added[0]!)).toBeLessThan(44 * MS);
    expect(p99).not.toHaveProperty('missing');
    expect(boundNs(tpot!.bounds!.p50.added[0]!)).toBeGreaterThanOrEqual(0.5 * MS);
    expect(boundNs(tpot!.bounds!.p50.added[0]!)).toBeLessThan(0.7 * MS);
    expect(boundNs(tpot!.bounds!.p50.missing![0]!)).toBeLessThan(0.2 * MS);
  });
});
