import { InferometerError } from '../core/errors.ts';
import type { Log } from '../core/log.ts';
import { CounterSampler, SeriesSampler } from './sampler.ts';
import type { SeriesOptions } from './series-options.ts';
import type { ExactInteger, Json, MetricsSnapshot, SessionState, ValueKind } from './snapshot.ts';

/** What a snapshot says beside the metrics. */
export interface SnapshotMoment {
  /** The producer's CLOCK_MONOTONIC. */
  readonly timestampNs: ExactInteger;
  readonly state: SessionState;
  /** Token counts enqueued and not yet recorded. */
  readonly pendingTaskCount: number;
  /** Facts that are no metric, passed on as they are. */
  readonly extras?: { readonly [key: string]: Json };
}

/** The metrics of a run by name, and the one place where they become a snapshot. */
export class MetricsRegistry {
  readonly #log: Log;
  readonly #counters = new Map<string, CounterSampler>();
  readonly #series = new Map<string, SeriesSampler>();
  #snapshotCount = 0;

  /** `log` is told when a series clamps a value in its live view, and when an early-stopping estimate fails. */
  constructor({ log }: { readonly log: Log }) {
    this.#log = log;
  }

  /** Throws `INFEROMETER_METRICS_NAME` when a metric of either kind has this name. */
  registerCounter(name: string, options: { readonly valueKind?: ValueKind } = {}): CounterSampler {
    this.#assertFree(name);
    const counter = new CounterSampler(name, options.valueKind);
    this.#counters.set(name, counter);
    return counter;
  }

  /** Throws `INFEROMETER_METRICS_NAME` like {@link registerCounter}, and `INFEROMETER_METRICS_SERIES` for a wrong option. */
  registerSeries(name: string, options: SeriesOptions): SeriesSampler {
    this.#assertFree(name);
    const series = new SeriesSampler(name, options, this.#log);
    this.#series.set(name, series);
    return series;
  }

  /**
   * All metrics now: exact when the run is complete, else approximate (an interrupted run too).
   *
   * A live snapshot of 20 counters and 9 series costs well under a millisecond.
   */
  buildSnapshot({ timestampNs, state, pendingTaskCount, extras }: SnapshotMoment): MetricsSnapshot {
    this.#snapshotCount += 1;
    const exact = state === 'complete';
    return {
      counter: this.#snapshotCount,
      timestampNs,
      state,
      pendingTaskCount,
      metrics: [
        ...[...this.#counters.values()].map((counter) => counter.build()),
        ...[...this.#series.values()].map((series) => series.build(exact)),
      ],
      ...(extras === undefined ? {} : { extras }),
    };
  }

  /** Lets go of the spill files of all series. Idempotent. */
  close(): void {
    for (const series of this.#series.values()) series.close();
  }

  #assertFree(name: string): void {
    if (!this.#counters.has(name) && !this.#series.has(name)) return;
    throw new InferometerError(
      'INFEROMETER_METRICS_NAME',
      'internal',
      `metric ${name} is registered already`,
    );
  }
}
