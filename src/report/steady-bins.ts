import { NS_PER_SECOND } from '../core/time.ts';
import { SAMPLE_OUTCOMES, type StoredSamples, timePerTokenNs } from '../events/sample-columns.ts';
import { FEWEST_STEADY } from '../stats/steady-window.ts';

/** More bins would make the tests slow and each bin noisy. */
const MOST_BINS = 120;
/** Samples that ended, in a bin, on average. */
const SAMPLES_PER_BIN = 5;
/** With fewer samples nothing can be told. */
export const FEWEST_SAMPLES = FEWEST_STEADY * SAMPLES_PER_BIN;
/** A series without values in more of the bins is left out. */
const MOST_MISSING = 0.1;

const SUCCEEDED = SAMPLE_OUTCOMES.indexOf('succeeded');

/** What a run did bin by bin while it issued. */
export interface SteadyBins {
  /** ns since the run's origin. */
  readonly startNs: number;
  /** Of the last issue; before `startNs` where nothing was issued. */
  readonly endNs: number;
  readonly binNs: number;
  readonly ended: number;
  readonly series: readonly { readonly label: string; readonly values: readonly number[] }[];
}

/** Measured samples in bins from the first issue to the last: throughput, in flight, TTFT, TPOT. Two passes over the samples. */
export function steadyBins(samples: StoredSamples): SteadyBins {
  const { startNs, endNs, ended } = spanOf(samples);
  const count = Math.max(0, Math.min(MOST_BINS, Math.floor(ended / SAMPLES_PER_BIN)));
  const binNs = (endNs - startNs) / Math.max(1, count);
  if (count === 0 || !(binNs > 0)) return { startNs, endNs, binNs: 0, ended, series: [] };
  const completed = new Float64Array(count);
  const inFlight = new Level(count);
  const [ttft, tpot] = [new MeanLogs(count), new MeanLogs(count)];
  for (const chunk of samples.chunks()) {
    for (let i = 0; i < chunk.count; i++) {
      if (chunk.measured[i] !== 1) continue;
      const [issuedNs, firstNs, completedNs] = [
        chunk.issuedNs[i]!,
        chunk.firstChunkNs[i]!,
        chunk.completedNs[i]!,
      ];
      const placeOf = (atNs: number) => (atNs - startNs) / binNs;
      inFlight.add(placeOf(issuedNs), Number.isNaN(completedNs) ? count : placeOf(completedNs));
      ttft.add(placeOf(firstNs), firstNs - issuedNs);
      tpot.add(placeOf(completedNs), timePerTokenNs(chunk, i));
      const bin = Math.floor(placeOf(completedNs));
      if (chunk.outcomes[i] === SUCCEEDED && bin < count) completed[bin]! += 1;
    }
  }
  const told = [
    { label: 'throughput', values: Array.from(completed, (n) => n / (binNs / NS_PER_SECOND)) },
    { label: 'in flight', values: inFlight.means() },
    { label: 'TTFT', values: ttft.means() },
    { label: 'TPOT', values: tpot.means() },
  ];
  return {
    ...{ startNs, endNs, binNs, ended },
    series: told.flatMap(({ label, values }) => (values === undefined ? [] : [{ label, values }])),
  };
}

function spanOf(samples: StoredSamples) {
  let [startNs, endNs, ended] = [Infinity, -Infinity, 0];
  for (const { count, measured, issuedNs, outcomes } of samples.chunks()) {
    for (let i = 0; i < count; i++) {
      if (measured[i] !== 1) continue;
      startNs = Math.min(startNs, issuedNs[i]!);
      endNs = Math.max(endNs, issuedNs[i]!);
      if (outcomes[i] !== 0) ended += 1;
    }
  }
  return { startNs, endNs, ended };
}

/** How many are in flight, on average over each bin. */
class Level {
  readonly #inBin: Float64Array;
  /** Changes that hold from a bin on. */
  readonly #fromBin: Float64Array;

  constructor(bins: number) {
    this.#inBin = new Float64Array(bins);
    this.#fromBin = new Float64Array(bins + 1);
  }

  /** From one place to another, in bins. */
  add(from: number, to: number): void {
    this.#change(from, 1);
    this.#change(to, -1);
  }

  means(): readonly number[] {
    let level = 0;
    return Array.from(this.#inBin, (part, bin) => (level += this.#fromBin[bin]!) + part);
  }

  #change(at: number, by: number): void {
    const bin = Math.floor(at);
    if (bin >= this.#inBin.length) return;
    this.#inBin[bin]! += by * (bin + 1 - at);
    this.#fromBin[bin + 1]! += by;
  }
}

/** Geometric means by bin: a few slow ones don't outweigh the others. */
class MeanLogs {
  readonly #sums: Float64Array;
  readonly #counts: Float64Array;

  constructor(bins: number) {
    this.#sums = new Float64Array(bins);
    this.#counts = new Float64Array(bins);
  }

  /** At a place, in bins; what is no number, or beyond the last bin, is left out. */
  add(at: number, value: number): void {
    const bin = Math.floor(at);
    if (!(bin >= 0 && bin < this.#sums.length && value > 0)) return;
    this.#sums[bin]! += Math.log(value);
    this.#counts[bin]! += 1;
  }

  /** A bin without a value is as the one before it; undefined where too many have none. */
  means(): readonly number[] | undefined {
    const missing = this.#counts.reduce((sum, count) => sum + (count === 0 ? 1 : 0), 0);
    if (missing > MOST_MISSING * this.#counts.length) return undefined;
    const first = this.#counts.findIndex((count) => count > 0);
    let last = Math.exp(this.#sums[first]! / this.#counts[first]!);
    return Array.from(this.#sums, (sum, bin) => {
      if (this.#counts[bin]! > 0) last = Math.exp(sum / this.#counts[bin]!);
      return last;
    });
  }
}
