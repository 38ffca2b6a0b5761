import { compareRunDirectories } from '../app/reports/compare-runs.ts';
import { comparisonJson } from '../compare/json.ts';
import type { MessageListener } from './messages.ts';
import { logFor } from './parts/log-for.ts';
import type { RunComparison } from './results.ts';

export interface CompareOptions {
  /** Differences up to this are of no interest; default 0.03, which is 3 %. */
  readonly margin?: number;
  /** Of all statements together; default 0.95. */
  readonly confidence?: number;
  readonly onMessage?: MessageListener;
}

/**
 * Compares run folders with the first of them, by their samples. Throws `InferometerError` when there is no run at a path, or none of its
 * measured samples ended.
 */
export async function compareRuns(
  paths: readonly [baseline: string, ...others: string[]],
  { margin = 0.03, confidence = 0.95, onMessage }: CompareOptions = {},
): Promise<RunComparison> {
  const report = await compareRunDirectories(paths, { margin, confidence }, logFor(onMessage));
  return JSON.parse(comparisonJson(report)) as RunComparison;
}
