import type { SlowSample } from '../core/run-history.ts';
import type { RunComparison } from './run-comparison.ts';
import type { RequestTables } from './request-table.ts';
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
  readonly tags: Readonly<Record<string, string>>;
  /** What people wrote about it; empty for nothing. */
  readonly notes: string;
  readonly verdict: VerdictSoFar['level'] | null;
  readonly samples: number | null;
  readonly failed: number | null;
  readonly samplesPerSecond: number | null;
  readonly outputTokensPerSecond: number | null;
  readonly ttftP50Ns: number | null;
  readonly ttftP99Ns: number | null;
  readonly latencyP99Ns: number | null;
}

/** A study in the list. */
export interface StudyRow {
  readonly name: string;
  /** Such as `sweep`. */
  readonly kind: string;
  /** ISO 8601. */
  readonly createdAt: string;
  readonly cells: number;
  readonly cellsDone: number;
  /** What it came to, a sentence each. */
  readonly conclusions: readonly string[];
}

/** A run that is over, or as far as it got. */
export interface PastRun {
  readonly entry: RunEntry;
  readonly update: LiveUpdate;
  readonly slowestSamples: readonly SlowSample[];
  /** Of config.yaml, secrets redacted; plain JSON. */
  readonly config: unknown;
  readonly machine: unknown;
  /** A shell command that makes the same run again; null for a run of another program. */
  readonly runAgain: string | null;
}

/** The runs on disk. All may be called any time, also while runs come and go. */
export interface RunLibrary {
  /** Newest first. */
  list(): Promise<readonly RunEntry[]>;
  /** Undefined when {@link list} has no run of that name. */
  open(name: string): Promise<PastRun | undefined>;
  /** The studies on disk, newest first. Absent where none are listed. */
  readonly studies?: (() => Promise<readonly StudyRow[]>) | undefined;
  /** Their requests one by one. Absent where logs are not read. */
  readonly requests?: RequestTables | undefined;
  /** Says which differences between runs are more than chance; undefined when there is no run of one of the names. Absent where logs are not read. */
  compare?(names: readonly string[]): Promise<RunComparison | undefined>;
  /** Replaces what is written about a run, empty text removes it; false when {@link list} has no run of that name. Absent where nobody may. */
  writeNotes?(name: string, text: string): Promise<boolean>;
}
