import type { LogDistribution, RunHistory } from '../core/run-history.ts';
import type { MetricVerdict } from '../core/judged-metrics.ts';
import type { SloVerdict } from '../rules/slo-verdict.ts';
import type { LiveView } from './view-model.ts';

/** The verdict a run would get if it ended now. */
export interface VerdictSoFar {
  readonly level: 'valid' | 'degraded' | 'invalid';
  /** Worst first. */
  readonly findings: readonly {
    readonly check: string;
    readonly level: 'invalid' | 'degraded' | 'note';
    readonly message: string;
  }[];
  /** Absent in what an earlier version told. */
  readonly metrics?: readonly MetricVerdict[];
  /** Likewise. */
  readonly slos?: readonly SloVerdict[];
}

/** All that a live view shows of a run at one moment, in a terminal or on a page: plain JSON. */
export interface LiveUpdate {
  readonly view: LiveView;
  /** Since the start of the run; comes along about once a second, and viewers keep the last one they saw. */
  readonly history: RunHistory | undefined;
  /** By series; likewise. */
  readonly distributions: { readonly [series: string]: LogDistribution };
  /** Undefined before there is something to judge. */
  readonly verdict: VerdictSoFar | undefined;
}
