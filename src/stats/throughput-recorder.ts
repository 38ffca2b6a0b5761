import type { Throughput } from '../core/throughput.ts';
import { NS_PER_SECOND } from '../core/time.ts';
import { batchCount, batchMeansInterval } from './batch-means.ts';
import { FlowBins } from './flow-bins.ts';

/** So many bins, or half of them at least, reach to the last issue or to where a burst would end: a border is off by one at most. */
const MAX_BINS = 4096;
/** With fewer bins its borders would matter. */
const FEWEST_BINS = 16;
/** Where fewer of the samples had ended when issuing did, issuing says nothing about the load: it was one burst. */
const LEAST_ENDED_SHARE = 0.5;
/** Of a burst the slowest samples are left out: they tell of the tail, not of the rate. */
const BURST_SHARE = 0.9;

export interface MeasurementRates {
  readonly windowNs: number;
  readonly succeededPerSecond: number;
  readonly outputTokensPerSecond: number;
}

/** Issuing without a pause. */
interface Stretch {
  readonly fromNs: number;
  /** Number of the measurement, from 0: it begins anew with each phase. */
  readonly measurement: number;
  issued: number;
  firstIssuedNs: number;
  lastIssuedNs: number;
}

/** The window ends once so much was added up. */
interface Burst {
  readonly column: 'succeeded' | 'ended';
  readonly amount: number;
}

/** A measured part of a stretch, between two edges of the bins. */
interface Window {
  readonly start: number;
  readonly end: number;
  readonly endedBy: Throughput['ended_by'];
}

/**
 * Throughput over the measured window; {@link Throughput} says what that is, docs/measurement.md why. Samples may be told in any
 * order. Costs about 50 ns a sample and 300 KB.
 */
export class ThroughputRecorder {
  #bins: FlowBins | undefined;
  /** Their tokens, by group. */
  readonly #groupBins = new Map<object, FlowBins>();
  #originNs = NaN;
  readonly #stretches: Stretch[] = [];
  #measurements = 0;
  #issued = 0;
  #succeeded = 0;
  #errored = 0;
  #lastEndedNs = -Infinity;

  /** The measurement begins, or begins again: what is issued from now on is measured. */
  start(timeNs: number): void {
    if (this.#bins === undefined) {
      this.#bins = new FlowBins(timeNs, MAX_BINS);
      this.#originNs = timeNs;
    }
    this.#addStretch(timeNs, this.#measurements++);
  }

