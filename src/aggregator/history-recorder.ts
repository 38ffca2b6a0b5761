import { SERIES, type SeriesName } from '../core/metric-catalogue.ts';
import {
  HISTORY_COUNTS,
  type ClientHistory,
  type HistoryCount,
  type RunHistory,
  type RunMark,
  SERVER_QUANTITIES,
  type SeriesHistory,
  type ServerQuantity,
} from '../core/run-history.ts';
import { NS_PER_SECOND } from '../core/time.ts';
import { LevelColumn, MaxColumn, SumColumn } from '../stats/bin-columns.ts';
import { TimeBins } from '../stats/time-bins.ts';
import { BinBounds, isCharted } from './bin-bounds.ts';
import type { RunMetrics } from './run-metrics.ts';
import { TimedSeries } from './timed-series.ts';

/** How often live snapshots tell the history, in time of the run. */
export const HISTORY_PERIOD_NS = NS_PER_SECOND;
/** Bins at most: ten minutes at a second each; a longer run is told in longer bins. */
export const MAX_HISTORY_BINS = 600;
/** More notes, or more other marks, are not kept: nobody could read them on a plot. */
const MAX_MARKS = 1000;

/** The series that are kept bin by bin. */
export const HISTORY_SERIES = [
  'ttft_ns',
  'chunk_delta_ns',
  'tpot_ns',
  'sample_latency_ns',
  'response_ttft_ns',
  'response_latency_ns',
  'issue_delay_ns',
] as const satisfies readonly SeriesName[];
export type HistorySeries = (typeof HISTORY_SERIES)[number];

/** How a sample ended. */
export type EndedAs = Extract<HistoryCount, 'succeeded' | 'errored' | 'cancelled'>;

/** How a worker was between two moments. */
export interface ClientMoment extends Readonly<Record<keyof ClientHistory, number | null>> {
  readonly fromNs: number;
  readonly toNs: number;
}

/** Decimals of a figure of the client. */
const CLIENT_PRECISION = 1000;
const SERVER_PRECISION = 1e6;

/**
 * How a run goes over time, in bins of bounded number; see {@link RunHistory} for what is in them. Takes 10 to 15 ns an event and
 * allocates nothing there; memory is a few MB, whatever the length of the run.
 */
