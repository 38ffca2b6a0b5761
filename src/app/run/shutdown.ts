import { EXIT_CODES } from '../../core/errors.ts';
import { endWithParent } from '../machine/end-with-parent.ts';

/** What can be done to end a run, from the mildest step on. Each says whether it did anything: one that was taken already does not. */
export interface ShutdownLadder {
  /** Issue nothing more, drain, report. */
  stop(): boolean;
  /** Cancel what is in flight, report. */
  cancel(): boolean;
  /** Exit at once; the run log stays. */
  exitNow(): void;
}

const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Takes the next step of the ladder at each SIGINT, SIGTERM or SIGHUP (the terminal was closed), whoever took those before. Returns a
 * function that ends this: the process is about to exit by itself, and a signal from then on makes it exit at once. As a cell of a study
 * it exits at once when the study has ended.
 */
export function onStopSignals(ladder: ShutdownLadder): () => void {
  const step = () => {
    if (!ladder.stop() && !ladder.cancel()) ladder.exitNow();
  };
  for (const signal of STOP_SIGNALS) process.off(signal, exitInterrupted).on(signal, step);
  endWithParent(process.env, () => ladder.exitNow());
  return () => {
    for (const signal of STOP_SIGNALS) process.off(signal, step).on(signal, exitInterrupted);
  };
}

/** Left to the system, a signal would end the process without its exit code, and without those who watch for its exit. */
function exitInterrupted(): void {
  process.exit(EXIT_CODES.interrupted);
}
