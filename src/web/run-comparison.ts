import type { MetricKey } from '../compare/resample.ts';
import type { SettingDifference } from '../compare/setting-differences.ts';
import type { DifferenceJudgement, MetricDifference } from '../compare/simultaneous-intervals.ts';

/** What `inferometer compare --format json` says of runs, the first of which is the baseline. */
export interface RunComparison {
  readonly margin: number;
  readonly confidence: number;
  readonly comparisons: readonly PairComparison[];
}

/** A run beside the baseline. */
export interface PairComparison {
  readonly run: { readonly letter: string };
  readonly judgement: DifferenceJudgement;
  readonly too_short: boolean;
  readonly metrics: Readonly<Partial<Record<MetricKey, Omit<MetricDifference, 'key'>>>>;
  readonly settings: readonly SettingDifference[];
}
