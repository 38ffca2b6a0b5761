import { durationText } from '../core/quantity-text.ts';
import { NS_PER_MS } from '../core/time.ts';
import type { Tree } from './yaml-file.ts';
import { isTree } from './given-settings.ts';
import { inputError } from './input-error.ts';
import type { RunConfig } from './schema.ts';

export function checkUntil({ until, stop, metrics }: RunConfig): void {
  if (until === undefined) return;
  if (stop.duration_ms !== undefined) {
    throw inputError('--duration and --until both say when the run ends; with --until, set --max-duration');
  }
  const { min_duration_ms: minMs, max_duration_ms: maxMs } = until;
  if (minMs > maxMs) {
    const [min, max] = [durationText(minMs * NS_PER_MS), durationText(maxMs * NS_PER_MS)];
    throw inputError(`--min-duration must not be longer than --max-duration (got ${min} and ${max})`);
  }
  if (metrics.publish_interval_ms === 0) {
    throw inputError(
      '--until looks at the live metrics, which --publish-interval 0 turns off; use one of them',
    );
  }
}

/** A time to measure means nothing without a figure to wait for. */
export function refuseUntilWithoutRules({ until }: Tree): void {
  if (!isTree(until) || until.rules !== undefined) return;
  const flag = until.min_duration_ms === undefined ? '--max-duration' : '--min-duration';
  throw inputError(`${flag} needs --until, the figure to wait for, such as --until 'ttft p99 ±3%'`);
}