  /** Issuing goes on from a moment on, after a pause. */
  resume(timeNs: number): void {
    if (this.#bins !== undefined) this.#addStretch(timeNs, this.#measurements - 1);
  }

  /** A measured sample was issued. @hot */
  onIssued(timeNs: number): void {
    const bins = this.#bins;
    if (bins === undefined) return;
    bins.reach(timeNs);
    bins.begin(timeNs);
    this.#issued += 1;
    let at = this.#stretches.length - 1;
    while (at > 0 && timeNs < this.#stretches[at]!.fromNs) at--;
    const stretch = this.#stretches[at]!;
    stretch.issued += 1;
    if (timeNs < stretch.firstIssuedNs) stretch.firstIssuedNs = timeNs;
    if (timeNs > stretch.lastIssuedNs) stretch.lastIssuedNs = timeNs;
  }

  /** A measured sample has ended by itself. @hot */
  onEnded(issuedNs: number, timeNs: number, succeeded: boolean): void {
    if (succeeded) this.#succeeded += 1;
    else this.#errored += 1;
    if (timeNs > this.#lastEndedNs) this.#lastEndedNs = timeNs;
    this.#bins!.end(timeNs, succeeded, timeNs - issuedNs);
  }

  /** The run gave a measured sample up. */
  onCancelled(timeNs: number): void {
    this.#bins!.end(timeNs, false, undefined);
  }

  /** Output tokens of a measured sample, from its first chunk to its last; both are its completion when nothing was streamed. */
  onTokens(firstNs: number, lastNs: number, count: number): void {
    this.#bins?.addTokens(firstNs, lastNs, count);
  }

  /** The same for the tokens of a group of samples, beside those of all. Costs 260 KB for each group. */
  onGroupTokens(group: object, firstNs: number, lastNs: number, count: number): void {
    if (this.#bins === undefined) return;
    let bins = this.#groupBins.get(group);
    if (bins === undefined) {
      bins = new FlowBins(this.#originNs, MAX_BINS);
      this.#groupBins.set(group, bins);
    }
    bins.addTokens(firstNs, lastNs, count);
  }

  /** Tells the output tokens a second of a group over the measured window so far; undefined before there is one. */
  groupRates(): (group: object) => number | undefined {
    const measured = this.#measured();
    if (measured === undefined) return () => undefined;
    const { bins, windows } = measured;
    const windowNs = windows.reduce((sum, { start, end }) => sum + bins.edgeNs(end) - bins.edgeNs(start), 0);
    return (group) => {
      const ofGroup = this.#groupBins.get(group);
      if (!(windowNs > 0)) return undefined;
      if (ofGroup === undefined) return 0;
      // As long as the bins of all: then their edges are the same.
      ofGroup.coarsenTo(bins.binNs);
      const tokens = windows.reduce((sum, { start, end }) => sum + ofGroup.between(start, end).tokens, 0);
      return Math.max(0, tokens) / (windowNs / NS_PER_SECOND);
    };
  }

  /** Tells the rates of one measurement alone, by its number; undefined for one without a window so far. */
  measurementRates(): (measurement: number) => MeasurementRates | undefined {
    const measured = this.#measured();
    if (measured === undefined) return () => undefined;
    const { bins, parts } = measured;
    return (measurement) => {
      const windows = parts.filter(({ stretch }) => stretch.measurement === measurement);
      const flows = windows.map(({ window: { start, end } }) => bins.between(start, end));
      const windowNs = windows.reduce(
        (sum, { window: { start, end } }) => sum + bins.edgeNs(end) - bins.edgeNs(start),
        0,
      );
      if (!(windowNs > 0)) return undefined;
      const perSecond = (column: 'succeeded' | 'tokens') =>
        Math.max(
          0,
          flows.reduce((sum, flow) => sum + flow[column], 0),
        ) /
        (windowNs / NS_PER_SECOND);
      return {
        windowNs,
        succeededPerSecond: perSecond('succeeded'),
        outputTokensPerSecond: perSecond('tokens'),
      };
    };
  }

  /** The parts of the run that are measured; undefined before there are any. */
  #measured() {
    const bins = this.#bins;
    const stretches = this.#stretches.filter(({ issued }) => issued > 0);
    if (bins === undefined || stretches.length === 0) return undefined;
    const burst = this.#burstOf(bins, stretches.at(-1)!);
    if (burst !== undefined) bins.reachAmount(burst.column, burst.amount);
    const parts = windowsOf(bins, stretches, burst);
    return { bins, parts, windows: parts.map(({ window }) => window) };
  }

  /** Throughput so far; undefined before there is any. Costs some 50 µs. */
  throughput(): Throughput | undefined {
    const measured = this.#measured();
    if (measured === undefined) return undefined;
    const { bins, parts } = measured;
    const windows = parts.map(({ window, stretch }) => {
      return { window, stretch, flow: bins.between(window.start, window.end) };
    });
    const sum = (of: (part: (typeof windows)[number]) => number) =>
      windows.reduce((total, part) => total + of(part), 0);
    const windowNs = sum(({ window }) => bins.edgeNs(window.end) - bins.edgeNs(window.start));
    const last = windows.at(-1);
    if (last === undefined || !(windowNs > 0)) return undefined;
    const [succeeded, ended] = [sum(({ flow }) => flow.succeeded), sum(({ flow }) => flow.ended)];
    const tokens = Math.max(
      0,
      sum(({ flow }) => flow.tokens),
    );
    const perSecond = (amount: number) => amount / (windowNs / NS_PER_SECOND);
    const endNs = bins.edgeNs(last.window.end);
    const batches = batchesOf(
      bins,
      windows.map(({ window }) => window),
      succeeded,
    );
    const interval = (column: 'succeeded' | 'tokens') =>
      batchMeansInterval(batches.map(({ flow, seconds }) => ({ amount: flow[column], seconds })));
    return {
      start_ns: bins.edgeNs(windows[0]!.window.start),
      end_ns: endNs,
      window_ns: windowNs,
      parts: windows.map(({ window }) => ({
        start_ns: bins.edgeNs(window.start),
        end_ns: bins.edgeNs(window.end),
      })),
      ended_by: last.window.endedBy,
      ramp_up_ns: sum(({ window, stretch }) =>
        Math.max(0, bins.edgeNs(window.start) - stretch.firstIssuedNs),
      ),
      succeeded,
      errored: ended - succeeded,
      succeeded_per_second: perSecond(succeeded),
      errored_per_second: perSecond(ended - succeeded),
      output_tokens_per_second: perSecond(tokens),
      succeeded_per_second_interval: interval('succeeded'),
      output_tokens_per_second_interval: interval('tokens'),
      mean_in_flight: sum(({ flow }) => flow.inFlightNs) / windowNs,
      mean_latency_ns: ended === 0 ? null : sum(({ flow }) => flow.endedLatencyNs) / ended,
      drain_ns: Math.max(0, this.#lastEndedNs - endNs),
      drain_ended: Math.max(0, this.#succeeded + this.#errored - bins.between(0, last.window.end).ended),
    };
  }

  /**
   * What ends the window when the last issuing was one burst: nine in ten of the successes, since what hangs, or fails late, says nothing
   * of the rate. Without any success it is about the failures.
   */
  #burstOf(bins: FlowBins, { issued, firstIssuedNs, lastIssuedNs }: Stretch): Burst | undefined {
    const [begun, issuedUntil] = [bins.binOf(firstIssuedNs), bins.binOf(lastIssuedNs) + 1];
    if (bins.between(begun, issuedUntil).ended >= LEAST_ENDED_SHARE * issued) return undefined;
    const column = this.#succeeded > 0 ? 'succeeded' : 'ended';
    const before = bins.between(0, begun)[column];
    const after = (this.#succeeded > 0 ? this.#succeeded : this.#errored) - before;
    return { column, amount: before + Math.max(1, Math.floor(BURST_SHARE * after)) };
  }

  #addStretch(fromNs: number, measurement: number): void {
    this.#stretches.push({
      fromNs,
      measurement,
      issued: 0,
      firstIssuedNs: Infinity,
      lastIssuedNs: -Infinity,
    });
    this.#stretches.sort((a, b) => a.fromNs - b.fromNs);
  }
}

/** The windows in stretches of about the same length; none for too few successes. */
function batchesOf(bins: FlowBins, windows: readonly Window[], succeeded: number) {
  const wanted = batchCount(succeeded);
  const binCount = windows.reduce((sum, { start, end }) => sum + end - start, 0);
  return windows.flatMap(({ start, end }) => {
    const count = wanted === 0 ? 0 : Math.max(1, Math.round((wanted * (end - start)) / binCount));
    const edges = Array.from(
      { length: count + 1 },
      (_, i) => start + Math.round((i * (end - start)) / count),
    );
    return edges.slice(1).map((edge, i) => ({
      flow: bins.between(edges[i]!, edge),
      seconds: ((edge - edges[i]!) * bins.binNs) / NS_PER_SECOND,
    }));
  });
}

function windowsOf(bins: FlowBins, stretches: readonly Stretch[], burst: Burst | undefined) {
  return stretches.flatMap((stretch, i) => {
    const window = windowOf(bins, stretch, i === stretches.length - 1 ? burst : undefined);
    return window === undefined ? [] : [{ window, stretch }];
  });
}

function windowOf(bins: FlowBins, stretch: Stretch, burst: Burst | undefined): Window | undefined {
  const begun = bins.binOf(stretch.firstIssuedNs);
  const end =
    burst === undefined
      ? bins.binOf(stretch.lastIssuedNs) + 1
      : bins.firstEdgeWith(burst.column, burst.amount);
  if (end === undefined || end - begun < FEWEST_BINS) return undefined;
  const mean = bins.between(begun, end).inFlightNs / (bins.edgeNs(end) - bins.edgeNs(begun));
  const built = bins.firstEdgeInFlight(mean, begun, end - 1);
  return { start: built ?? begun, end, endedBy: burst === undefined ? 'issuing' : 'completions' };
}
