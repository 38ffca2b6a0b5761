/**
 * What a server got done over the measured window; in a snapshot's extras as `throughput`.
 *
 * The window begins when the load is built up: once as many samples are in flight as on average. It ends when issuing ends, so the drain
 * is not in it, nor is a sample that hangs. A pause cuts it in parts, each with a start of its own. When fewer than half of the
 * samples had ended by the end of issuing, they were one burst: then it ends when nine in ten of the successes had come. What completes in
 * the window counts, whenever it was issued. Its borders are off by
 * 1/2000 of the time from the start to the last issue at most. There is none for a window too short for that, of about a quarter of a ms.
 */
export interface Throughput {
  /** ns since the run's origin. */
  readonly start_ns: number;
  readonly end_ns: number;
  /** Length of the window: of all its parts together. */
  readonly window_ns: number;
  readonly parts: number;
  readonly ended_by: 'issuing' | 'completions';
  /** From the first issue to the start, before which the load was being built up. */
  readonly ramp_up_ns: number;
  /** Samples that ended in the window. */
  readonly succeeded: number;
  readonly errored: number;
  readonly succeeded_per_second: number;
  readonly errored_per_second: number;
  /** Tokens of a sample are spread evenly from its first chunk to its last. */
  readonly output_tokens_per_second: number;
  /** Over time, exactly: what Little's law calls L. */
  readonly mean_in_flight: number;
  /** Of the samples that ended in the window, failed ones too; null for none. */
  readonly mean_latency_ns: number | null;
  /** From the end of the window to the last sample that ended by itself, and how many ended in that time. */
  readonly drain_ns: number;
  readonly drain_ended: number;
}
