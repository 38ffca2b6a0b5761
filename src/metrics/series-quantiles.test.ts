import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { SILENT_LOG } from '../core/log.ts';
import { intervalRanks } from '../stats/quantile-interval.ts';
import { quantileOfSorted } from '../stats/quantile.ts';
import { SeriesSampler } from './sampler.ts';
import { SnapshotCodec } from './snapshot-codec.ts';
import { parseSnapshotJson, snapshotJsonText } from './snapshot-json.ts';
import type { MetricsSnapshot, SeriesSnapshot } from './snapshot.ts';

const PERCENTILES = [99.9, 99, 90, 50, 10, 1];
const OPTIONS = { hdrLow: 1, hdrHigh: 3_600_000_000_000, percentiles: PERCENTILES };

function snapshotOf(values: readonly number[], exact: boolean): SeriesSnapshot {
  const series = new SeriesSampler('latency_ns', OPTIONS, SILENT_LOG);
  for (const value of values) series.record(value);
  return series.build(exact);
}

const latencies = fc.array(fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 4e12 })), {
  minLength: 1,
  maxLength: 800,
});

describe('quantiles of a series', () => {
  it('are those of the sorted values, with the values at the ranks of the interval', () => {
    fc.assert(
      fc.property(latencies, (values) => {
        const sorted = Float64Array.from(values).sort();
        const { quantiles } = snapshotOf(values, true);
        for (const p of PERCENTILES) {
          const { lower, upper } = intervalRanks(values.length, p);
          expect(quantiles![Number.isInteger(p) ? p.toFixed(1) : String(p)]).toEqual({
            value: quantileOfSorted(sorted, p),
            low: lower === undefined ? null : sorted[lower - 1],
            high: upper === undefined ? null : sorted[upper - 1],
          });
        }
      }),
    );
  });

  it('are by the same definition while the run goes on, up to half a bucket of the histogram', () => {
    fc.assert(
      fc.property(latencies, (values) => {
        const sorted = Float64Array.from(values, (value) => Math.min(value, OPTIONS.hdrHigh)).sort();
        const { quantiles } = snapshotOf(
          values.map((value) => Math.min(value, OPTIONS.hdrHigh)),
          false,
        );
        for (const [key, { value, low }] of Object.entries(quantiles!)) {
          const exact = quantileOfSorted(sorted, Number(key));
          expect(Math.abs(value - exact)).toBeLessThanOrEqual(exact / 1000 + 1);
          expect(value).toBeGreaterThanOrEqual(sorted[0]!);
          expect(value).toBeLessThanOrEqual(sorted.at(-1)!);
          expect(low).toBeUndefined();
        }
      }),
    );
  });

  it('are absent without values', () => {
    expect(snapshotOf([], true).quantiles).toBeUndefined();
    expect(snapshotOf([], false).quantiles).toBeUndefined();
  });

  it.each([true, false])('come through both wires as they are (exact %s)', (exact) => {
    const snapshot: MetricsSnapshot = {
      counter: 1,
      timestampNs: 5,
      state: exact ? 'complete' : 'live',
      pendingTaskCount: 0,
      metrics: [snapshotOf([5, 8, 13, 21, 34, 55, 89], exact)],
    };
    const codec = new SnapshotCodec();
    expect(codec.decode(codec.encode(snapshot).payload)).toEqual(snapshot);
    expect(parseSnapshotJson(snapshotJsonText(snapshot))).toEqual(snapshot);
  });
});
