import { describe, expect, test } from 'vitest';
import { RandomSource } from '../core/random.ts';
import { boundNs, FEWEST_PROBES } from '../core/run-history.ts';
import { LatenessCounts } from '../stats/lateness-counts.ts';
import { BinnedHistogram } from '../stats/binned-histogram.ts';
import { quantileOfSorted } from '../stats/quantile.ts';
import { TimeBins } from '../stats/time-bins.ts';
import { BinBounds } from './bin-bounds.ts';

const MS = 1e6;
const SECOND = 1e9;
const MAX_BINS = 8;
const PERCENTILES = [
  ['p50', 50],
  ['p90', 90],
  ['p99', 99],
] as const;

function bounded() {
  const bins = new TimeBins(SECOND, MAX_BINS);
  const values = bins.add(new BinnedHistogram(MAX_BINS, 1, 1e11));
  return { bins, values, bounds: new BinBounds(bins, MAX_BINS) };
}

function quietStretch(probes: number) {
  return { reads: 1000, together: 1, unseen: [0, probes], waits: [0, 1000] };
}

describe('bounds of the bins of a history', () => {
  test.each([1, 2, 3, 4])('hold for the truth in each bin, merged ones too (seed %i)', (seed) => {
    const random = new RandomSource(seed);
    const { bins, values, bounds } = bounded();
    const truths: { readonly atNs: number; readonly trueNs: number }[] = [];
    let widest = 0;
    // Stretches that fit no bin, of which some are disturbed: by stalls that windows tell of, and by such as only probes tell of.
    for (let stretch = 0; stretch < 30; stretch++) {
      const [fromNs, toNs] = [stretch * SECOND + 0.37 * SECOND, (stretch + 1.37) * SECOND];
      const isStalled = stretch % 7 === 5;
      const unseenShare = stretch % 5 === 3 ? 0.1 : 0.002;
      const unseenNs = () => (random.uniform() < unseenShare ? 4 * MS * random.uniform() : 0);
      const counts = new LatenessCounts();
      for (let probe = 0; probe < 250; probe++) counts.add(unseenNs());
      for (let read = 0; read < 300; read++) {
        const atNs = fromNs + ((toNs - fromNs) * (read + 0.5)) / 300;
        bins.goTo(atNs);
        const trueNs = 10 * MS + 30 * MS * random.uniform() ** 3;
        const lateNs = isStalled && random.uniform() < 0.3 ? 40 * MS * random.uniform() : 0;
        const value = trueNs + (lateNs > 0 ? lateNs : unseenNs());
        values.recordAll(bins.current, Float64Array.of(value));
        if (lateNs > 0) bounds.record('ttft_ns', atNs, value, value - lateNs, value);
        truths.push({ atNs, trueNs });
      }
      const told = { reads: 300, together: 1, unseen: counts.take(), waits: [0, 300] };
      bounds.addTold(0, told, fromNs, toNs - 1);
    }
    bounds.end();
    const series = values.series(bins.length)!;
    const found = bounds.of('ttft_ns', series, (bin) => values.histogramOf(bin))!;
    expect(bins.binNs).toBe(4 * SECOND);
    for (let bin = 0; bin < bins.length; bin++) {
      const inBin = truths.filter(({ atNs }) => bins.binOf(atNs) === bin).map(({ trueNs }) => trueNs);
      inBin.sort((a, b) => a - b);
      for (const [name, percentile] of PERCENTILES) {
        const offNs = series[name][bin]! - quantileOfSorted(inBin, percentile);
        const addedNs = boundNs(found[name].added[bin]!);
        expect(offNs).toBeLessThanOrEqual(addedNs);
        widest = Math.max(widest, addedNs);
      }
    }
    // A bound that is always large would hold too.
    expect(widest).toBeLessThan(60 * MS);
    expect(Math.min(...found.p50.added.map((code) => boundNs(code!)))).toBeLessThan(2 * MS);
  });

  test('are those of the lateness of their own bin', () => {
    const { bins, values, bounds } = bounded();
    bins.goTo(0);
    for (const bin of [0, 1, 2]) {
      bins.goTo(bin * SECOND);
      values.recordAll(bin, new Float64Array(400).fill(10 * MS));
      const unseen = bin === 1 ? [0, 150, 96, 150] : [0, 300];
      bounds.addTold(0, { ...quietStretch(1), unseen }, bin * SECOND, (bin + 1) * SECOND);
    }
    bounds.end();
    const { p50 } = bounds.of('ttft_ns', values.series(3)!, (bin) => values.histogramOf(bin))!;
    const addedNs = p50.added.map((code) => boundNs(code!));
    expect(addedNs[0]).toBeLessThan(0.2 * MS);
    expect(addedNs[1]).toBeGreaterThan(4 * MS);
    expect(addedNs[2]).toBeLessThan(0.2 * MS);
  });

  test('are null where there were too few probes, and until every worker has told of the bin', () => {
    const { bins, values, bounds } = bounded();
    const told = () => {
      const found = bounds.of('chunk_delta_ns', values.series(2)!, (bin) => values.histogramOf(bin));
      return found && PERCENTILES.map(([name]) => found[name].missing!.map((code) => code !== null));
    };
    bins.goTo(0);
    bins.goTo(1.5 * SECOND);
    values.recordAll(0, Float64Array.of(10 * MS, 20 * MS));
    values.recordAll(1, Float64Array.of(10 * MS, 20 * MS));
    bounds.addTold(0, quietStretch(FEWEST_PROBES - 1), 0, SECOND);
    expect(told()).toBeUndefined();
    bounds.addTold(1, quietStretch(1), 0, 0.9 * SECOND);
    expect(told()).toBeUndefined();
    bounds.addTold(1, quietStretch(FEWEST_PROBES), 0.9 * SECOND, 1.9 * SECOND);
    expect(told()).toEqual(PERCENTILES.map(() => [true, false]));
    // The run ends in the middle of a bin.
    bounds.addTold(0, quietStretch(FEWEST_PROBES), SECOND, 1.9 * SECOND);
    expect(told()).toEqual(PERCENTILES.map(() => [true, false]));
    bounds.end();
    expect(told()).toEqual(PERCENTILES.map(() => [true, true]));
  });
});
