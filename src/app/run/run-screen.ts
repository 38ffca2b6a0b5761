import type { Log } from '../../core/log.ts';
import type { RunControls } from '../../live/run-controls.ts';
import type { MetricsSnapshot } from '../../metrics/snapshot.ts';
import type { PhasePlan } from '../../plan/plan.ts';
import type { Report } from '../../report/report.ts';

/** Where a run shows itself to the person who started it. */
export interface RunScreen {
  /** Notes and warnings, shown without tearing the progress. */
  readonly log: Log;
  /** A person sits at it. */
  readonly isInteractive: boolean;
  /** The run has its directory and is about to begin; `controls` steer it until it ends. */
  started(runPath: string, controls?: RunControls): void;
  phase(plan: PhasePlan): void;
  /** A live snapshot arrived. */
  snapshot(snapshot: MetricsSnapshot): void;
  /** A step before or after the load, such as reading a large dataset. */
  step(text: string): void;
  finished(report: Report, runPath: string, reportFile: string): void;
  /** Takes the progress off the screen; idempotent, also called when the run fails. */
  close(): void | Promise<void>;
}
