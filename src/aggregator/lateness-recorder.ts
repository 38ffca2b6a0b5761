import { SERIES, type SeriesName } from '../core/metric-catalogue.ts';
import type { ClientBounds, SeriesBounds } from '../core/client-bounds.ts';
import type { LatenessWindows } from '../events/lateness-windows.ts';
import { HdrHistogram } from '../stats/hdr.ts';
import { LatenessBound } from '../stats/lateness-bound.ts';
import type { ToldLateness } from '../stats/lateness-bins.ts';
import type { SparseCounts } from '../stats/lateness-counts.ts';
import { LatenessMixture } from '../stats/lateness-mixture.ts';
import { dividedLateness, sumOfLateness } from '../stats/lateness-sum.ts';
import { percentileKey } from '../stats/percentile-key.ts';
import { LatenessCursor } from '../events/lateness-cursor.ts';
import { isCharted, type BinBounds } from './bin-bounds.ts';
import { MOST_TOKENS, tokenDivisors } from './token-divisors.ts';
import type { RunMetrics } from './run-metrics.ts';

/** What is bounded, and whether a time of it begins with a read too. */
const BOUNDED = [
  { name: 'ttft_ns', isTwoSided: false },
  { name: 'chunk_delta_ns', isTwoSided: true },
  { name: 'tpot_ns', isTwoSided: true },
  { name: 'sample_latency_ns', isTwoSided: false },
  { name: 'response_ttft_ns', isTwoSided: false },
  { name: 'response_latency_ns', isTwoSided: false },
] as const satisfies readonly { readonly name: SeriesName; readonly isTwoSided: boolean }[];
export type BoundedSeries = (typeof BOUNDED)[number]['name'];

const PERCENTILES = [50, 75, 90, 95, 99, 99.9];

/** What a worker tells of its reads in a stretch of time; see `LoopLateness` of the engine. */
export interface LatenessTold extends ToldLateness {
  readonly worker: number;
  readonly fromNs: number;
  readonly toNs: number;
  readonly late: SparseCounts;
}

/** Time between two reads, and how late these may be. */
export interface TimedSpan {
  readonly spanNs: number;
  readonly lateNs: number;
  readonly firstLateNs: number;
}

interface LateHistograms {
  readonly observed: HdrHistogram;
  readonly least: HdrHistogram;
  readonly most: HdrHistogram;
}

/**
 * How late the reads behind each metric were, and so how far its percentiles may be off. Costs a comparison a read while none is late, some
 * 30 ns for each that is; 800 KB for a metric with such reads.
 */
export class LatenessRecorder {
  readonly #metrics: Pick<RunMetrics, 'series'>;
  readonly #binBounds: BinBounds;
  readonly #cursors = new Map<number, LatenessCursor>();
  readonly #late = new Map<BoundedSeries, LateHistograms>();
  readonly #unseen = new LatenessMixture();
  readonly #waits = new LatenessMixture();
  readonly #lateProbes = new LatenessMixture();
  readonly #tokens = new HdrHistogram(1, MOST_TOKENS, 2);
  #cursor: LatenessCursor | undefined;
  #completionLateNs = 0;
  #reads = 0;
  #readsTogether = 0;

  /** `binBounds`: told of everything, for bounds over time. */
  constructor(metrics: Pick<RunMetrics, 'series'>, binBounds: BinBounds) {
    this.#metrics = metrics;
    this.#binBounds = binBounds;
  }

  /** The windows of the batches of their worker that follow. */
  addWindows({ workerId, windows }: LatenessWindows): void {
    const cursor = this.#cursors.get(workerId) ?? new LatenessCursor();
    this.#cursors.set(workerId, cursor);
    cursor.add(windows);
  }

  /** What a worker tells of a part of a performance phase; the history has reached its end. */
  addTold(told: LatenessTold): void {
    const { reads, together, late, unseen } = told;
    this.#reads += reads;
    this.#readsTogether += reads * together;
    this.#lateProbes.add(1, late);
    this.#unseen.add(reads, unseen);
    // Reads in windows wait for nothing beyond what these tell.
    const waits = [0, Math.max(0, reads - sumOf(told.waits)), ...told.waits];
    this.#waits.add(reads, waits);
    this.#binBounds.addTold(told.worker, { reads, together, unseen, waits }, told.fromNs, told.toNs);
  }

