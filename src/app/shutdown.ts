/** What each further request to stop does. */
export interface ShutdownLadder {
  /** First: issue nothing more, drain, report. */
  stop(): void;
  /** Second: cancel what is in flight, report. */
  cancel(): void;
  /** Third: exit at once; the run log stays. */
  exitNow(): void;
}

const STOP_SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/**
 * Steps down the ladder at each SIGINT, SIGTERM or SIGHUP (the terminal was closed). Returns a function that takes the handlers off again.
 */
export function onStopSignals(ladder: ShutdownLadder): () => void {
  const steps = [() => ladder.stop(), () => ladder.cancel(), () => ladder.exitNow()];
  let taken = 0;
  const step = () => {
    steps[Math.min(taken, steps.length - 1)]!();
    taken += 1;
  };
  for (const signal of STOP_SIGNALS) process.on(signal, step);
  return () => {
    for (const signal of STOP_SIGNALS) process.off(signal, step);
  };
}
