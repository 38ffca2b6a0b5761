/** Whole nanoseconds since the run's origin (or a span of them), exact below 2^53: 104 days. */
export type Nanoseconds = number & { readonly __unit: 'ns' };

export const NS_PER_US = 1e3;
export const NS_PER_MS = 1e6;
export const NS_PER_SECOND = 1e9;

/** Reads the time of the run. Injected wherever a stamp is taken. */
export interface RunClock {
  /** CLOCK_MONOTONIC at the run's origin; the same in each thread and process of a run. */
  readonly originNs: bigint;
  /** Now, in ns since the origin. Allocates nothing. */
  nowNs(): Nanoseconds;
}

/** CLOCK_MONOTONIC now, absolute ns. */
export function monotonicNs(): bigint {
  return process.hrtime.bigint();
}

/**
 * A clock over `performance.now()`, whose offset to CLOCK_MONOTONIC is measured once by bracketing.
 *
 * `performance.now()` counts from the start of its own thread, so the offset differs by thread; the narrowest of the
 * brackets bounds the error (about 50 ns). One call costs about 30 ns where `hrtime.bigint()` costs 60 and allocates.
 */
export function createRunClock(originNs: bigint = monotonicNs()): RunClock {
  let narrowestNs = Infinity;
  let offsetNs = 0;
  for (let attempt = 0; attempt < 64; attempt++) {
    const beforeNs = Number(monotonicNs() - originNs);
    const threadNs = performance.now() * NS_PER_MS;
    const afterNs = Number(monotonicNs() - originNs);
    if (afterNs - beforeNs < narrowestNs) {
      narrowestNs = afterNs - beforeNs;
      offsetNs = (beforeNs + afterNs) / 2 - threadNs;
    }
  }
  return {
    originNs,
    nowNs: () => Math.round(performance.now() * NS_PER_MS + offsetNs) as Nanoseconds,
  };
}
