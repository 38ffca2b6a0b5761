import { InferometerError } from '../core/errors.ts';
import { NS_PER_MS } from '../core/time.ts';
import type { StopRule } from './plan.ts';

/** Limits of a phase; an absent one does not exist. Throws `INFEROMETER_PLAN_STOP` for a limit that is not above 0. */
export function createStopRule(limits: {
  readonly maxSamples?: number | undefined;
  readonly maxDurationMs?: number | undefined;
}): StopRule {
  const { maxSamples = Infinity, maxDurationMs = Infinity } = limits;
  return checkedStopRule({ maxSamples, maxDurationNs: maxDurationMs * NS_PER_MS });
}

/** The rule itself. Throws `INFEROMETER_PLAN_STOP` for a limit that is not above 0. */
export function checkedStopRule(stop: StopRule): StopRule {
  if (stop.maxSamples > 0 && stop.maxDurationNs > 0) return stop;
  throw new InferometerError(
    'INFEROMETER_PLAN_STOP',
    'input',
    `stop rule: the most samples and the longest duration must be above 0 (got ${stop.maxSamples} and ${stop.maxDurationNs} ns)`,
  );
}

/** What decides how many samples a run of the reference issues. */
export interface TotalSamplesSettings {
  /** An explicit count beats everything else. */
  readonly samplesToIssue: number | null;
  /** How long the run should last at least. Only used for this estimate. */
  readonly minDurationMs: number;
  readonly datasetSize: number;
  readonly minSamples: number;
  /** Requests a second to plan for. */
  readonly ratePerSecond: number | null;
  /** Conversations issue each of their turns exactly once. */
  readonly agentic: boolean;
}

const DEFAULT_RATE_PER_SECOND = 10;
const RATE_MARGIN = 1.1;

/**
 * Samples to issue in all, as the reference plans them: an explicit count, else the dataset once, else enough to last
 * `minDurationMs` at the rate and 10 % more, rounded up to whole passes over the dataset.
 */
export function totalSamplesToIssue(settings: TotalSamplesSettings): number {
  const { samplesToIssue, minDurationMs, datasetSize, minSamples, agentic } = settings;
  if (samplesToIssue !== null) return samplesToIssue;
  if (agentic) return datasetSize;
  if (minDurationMs === 0) return Math.max(minSamples, datasetSize);
  const expected = (settings.ratePerSecond ?? DEFAULT_RATE_PER_SECOND) * (minDurationMs / 1000);
  const wanted = Math.max(minSamples, Math.ceil(expected * RATE_MARGIN));
  return datasetSize === 0 ? wanted : Math.ceil(wanted / datasetSize) * datasetSize;
}
