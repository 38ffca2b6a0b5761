import { CONNECTION_STAGES, type ConnectionTimes } from '../core/connection-stages.ts';
import type { RunMetrics } from './run-metrics.ts';

/** How long connections took, stage by stage: those of the whole run, since most are opened before it is measured. */
export class ConnectionRecorder {
  readonly #metrics: Pick<RunMetrics, 'connectionSeries'>;

  constructor(metrics: Pick<RunMetrics, 'connectionSeries'>) {
    this.#metrics = metrics;
  }

  add(times: ConnectionTimes): void {
    for (const stage of CONNECTION_STAGES) {
      const tookNs = times[stage] ?? [];
      if (tookNs.length === 0) continue;
      const series = this.#metrics.connectionSeries(`${stage}_ns`);
      for (const ns of tookNs) series.record(ns);
    }
  }
}
