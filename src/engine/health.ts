import { PerformanceObserver } from 'node:perf_hooks';

/** How often the lateness of a timer is looked at. */
const PROBE_INTERVAL_MS = 10;
const PROBES_KEPT = 256;
const P99 = 0.99;
const US_PER_MS = 1000;

/** What a thread can tell of itself, about the time since it was asked last; times in ms. */
export interface ThreadHealth {
  /** How late a timer of the thread was: 99th percentile and worst. */
  readonly loopDelayP99Ms: number;
  readonly loopDelayMaxMs: number;
  /** Longest pause for garbage collection, 0 without one. */
  readonly gcPauseMaxMs: number;
  /** Share of one core the thread used; null where the system does not tell. */
  readonly cpuShare: number | null;
}

/**
 * Watches the thread it is made on: a timer every 10 ms whose lateness is the delay of the event loop, the pauses of the
 * garbage collector, and the thread's CPU time. Costs about 0.1 % of a core.
 */
export class HealthMonitor {
  readonly #probe: NodeJS.Timeout;
  readonly #observer: PerformanceObserver;
  readonly #delaysMs = new Float64Array(PROBES_KEPT);
  #probes = 0;
  #dueMs = performance.now() + PROBE_INTERVAL_MS;
  #gcPauseMaxMs = 0;
  #sinceMs = performance.now();
  #cpuMs = threadCpuMs();

  constructor() {
    this.#probe = setInterval(() => this.#onProbe(), PROBE_INTERVAL_MS);
    this.#observer = new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) {
        this.#gcPauseMaxMs = Math.max(this.#gcPauseMaxMs, duration);
      }
    });
    this.#observer.observe({ entryTypes: ['gc'] });
  }

  /** The health since the last call. */
  take(): ThreadHealth {
    const nowMs = performance.now();
    const cpuMs = threadCpuMs();
    const delaysMs = this.#delaysMs.subarray(0, Math.min(this.#probes, PROBES_KEPT)).sort();
    const health = {
      loopDelayP99Ms: delaysMs[Math.ceil(delaysMs.length * P99) - 1] ?? 0,
      loopDelayMaxMs: delaysMs.at(-1) ?? 0,
      gcPauseMaxMs: this.#gcPauseMaxMs,
      cpuShare:
        cpuMs === undefined || this.#cpuMs === undefined
          ? null
          : Math.max(0, (cpuMs - this.#cpuMs) / (nowMs - this.#sinceMs)),
    };
    this.#probes = 0;
    this.#gcPauseMaxMs = 0;
    this.#sinceMs = nowMs;
    this.#cpuMs = cpuMs;
    return health;
  }

  close(): void {
    clearInterval(this.#probe);
    this.#observer.disconnect();
  }

  #onProbe(): void {
    const nowMs = performance.now();
    this.#delaysMs[this.#probes++ % PROBES_KEPT] = Math.max(0, nowMs - this.#dueMs);
    this.#dueMs = nowMs + PROBE_INTERVAL_MS;
  }
}

/** CPU time of the calling thread, ms; `undefined` where Node can't tell. */
function threadCpuMs(): number | undefined {
  if (typeof process.threadCpuUsage !== 'function') return undefined;
  const { user, system } = process.threadCpuUsage();
  return (user + system) / US_PER_MS;
}
