/** What each further request to stop does. */
export interface ShutdownLadder {
  /** First: issue nothing more, drain, report. */
  stop(): void;
  /** Second: cancel what is in flight, report. */
  cancel(): void;
  /** Third: exit at once; the run log stays. */
  exitNow(): void;
}

/**
 * Steps down the ladder at each SIGINT or SIGTERM. Returns a function that takes the handlers off again.
 */
export function onStopSignals(ladder: ShutdownLadder): () => void {
  const steps = [() => ladder.stop(), () => ladder.cancel(), () => ladder.exitNow()];
  let taken = 0;
  const step = () => {
    steps[Math.min(taken, steps.length - 1)]!();
    taken += 1;
  };
  process.on('SIGINT', step);
  process.on('SIGTERM', step);
  return () => {
    process.off('SIGINT', step);
    process.off('SIGTERM', step);
  };
}
