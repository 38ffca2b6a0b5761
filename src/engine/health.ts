import { readFileSync } from 'node:fs';
import { PerformanceObserver } from 'node:perf_hooks';
import { NS_PER_MS } from '../core/time.ts';
import type { PacingFacts, PacingRecord } from './pacing-record.ts';

/** How often the lateness of a timer is looked at. */
const PROBE_INTERVAL_MS = 10;
const PROBES_KEPT = 256;
const P99 = 0.99;
const US_PER_MS = 1000;
/** Steps of {@link ThreadHealth.lateMsBeyond}: 2^0 to 2^15 ms. */
const LATE_STEPS = 16;

/** What a thread can tell of itself, about the time since it was asked last; times in ms. */
export interface ThreadHealth {
  readonly elapsedMs: number;
  /** How late a timer of the thread was: 99th percentile and worst. */
  readonly loopDelayP99Ms: number;
  readonly loopDelayMaxMs: number;
  /**
   * Position k: how long the thread was in a state in which an event that came would have been handled more than 2^k ms later. A
   * stall of D ms adds D − 2^k. Adds up over time, so that the share of late moments can be had for any span.
   */
  readonly lateMsBeyond: readonly number[];
  /** Longest pause for garbage collection, 0 without one, and all of them together. */
  readonly gcPauseMaxMs: number;
  readonly gcTotalMs: number;
  /** Shares of the time: running on a core for a purpose, turning the loop until a due time; null where the system does not tell. */
  readonly cpuShare: number | null;
  readonly spinShare: number;
  /** Share of the time the thread could have run and had no core to run on; null where the system does not tell. */
  readonly cpuWaitShare: number | null;
  /** How far the wall clock went from the monotonic one: somebody set it, or the machine slept. */
  readonly clockStepMs: number;
  /** Samples by lateness of the issuer: see {@link PacingFacts}. */
  readonly sendDelayCounts: readonly number[];
}

/** The clocks a monitor reads. */
export interface HealthClocks {
  /** Wall clock, ms. */
  readonly wallMs: () => number;
  readonly monotonicMs: () => number;
}

const SYSTEM_CLOCKS: HealthClocks = {
  wallMs: () => Date.now(),
  monotonicMs: () => performance.now(),
};

/**
 * Watches the thread it is made on: a timer every 10 ms whose lateness is the delay of the event loop, the pauses of the
 * garbage collector, the thread's CPU time and its wait for a core. Costs about 0.1 % of a core.
 */
export class HealthMonitor {
  readonly #pacing: Pick<PacingRecord, 'take'>;
  readonly #clocks: HealthClocks;
  readonly #probe: NodeJS.Timeout;
  readonly #observer: PerformanceObserver;
  readonly #delaysMs = new Float64Array(PROBES_KEPT);
  readonly #lateMsBeyond = new Float64Array(LATE_STEPS);
  #probes = 0;
  #dueMs: number;
  #gcPauseMaxMs = 0;
  #gcTotalMs = 0;
  #since: Readings;

  constructor(pacing: Pick<PacingRecord, 'take'>, clocks = SYSTEM_CLOCKS) {
    this.#pacing = pacing;
    this.#clocks = clocks;
    this.#since = readingsOf(clocks);
    this.#dueMs = performance.now() + PROBE_INTERVAL_MS;
    this.#probe = setInterval(() => this.#onProbe(), PROBE_INTERVAL_MS);
    this.#observer = new PerformanceObserver((list) => {
      for (const { duration } of list.getEntries()) {
        this.#gcPauseMaxMs = Math.max(this.#gcPauseMaxMs, duration);
        this.#gcTotalMs += duration;
      }
    });
    this.#observer.observe({ entryTypes: ['gc'] });
  }

  /** The health since the last call. */
  take(): ThreadHealth {
    const before = this.#since;
    const now = readingsOf(this.#clocks);
    const { spinNs, sendDelayCounts }: PacingFacts = this.#pacing.take();
    const elapsedMs = now.monotonicMs - before.monotonicMs;
    const spinMs = spinNs / NS_PER_MS;
    const delaysMs = this.#delaysMs.subarray(0, Math.min(this.#probes, PROBES_KEPT)).sort();
    const share = (ms: number) => (elapsedMs > 0 ? Math.min(1, Math.max(0, ms / elapsedMs)) : 0);
    const shareOf = (from: number | undefined, to: number | undefined, ofNoUseMs = 0) =>
      from === undefined || to === undefined ? null : share(to - from - ofNoUseMs);
    const health = {
      elapsedMs,
      loopDelayP99Ms: delaysMs[Math.ceil(delaysMs.length * P99) - 1] ?? 0,
      loopDelayMaxMs: delaysMs.at(-1) ?? 0,
      lateMsBeyond: [...this.#lateMsBeyond],
      gcPauseMaxMs: this.#gcPauseMaxMs,
      gcTotalMs: this.#gcTotalMs,
      cpuShare: shareOf(before.cpuMs, now.cpuMs, spinMs),
      spinShare: share(spinMs),
      cpuWaitShare: shareOf(before.cpuWaitMs, now.cpuWaitMs),
      clockStepMs: now.wallMs - before.wallMs - elapsedMs,
      sendDelayCounts,
    };
    this.#lateMsBeyond.fill(0);
    this.#probes = 0;
    this.#gcPauseMaxMs = 0;
    this.#gcTotalMs = 0;
    this.#since = now;
    return health;
  }

  close(): void {
    clearInterval(this.#probe);
    this.#observer.disconnect();
  }

  #onProbe(): void {
    const nowMs = performance.now();
    const lateMs = Math.max(0, nowMs - this.#dueMs);
    this.#delaysMs[this.#probes++ % PROBES_KEPT] = lateMs;
    for (let step = 0; step < LATE_STEPS && lateMs > 2 ** step; step++) {
      this.#lateMsBeyond[step]! += lateMs - 2 ** step;
    }
    this.#dueMs = nowMs + PROBE_INTERVAL_MS;
  }
}

interface Readings {
  readonly wallMs: number;
  readonly monotonicMs: number;
  readonly cpuMs: number | undefined;
  readonly cpuWaitMs: number | undefined;
}

function readingsOf({ wallMs, monotonicMs }: HealthClocks): Readings {
  return { wallMs: wallMs(), monotonicMs: monotonicMs(), cpuMs: threadCpuMs(), cpuWaitMs: threadCpuWaitMs() };
}

/** CPU time of the calling thread, ms; `undefined` where Node can't tell. */
function threadCpuMs(): number | undefined {
  if (typeof process.threadCpuUsage !== 'function') return undefined;
  const { user, system } = process.threadCpuUsage();
  return (user + system) / US_PER_MS;
}

/** How long the calling thread has waited for a core so far, ms; `undefined` where the system is not Linux or does not count it. */
function threadCpuWaitMs(): number | undefined {
  try {
    // On a core, waiting for one (both in ns), times it got one.
    const [, waitedNs] = readFileSync('/proc/thread-self/schedstat', 'latin1').split(' ');
    return waitedNs === undefined ? undefined : Number(waitedNs) / NS_PER_MS;
  } catch {
    return undefined;
  }
}
