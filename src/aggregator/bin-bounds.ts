import { SERIES } from '../core/metric-catalogue.ts';
import {
  BOUNDED_PERCENTILES,
  type BoundedPercentile,
  boundCode,
  FEWEST_PROBES,
  type BoundHistory,
  type SeriesHistory,
} from '../core/run-history.ts';
import type { HdrHistogram } from '../stats/hdr.ts';
import { LatenessBins, type BinLateness, type ToldLateness } from '../stats/lateness-bins.ts';
import { LatenessBound, type LateValues, type PercentileBound } from '../stats/lateness-bound.ts';
import { dividedLateness } from '../stats/lateness-sum.ts';
import { PackedBins } from '../stats/packed-bins.ts';
import type { BinColumn, TimeBins } from '../stats/time-bins.ts';
import { MOST_TOKENS, tokenDivisors } from './token-divisors.ts';

/** What charts draw with its bound, and whether a time of it begins with a read too. */
const BOUNDED = {
  ttft_ns: { isTwoSided: false },
  chunk_delta_ns: { isTwoSided: true },
  tpot_ns: { isTwoSided: true },
  sample_latency_ns: { isTwoSided: false },
} as const;
export type ChartedSeries = keyof typeof BOUNDED;

export function isCharted(name: string): name is ChartedSeries {
  return Object.hasOwn(BOUNDED, name);
}

/** A bound for each of {@link BOUNDED_PERCENTILES}, and what it was of: it holds as long as that stays the same. */
interface KnownBounds {
  readonly values: number;
  readonly probes: number;
  readonly bounds: readonly PercentileBound[];
}

/** How far the percentiles of each bin of the history may be off for the client's own lateness. See {@link LatenessBound}. */
export class BinBounds {
  readonly #bins: TimeBins;
  readonly #lateness: LatenessBins;
  readonly #late: Readonly<Record<ChartedSeries, LateBins>>;
  readonly #tokens: PackedBins;
  readonly #known: KnownColumn;
  readonly #toldNs = new Map<number, number>();
  #isToldAll = false;

  constructor(bins: TimeBins, maxBins: number) {
    this.#bins = bins;
    this.#lateness = bins.add(new LatenessBins(maxBins));
    const lateBins = (name: ChartedSeries) => bins.add(new LateBins(name));
    this.#late = {
      ttft_ns: lateBins('ttft_ns'),
      chunk_delta_ns: lateBins('chunk_delta_ns'),
      tpot_ns: lateBins('tpot_ns'),
      sample_latency_ns: lateBins('sample_latency_ns'),
    };
    this.#tokens = bins.add(new PackedBins(1, MOST_TOKENS));
    this.#known = bins.add(new KnownColumn());
  }

  /** What a worker tells of a stretch of time that the history has reached. */
  addTold(worker: number, told: ToldLateness, fromNs: number, toNs: number): void {
    const { startNs, binNs } = this.#bins;
    if (!(toNs > startNs)) return;
    this.#toldNs.set(worker, toNs);
    const last = this.#bins.binOf(toNs - 1);
    for (let bin = this.#bins.binOf(fromNs); bin <= last; bin++) {
      const beginNs = bin === 0 ? -Infinity : startNs + bin * binNs;
      const insideNs = Math.min(toNs, startNs + (bin + 1) * binNs) - Math.max(fromNs, beginNs);
      this.#lateness.add(bin, told, toNs > fromNs ? insideNs / (toNs - fromNs) : 1);
    }
  }

  /** All has been told that will be; until then a bin waits for every worker. */
  end(): void {
    this.#isToldAll = true;
  }

  /** A value seen at a moment the history has reached, with the least and the most it may have been. */
  record(name: ChartedSeries, observedNs: number, value: number, least: number, most: number): void {
    this.#late[name].record(this.#bins.binOf(observedNs), value, least, most);
  }

  /** The tokens that a time per token is over. */
  recordTokens(observedNs: number, tokens: number): void {
    this.#tokens.open(this.#bins.binOf(observedNs)).record(tokens);
  }

  /**
   * The bounds of a series, whose values `histogramOf` has, in the first bins; undefined where there is none. Costs some 0.1 ms for each
   * bin that has changed.
   */
  of(
    name: ChartedSeries,
    { count }: Pick<SeriesHistory, 'count'>,
    histogramOf: (bin: number) => HdrHistogram,
  ): SeriesHistory['bounds'] {
    const found = count.map((values, bin) => this.#boundsIn(bin, name, values, histogramOf));
    if (found.every((bounds) => bounds === undefined)) return undefined;
    const column = (at: number, side: keyof PercentileBound) =>
      found.map((bounds) => {
        const ns = bounds?.[at]?.[side] ?? null;
        return ns === null ? null : boundCode(ns);
      });
    const told = BOUNDED_PERCENTILES.map((percentile, at): [BoundedPercentile, BoundHistory] => [
      percentile,
      {
        added: column(at, 'added'),
        ...(BOUNDED[name].isTwoSided ? { missing: column(at, 'missing') } : {}),
      },
    ]);
    return Object.fromEntries(told) as Record<BoundedPercentile, BoundHistory>;
  }

  #boundsIn(
    bin: number,
    name: ChartedSeries,
    values: number,
    histogramOf: (bin: number) => HdrHistogram,
  ): readonly PercentileBound[] | undefined {
    const probes = this.#lateness.probesIn(bin);
    if (values === 0 || probes < FEWEST_PROBES || !this.#isToldWhole(bin)) return undefined;
    const known = this.#known.of(name)[bin];
    if (known?.values === values && known.probes === probes) return known.bounds;
    const lateness = this.#lateness.of(bin)!;
    const bound = new LatenessBound(this.#late[name].valuesOf(bin, histogramOf(bin)), {
      masses: name === 'tpot_ns' ? this.#perToken(bin, lateness) : lateness.masses,
      together: lateness.together,
      ...BOUNDED[name],
    });
    const bounds = BOUNDED_PERCENTILES.map((percentile) => bound.at(Number(percentile.slice(1))));
    this.#known.of(name)[bin] = { values, probes, bounds };
    return bounds;
  }

  #isToldWhole(bin: number): boolean {
    const endNs = this.#bins.startNs + (bin + 1) * this.#bins.binNs;
    return this.#isToldAll || Math.min(...this.#toldNs.values()) >= endNs;
  }

  #perToken(bin: number, { masses }: BinLateness) {
    const tokens = this.#tokens.createHistogram();
    this.#tokens.addTo(tokens, bin);
    return dividedLateness(masses, tokenDivisors(tokens));
  }
}

