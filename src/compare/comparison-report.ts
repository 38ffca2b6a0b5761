import type { Comparison } from './simultaneous-intervals.ts';
import type { SettingDifference } from './setting-differences.ts';

/** One of the runs compared. */
export interface ComparedRun {
  /** `A` for the baseline, then `B`, `C`, … */
  readonly letter: string;
  readonly path: string;
  readonly runId: string;
  readonly startedAt: string;
  readonly sampleCount: number;
  readonly durationS: number;
  /** Length of the blocks it was resampled in, s, and how many it has. */
  readonly blockS: number;
  readonly blockCount: number;
  /** What its own report says, when it has one. */
  readonly verdict: string | undefined;
}

/** A run beside the baseline. */
export interface ComparedPair {
  readonly run: ComparedRun;
  readonly comparison: Comparison;
  readonly settingDifferences: readonly SettingDifference[];
}

/** Everything a comparison says, before it becomes text, JSON or a page. */
export interface ComparisonReport {
  readonly version: string;
  readonly margin: number;
  readonly confidence: number;
  readonly baseline: ComparedRun;
  readonly pairs: readonly ComparedPair[];
}
