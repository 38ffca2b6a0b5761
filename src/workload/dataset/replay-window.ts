import { countedText, durationText } from '../../core/quantity-text.ts';
import { NS_PER_MS } from '../../core/time.ts';
import { datasetError } from '../../dataset/row.ts';
import { arrivalsBefore, replaySchedule, type ReplayTiming } from '../../plan/arrivals/replay.ts';

/** How a trace is replayed. */
export interface ReplayOptions extends ReplayTiming {
  /** Arrivals from here on, up to but without there: ms on the clock of the trace since its first arrival. */
  readonly fromMs?: number | undefined;
  readonly toMs?: number | undefined;
  /** What the run will issue at most; more arrivals are not prepared. */
  readonly maxArrivals?: number | undefined;
  readonly maxDurationNs?: number | undefined;
}

/** The part of a trace that is replayed. */
export interface ReplayWindow {
  /** Position in the file of each arrival, in order of time; those that come at once stay in the order of the file. */
  readonly order: Uint32Array;
  /** When each is due: see `replaySchedule`. */
  readonly dueNs: SharedArrayBuffer;
  /** Arrivals that are earlier than one before them in the file. */
  readonly outOfOrder: number;
}

/**
 * The arrivals of a trace that a run sends, and when. `timesMs`: in the order of the file, at least one.
 *
 * Throws `INFEROMETER_DATASET_INVALID` (input) for a window without arrivals, and what `replaySchedule` throws.
 */
export function replayWindow(
  path: string,
  timesMs: Float64Array,
  { fromMs = 0, toMs = Infinity, maxArrivals = Infinity, maxDurationNs = Infinity, ...timing }: ReplayOptions,
): ReplayWindow {
  const outOfOrder = countOutOfOrder(timesMs);
  const order = Uint32Array.from(timesMs.keys());
  if (outOfOrder > 0) order.sort((a, b) => timesMs[a]! - timesMs[b]! || a - b);
  const sorted = Float64Array.from(order, (index) => timesMs[index]!);
  const firstMs = sorted[0]!;
  const begin = sorted.findIndex((ms) => ms - firstMs >= fromMs);
  if (begin === -1) {
    const last = durationText((sorted.at(-1)! - firstMs) * NS_PER_MS);
    throw datasetError(
      path,
      `--from ${durationText(fromMs * NS_PER_MS)} is behind the end of the trace, whose last arrival comes ${last} after its first`,
    );
  }
  const behind = sorted.findIndex((ms) => ms - firstMs >= toMs);
  const end = behind === -1 ? sorted.length : behind;
  if (end <= begin) {
    throw datasetError(
      path,
      `has no arrival from ${durationText(fromMs * NS_PER_MS)} to ${durationText(toMs * NS_PER_MS)} of its time (--from, --to); ` +
        `it has ${countedText(sorted.length, 'arrival')} in all`,
    );
  }
  const times = sorted.subarray(begin, Math.min(end, begin + maxArrivals));
  const dueNs = replaySchedule(times, timing);
  // One behind the duration stays: that it comes later is why the run goes on until its time is over.
  const kept = Math.min(times.length, arrivalsBefore(dueNs, maxDurationNs) + 1);
  return {
    order: order.subarray(begin, begin + kept),
    dueNs: kept === times.length ? dueNs : replaySchedule(times.subarray(0, kept), timing),
    outOfOrder,
  };
}

function countOutOfOrder(timesMs: Float64Array): number {
  let latestMs = -Infinity;
  let count = 0;
  for (const ms of timesMs) {
    if (ms < latestMs) count += 1;
    else latestMs = ms;
  }
  return count;
}