/** The values of a series whose reads were late, bin by bin; nothing until there is one. */
class LateBins implements BinColumn {
  readonly #low: number;
  readonly #high: number;
  #kept: Record<keyof Required<LateValues>['late'], KeptValues> | undefined;

  constructor(name: ChartedSeries) {
    const { hdrLow, hdrHigh } = SERIES.find((series) => series.name === name)!;
    this.#low = hdrLow;
    this.#high = hdrHigh;
  }

  record(bin: number, value: number, least: number, most: number): void {
    const create = () => new KeptValues(this.#low, this.#high);
    this.#kept ??= { observed: create(), least: create(), most: create() };
    this.#kept.observed.bins.open(bin).record(value);
    this.#kept.least.bins.open(bin).record(least);
    this.#kept.most.bins.open(bin).record(most);
  }

  /** Good until the next call. */
  valuesOf(bin: number, observed: HdrHistogram): LateValues {
    if (this.#kept === undefined) return { observed };
    const lateObserved = this.#kept.observed.in(bin);
    if (lateObserved.count === 0) return { observed };
    return {
      observed,
      late: { observed: lateObserved, least: this.#kept.least.in(bin), most: this.#kept.most.in(bin) },
    };
  }

  extend(): void {
    // A new bin has none.
  }

  coarsen(length: number): void {
    for (const { bins } of Object.values(this.#kept ?? {})) bins.coarsen(length);
  }
}

class KeptValues {
  readonly bins: PackedBins;
  readonly #read: HdrHistogram;

  constructor(low: number, high: number) {
    this.bins = new PackedBins(low, high);
    this.#read = this.bins.createHistogram();
  }

  in(bin: number): HdrHistogram {
    this.#read.clear();
    this.bins.addTo(this.#read, bin);
    return this.#read;
  }
}

/** What was found out of each bin, until bins are merged. */
class KnownColumn implements BinColumn {
  readonly #known = new Map<ChartedSeries, (KnownBounds | undefined)[]>();

  of(name: ChartedSeries): (KnownBounds | undefined)[] {
    const known = this.#known.get(name) ?? [];
    this.#known.set(name, known);
    return known;
  }

  extend(): void {
    // Nothing is known of a new bin.
  }

  coarsen(): void {
    this.#known.clear();
  }
}