export class HistoryRecorder {
  readonly #bins = new TimeBins(NS_PER_SECOND, MAX_HISTORY_BINS);
  /** How far the percentiles of the bins may be off. */
  readonly bounds = new BinBounds(this.#bins, MAX_HISTORY_BINS);
  readonly #counts = Object.fromEntries(
    HISTORY_COUNTS.map((name) => [name, this.#bins.add(new SumColumn(MAX_HISTORY_BINS))]),
  ) as Readonly<Record<HistoryCount, SumColumn>>;
  readonly #inFlight = this.#bins.add(new LevelColumn(MAX_HISTORY_BINS));
  readonly #client = {
    event_loop_delay_max_ms: this.#bins.add(new MaxColumn(MAX_HISTORY_BINS)),
    late_p99_ms: this.#bins.add(new MaxColumn(MAX_HISTORY_BINS)),
    gc_ms: this.#bins.add(new MaxColumn(MAX_HISTORY_BINS)),
    cpu_share: this.#bins.add(new MaxColumn(MAX_HISTORY_BINS)),
    cpu_wait_share: this.#bins.add(new MaxColumn(MAX_HISTORY_BINS)),
  } satisfies Record<keyof ClientHistory, MaxColumn>;
  readonly #server = Object.fromEntries(
    SERVER_QUANTITIES.map((name) => [name, this.#bins.add(new MaxColumn(MAX_HISTORY_BINS))]),
  ) as Readonly<Record<ServerQuantity, MaxColumn>>;
  #hasServer = false;
  readonly #series = new Map<HistorySeries, TimedSeries>();
  readonly #marks: RunMark[] = [];
  #endNs = -Infinity;

  /** Latest moment told of, ns since the run's origin; -Infinity before the first. */
  get endNs(): number {
    return this.#endNs;
  }

  constructor(metrics: Pick<RunMetrics, 'series'>) {
    for (const name of HISTORY_SERIES) {
      const sampler = metrics.series[name];
      if (sampler === undefined) continue;
      const { hdrLow, hdrHigh } = SERIES.find((series) => series.name === name)!;
      const series = new TimedSeries(sampler, this.#bins, MAX_HISTORY_BINS, hdrLow, hdrHigh);
      this.#series.set(name, this.#bins.add(series));
    }
  }

  /** A series this run has. */
  series(name: HistorySeries): TimedSeries | undefined {
    return this.#series.get(name);
  }

  /** The moment of what is told next; the first one begins the history. @hot */
  goTo(timeNs: number): void {
    this.#bins.goTo(timeNs);
  }

  /** The run has got this far, or farther; NaN says nothing. */
  reach(timeNs: number): void {
    if (timeNs > this.#endNs) this.#endNs = timeNs;
  }

  /** Issued now. `dueNs` NaN: due when issued. Never due later than issued, whatever a foreign log says. @hot */
  onIssued(issuedNs: number, dueNs: number): void {
    const { current } = this.#bins;
    this.#counts.issued.add(current, 1);
    this.#counts.due.add(dueNs < issuedNs ? this.#bins.binOf(dueNs) : current, 1);
    this.#inFlight.rise(current);
  }

  /** @hot */
  onChunk(): void {
    this.#counts.chunks.add(this.#bins.current, 1);
  }

  /** @hot */
  onComplete(outcome: EndedAs): void {
    this.#counts[outcome].add(this.#bins.current, 1);
    this.#inFlight.fall();
  }

  /** Tokens of an answer that was complete at an earlier moment, or just now. */
  onOutputTokens(completeNs: number, tokenCount: number): void {
    this.#counts.output_tokens.add(this.#bins.binOf(completeNs), tokenCount);
  }

  /** Counts in each bin it touches; what was before the history began is left out. */
  onClient(moment: ClientMoment): void {
    const { startNs } = this.#bins;
    const { fromNs, toNs } = moment;
    if (!(toNs > startNs)) return;
    this.goTo(toNs);
    this.reach(toNs);
    const lastBin = this.#bins.binOf(toNs - 1);
    for (let bin = this.#bins.binOf(fromNs); bin <= lastBin; bin++) {
      for (const [name, column] of Object.entries(this.#client)) {
        const value = moment[name as keyof ClientHistory];
        if (value !== null) column.raise(bin, Math.round(value * CLIENT_PRECISION) / CLIENT_PRECISION);
      }
    }
  }

  /** What the servers told of themselves at a moment. */
  onServer(atNs: number, moment: Readonly<Partial<Record<ServerQuantity, number | null>>>): void {
    const { startNs } = this.#bins;
    if (!(atNs >= startNs)) return;
    this.goTo(atNs);
    this.reach(atNs);
    const bin = this.#bins.binOf(atNs);
    for (const name of SERVER_QUANTITIES) {
      const value = moment[name] ?? null;
      if (value !== null)
        this.#server[name].raise(bin, Math.round(value * SERVER_PRECISION) / SERVER_PRECISION);
    }
    this.#hasServer = true;
  }

  onMark(mark: RunMark): void {
    // Programs leave notes too: a report must know all the same what was done to the load, and in which phase.
    const alike = this.#marks.filter(({ kind }) => (kind === 'note') === (mark.kind === 'note'));
    if (alike.length < MAX_MARKS || mark.kind === 'phase') this.#marks.push(mark);
  }

  /** All of it now; undefined before the first moment. Costs about 1 ms when all bins are used. */
  history(): RunHistory | undefined {
    const { startNs, binNs, length } = this.#bins;
    if (length === 0) return undefined;
    const series = [...this.#series].flatMap(([name, timed]): [string, SeriesHistory][] => {
      const told = timed.series(length);
      if (told === undefined) return [];
      const bounds = isCharted(name)
        ? this.bounds.of(name, told, (bin) => timed.histogramOf(bin))
        : undefined;
      return [[name, { ...told, ...(bounds === undefined ? {} : { bounds }) }]];
    });
    return {
      format: 1,
      start_ns: startNs,
      bin_ns: binNs,
      end_ns: Math.max(startNs, this.#endNs),
      counts: valuesOf(this.#counts, length),
      in_flight_max: this.#inFlight.values(length),
      series: Object.fromEntries(series),
      client: valuesOf(this.#client, length),
      ...(this.#hasServer ? { server: valuesOf(this.#server, length) } : {}),
      marks: [...this.#marks].sort((a, b) => a.at_ns - b.at_ns),
    };
  }
}

interface Column<Value> {
  values(length: number): Value[];
}

function valuesOf<Name extends string, Value>(
  columns: Readonly<Record<Name, Column<Value>>>,
  length: number,
): Record<Name, Value[]> {
  const entries = Object.entries<Column<Value>>(columns).map(([name, column]) => [
    name,
    column.values(length),
  ]);
  return Object.fromEntries(entries) as Record<Name, Value[]>;
}
