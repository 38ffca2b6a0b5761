import { studentTQuantile } from '../stats/student-t.ts';

/** A figure and where it lies with 95 % confidence; null where an end is not known. */
export interface Estimate {
  readonly value: number;
  readonly low: number | null;
  readonly high: number | null;
}

export const CONFIDENCE = 0.95;

/**
 * One figure of several runs of the same settings. From two runs on the interval is Student's over the runs, so that it has in it what
 * differs from run to run, which no interval within a run sees; of a single run it is the run's own. Null without a run.
 */
export function meanOfRuns(runs: readonly Estimate[]): Estimate | null {
  if (runs.length <= 1) return runs[0] ?? null;
  const value = mean(runs.map((run) => run.value));
  const variance = varianceOf(runs.map((run) => run.value));
  // Runs that agree to the last digit, such as those without an error, tell nothing of their spread.
  if (variance === 0) return { value, low: leastOf(runs), high: mostOf(runs) };
  const error = Math.sqrt(variance / runs.length);
  const reach = studentTQuantile(1 - (1 - CONFIDENCE) / 2, runs.length - 1) * error;
  return { value, low: Math.max(0, value - reach), high: value + reach };
}

function leastOf(runs: readonly Estimate[]): number | null {
  return runs.reduce<number | null>(
    (least, { low }) => (low === null || least === null ? null : Math.min(least, low)),
    Infinity,
  );
}

function mostOf(runs: readonly Estimate[]): number | null {
  return runs.reduce<number | null>(
    (most, { high }) => (high === null || most === null ? null : Math.max(most, high)),
    -Infinity,
  );
}

/** Of a sample (n − 1); 0 for fewer than two values. */
export function varianceOf(values: readonly number[]): number {
  if (values.length < 2) return 0;
  const middle = mean(values);
  return values.reduce((total, value) => total + (value - middle) ** 2, 0) / (values.length - 1);
}

export function mean(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0) / values.length;
}
