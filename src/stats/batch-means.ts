import { INTERVAL_CONFIDENCE } from './quantile-interval.ts';
import { studentTQuantile } from './student-t.ts';

/** Batches of a run: with more, neighbours depend on each other; with fewer, the interval grows for want of degrees of freedom. */
export const MOST_BATCHES = 10;
/** With fewer than this, an interval would say next to nothing. */
export const FEWEST_BATCHES = 5;
/** A batch with fewer events is no mean of anything. */
export const EVENTS_PER_BATCH = 5;

/** What came in a stretch of a run, and how long that was. */
export interface Batch {
  readonly amount: number;
  readonly seconds: number;
}

/** How many batches to cut a run with this many events into; 0: there are too few for an interval. */
export function batchCount(events: number): number {
  const count = Math.min(MOST_BATCHES, Math.floor(events / EVENTS_PER_BATCH));
  return count < FEWEST_BATCHES ? 0 : count;
}

/**
 * Where the rate of a run lies, from successive batches of it: Student's interval of a ratio, with a degree of freedom less than batches.
 * Batches that are long against the time over which the rate swings are as good as independent. Null for too few of them. Source:
 * Schmeiser, Batch size effects in the analysis of simulation output, Operations Research 30 (1982); Cochran, Sampling Techniques, §6.
 */
export function batchMeansInterval(
  batches: readonly Batch[],
  confidence: number = INTERVAL_CONFIDENCE,
): { readonly low: number; readonly high: number } | null {
  const count = batches.length;
  const seconds = sum(batches.map((batch) => batch.seconds));
  if (count < FEWEST_BATCHES || !(seconds > 0)) return null;
  const rate = sum(batches.map(({ amount }) => amount)) / seconds;
  const squares = sum(batches.map((batch) => (batch.amount - rate * batch.seconds) ** 2));
  const error = Math.sqrt((count / (count - 1)) * squares) / seconds;
  const reach = studentTQuantile(1 - (1 - confidence) / 2, count - 1) * error;
  return { low: Math.max(0, rate - reach), high: rate + reach };
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