  /** The reads that follow are of this worker. */
  goTo(workerId: number): void {
    this.#cursor = this.#cursors.get(workerId);
  }

  /** How late a read may be by its window, ns. @hot */
  lateNs(readNs: number): number {
    return this.#cursor === undefined ? 0 : this.#cursor.lateNs(readNs);
  }

  /** A value, seen at a moment, whose last read may be late by `lateNs`, and whose first one by `firstLateNs`. */
  record(name: BoundedSeries, observedNs: number, value: number, lateNs: number, firstLateNs = 0): void {
    if (!(lateNs > 0 || firstLateNs > 0)) return;
    const late = this.#late.get(name) ?? createLate(name);
    this.#late.set(name, late);
    const { low, high } = late.observed;
    const clamped = (number: number) => Math.min(high, Math.max(low, number));
    const [observed, least, most] = [clamped(value), clamped(value - lateNs), clamped(value + firstLateNs)];
    late.observed.record(observed);
    late.least.record(least);
    late.most.record(most);
    if (isCharted(name)) this.#binBounds.record(name, observedNs, observed, least, most);
    if (name === 'sample_latency_ns') this.#completionLateNs += lateNs;
  }

  /** A time per token, over a span of several: its reads may be late, which moves it by their lateness over the tokens. */
  recordTpot(observedNs: number, nsPerToken: number, { spanNs, lateNs, firstLateNs }: TimedSpan): void {
    const tokens = spanNs > 0 && nsPerToken > 0 ? spanNs / nsPerToken : 1;
    const whole = Math.min(MOST_TOKENS, Math.max(1, Math.round(tokens)));
    this.#tokens.record(whole);
    this.#binBounds.recordTokens(observedNs, whole);
    this.record('tpot_ns', observedNs, nsPerToken, lateNs / tokens, firstLateNs / tokens);
  }

  /** All bounds now; undefined when lateness was not measured. Costs some ms. */
  bounds(): ClientBounds | undefined {
    if (this.#unseen.count === 0) return undefined;
    const masses = sumOfLateness(this.#unseen.distribution(true), this.#waits.distribution(false));
    const series: Record<string, SeriesBounds> = {};
    for (const { name, isTwoSided } of BOUNDED) {
      const sampler = this.#metrics.series[name];
      if (sampler === undefined || sampler.count === 0) continue;
      const late = this.#late.get(name);
      const bound = new LatenessBound(
        { observed: sampler.hdr, ...(late === undefined ? {} : { late }) },
        {
          masses: name === 'tpot_ns' ? dividedLateness(masses, tokenDivisors(this.#tokens)) : masses,
          together: this.#reads === 0 ? 1 : this.#readsTogether / this.#reads,
          isTwoSided,
        },
      );
      series[name] = Object.fromEntries(
        PERCENTILES.map((p) => {
          const { added, missing } = bound.at(p);
          return [percentileKey(p), [Math.round(added), missing === null ? null : Math.round(missing)]];
        }),
      );
    }
    const completed = this.#metrics.series.sample_latency_ns.count;
    return {
      probes: this.#lateProbes.count,
      late_p50_ns: Math.round(this.#lateProbes.quantileNs(0.5)),
      late_p99_ns: Math.round(this.#lateProbes.quantileNs(0.99)),
      late_max_ns: Math.round(this.#lateProbes.quantileNs(1)),
      completion_late_mean_ns: Math.round(
        this.#completionLateNs / Math.max(1, completed) + this.#unseen.meanNs() + this.#waits.meanNs(),
      ),
      series,
    };
  }
}

function createLate(name: BoundedSeries): LateHistograms {
  const { hdrLow, hdrHigh } = SERIES.find((series) => series.name === name)!;
  const create = () => new HdrHistogram(hdrLow, hdrHigh, 3);
  return { observed: create(), least: create(), most: create() };
}

function sumOf(counts: SparseCounts): number {
  let sum = 0;
  for (let at = 1; at < counts.length; at += 2) sum += counts[at]!;
  return sum;
}
