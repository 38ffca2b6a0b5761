import type { SlowSample } from '../core/run-history.ts';
import type { LiveUpdate, VerdictSoFar } from '../live/live-update.ts';

/** A run in the list; null where its files do not tell. */
export interface RunEntry {
  /** Name of its folder, by which it is opened. */
  readonly name: string;
  readonly runId: string | null;
  /** ISO 8601. */
  readonly startedAt: string | null;
  readonly state: 'running' | 'complete' | 'stopped_early' | 'failed' | 'interrupted' | 'gone' | null;
  readonly model: string | null;
  readonly endpoints: readonly string[];
  /** What was asked for, such as `poisson 50/s`. */
  readonly load: string | null;
  readonly verdict: VerdictSoFar['level'] | null;
  readonly samples: number | null;
  readonly failed: number | null;
  readonly samplesPerSecond: number | null;
  readonly outputTokensPerSecond: number | null;
  readonly ttftP50Ns: number | null;
  readonly ttftP99Ns: number | null;
  readonly latencyP99Ns: number | null;
}

/** A run that is over, or as far as it got. */
export interface PastRun {
  readonly entry: RunEntry;
  readonly update: LiveUpdate;
  readonly slowestSamples: readonly SlowSample[];
  /** Of config.yaml, secrets redacted; plain JSON. */
  readonly config: unknown;
  readonly machine: unknown;
}

/** The runs on disk. Both may be called any time, also while runs come and go. */
export interface RunLibrary {
  /** Newest first. */
  list(): Promise<readonly RunEntry[]>;
  /** Undefined when {@link list} has no run of that name. */
  open(name: string): Promise<PastRun | undefined>;
}
