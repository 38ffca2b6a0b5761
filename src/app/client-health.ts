import type { Json } from '../metrics/snapshot.ts';

/** What a worker tells of itself about once a second; the content of a `health` frame. */
export interface HealthReport {
  readonly worker: number;
  readonly event_loop_delay_p99_ms: number;
  readonly event_loop_delay_max_ms: number;
  readonly gc_pause_max_ms: number;
  /** Share of one core the thread used, 0 to 1; null where the system does not tell. */
  readonly cpu: number | null;
}

/** The worst of the client over the run: what a verdict needs. */
export class ClientHealth {
  #reports = 0;
  #delayP99Ms = 0;
  #delayMaxMs = 0;
  #gcPauseMaxMs = 0;
  #cpuMax: number | null = null;

  fold(content: unknown): void {
    const report = content as HealthReport;
    this.#reports += 1;
    this.#delayP99Ms = Math.max(this.#delayP99Ms, report.event_loop_delay_p99_ms);
    this.#delayMaxMs = Math.max(this.#delayMaxMs, report.event_loop_delay_max_ms);
    this.#gcPauseMaxMs = Math.max(this.#gcPauseMaxMs, report.gc_pause_max_ms);
    if (report.cpu !== null) this.#cpuMax = Math.max(this.#cpuMax ?? 0, report.cpu);
  }

  summary(): Json {
    if (this.#reports === 0) return null;
    return {
      event_loop_delay_p99_ms: this.#delayP99Ms,
      event_loop_delay_max_ms: this.#delayMaxMs,
      gc_pause_max_ms: this.#gcPauseMaxMs,
      worker_cpu_max: this.#cpuMax,
    };
  }
}
