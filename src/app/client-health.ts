import type { WorkerHealth } from '../engine/worker-messages.ts';
import type { Json } from '../metrics/snapshot.ts';

/** Content of a `health` frame: what one engine worker tells of itself about once a second. */
export interface HealthReport {
  readonly worker: number;
  readonly event_loop_delay_p99_ms: number;
  readonly event_loop_delay_max_ms: number;
  readonly gc_pause_max_ms: number;
  /** Share of one core the thread used, 0 to 1; null where the system does not tell. */
  readonly cpu_share: number | null;
  /** Since the start of the run. */
  readonly connections_opened: number;
  readonly connect_failures: number;
}

export function healthReportOf(worker: number, health: WorkerHealth): HealthReport {
  return {
    worker,
    event_loop_delay_p99_ms: health.loopDelayP99Ms,
    event_loop_delay_max_ms: health.loopDelayMaxMs,
    gc_pause_max_ms: health.gcPauseMaxMs,
    cpu_share: health.cpuShare,
    connections_opened: health.connectionsOpened,
    connect_failures: health.connectFailures,
  };
}

/** The worst of the client over the run: what a verdict needs. */
export class ClientHealth {
  readonly #latest = new Map<number, HealthReport>();
  #loopDelayP99Ms = 0;
  #loopDelayMaxMs = 0;
  #gcPauseMaxMs = 0;
  #cpuShareMax: number | null = null;

  fold(report: HealthReport): void {
    this.#latest.set(report.worker, report);
    this.#loopDelayP99Ms = Math.max(this.#loopDelayP99Ms, report.event_loop_delay_p99_ms);
    this.#loopDelayMaxMs = Math.max(this.#loopDelayMaxMs, report.event_loop_delay_max_ms);
    this.#gcPauseMaxMs = Math.max(this.#gcPauseMaxMs, report.gc_pause_max_ms);
    if (report.cpu_share !== null) this.#cpuShareMax = Math.max(this.#cpuShareMax ?? 0, report.cpu_share);
  }

  /** Null as long as no worker reported. */
  summary(): Json {
    if (this.#latest.size === 0) return null;
    const workers = [...this.#latest.values()];
    return {
      workers: workers.length,
      event_loop_delay_p99_ms: this.#loopDelayP99Ms,
      event_loop_delay_max_ms: this.#loopDelayMaxMs,
      gc_pause_max_ms: this.#gcPauseMaxMs,
      worker_cpu_max: this.#cpuShareMax,
      connections_opened: workers.reduce((sum, { connections_opened: opened }) => sum + opened, 0),
      connect_failures: workers.reduce((sum, { connect_failures: failed }) => sum + failed, 0),
    };
  }
}
