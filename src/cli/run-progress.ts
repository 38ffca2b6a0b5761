import type { RunControls } from '../live/run-controls.ts';
import type { MetricsSnapshot } from '../metrics/snapshot.ts';
import type { LogLevel } from '../core/log.ts';

/** How a run shows itself between its start and its result. */
export interface RunProgress {
  /** A line worth keeping. */
  note(line: string, level: LogLevel): void;
  started(runPath: string, controls: RunControls | undefined): void;
  show(snapshot: MetricsSnapshot): void;
  /** Takes the progress off the screen; notes stay. Idempotent. */
  close(): void;
}
