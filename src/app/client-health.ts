import type { WorkerHealth } from '../engine/worker-messages.ts';
import type { Json } from '../metrics/snapshot.ts';

/** Content of a `health` frame: what one engine worker tells of itself about once a second. */
export interface HealthReport extends WorkerHealth {
  readonly worker: number;
}

/** The worst of the client over the run: what a verdict needs. */
export class ClientHealth {
  readonly #connections = new Map<number, Pick<WorkerHealth, 'connectionsOpened' | 'connectFailures'>>();
  #loopDelayP99Ms = 0;
  #loopDelayMaxMs = 0;
  #gcPauseMaxMs = 0;
  #cpuShareMax: number | null = null;

  fold(report: HealthReport): void {
    this.#connections.set(report.worker, report);
    this.#loopDelayP99Ms = Math.max(this.#loopDelayP99Ms, report.loopDelayP99Ms);
    this.#loopDelayMaxMs = Math.max(this.#loopDelayMaxMs, report.loopDelayMaxMs);
    this.#gcPauseMaxMs = Math.max(this.#gcPauseMaxMs, report.gcPauseMaxMs);
    if (report.cpuShare !== null) this.#cpuShareMax = Math.max(this.#cpuShareMax ?? 0, report.cpuShare);
  }

  /** Null as long as no worker reported. */
  summary(): Json {
    if (this.#connections.size === 0) return null;
    const workers = [...this.#connections.values()];
    return {
      workers: workers.length,
      event_loop_delay_p99_ms: this.#loopDelayP99Ms,
      event_loop_delay_max_ms: this.#loopDelayMaxMs,
      gc_pause_max_ms: this.#gcPauseMaxMs,
      worker_cpu_max: this.#cpuShareMax,
      connections_opened: workers.reduce((sum, { connectionsOpened }) => sum + connectionsOpened, 0),
      connect_failures: workers.reduce((sum, { connectFailures }) => sum + connectFailures, 0),
    };
  }
}
