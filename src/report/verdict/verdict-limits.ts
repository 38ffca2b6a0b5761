/** The limits of the checks of a verdict, in one place. docs/measurement.md tells them, held to it by a test. */
export const VERDICT_LIMITS = {
  /** Share of ended samples that may fail; beyond the second even the p90 is made of failures. */
  erroredShare: 0.01,
  erroredShareInvalid: 0.1,
  /** Share of issued samples that may fail for want of ports or descriptors of ours. */
  clientLimitShareInvalid: 0.01,
  /** Share of issued samples that may be cancelled: these are the slowest, so percentiles beyond lie too low. */
  cancelledShare: 0.01,
  notSentShare: 0.01,
  /** Share of the requested rate that must go out. */
  rateShare: 0.95,
  rateShareInvalid: 0.8,
  /** Issue delay is harmless below this share of the median response latency, however high the rate is. */
  issueDelayShareOfLatency: 0.05,
  /** By how much a figure may be off for the client's own lateness, and what is harmless whatever was measured: what a stamp takes. */
  boundShare: 0.05,
  boundShareInvalid: 0.5,
  boundFloorNs: 50_000,
  /** How late the client may be at p99, as a share of the median time measured, and what is harmless whatever was measured. */
  lateShare: 0.1,
  lateFloorMs: 5,
  lateShareInvalid: 0.5,
  lateFloorInvalidMs: 20,
  /** The longest stall and the longest pause of the garbage collector, likewise. */
  stallShare: 0.5,
  stallFloorMs: 50,
  /** Share of the time the garbage collector may hold a worker up. */
  gcShareInvalid: 0.1,
  /** A worker was busy in a second when it was at work, or waiting for a core, for this share of it. */
  busyWorker: 0.95,
  /** Share of the time a worker may be busy. */
  busyShareInvalid: 0.1,
  /** Steps of the wall clock against the monotonic one. */
  clockStepMs: 100,
  clockStepInvalidMs: 10_000,
  /** How long a worker may be stuck. */
  stuckInvalidMs: 10_000,
  /** Values beyond a percentile that it takes to mean something, and the samples without which p99 is but the maximum. */
  valuesBeyondPercentile: 10,
  fewestSamples: 100,
} as const;
