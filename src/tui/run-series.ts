import type { HistoryCount, RunHistory } from '../core/run-history.ts';
import { NS_PER_SECOND } from '../core/time.ts';

/** A last bin that covers less than this share of its time is not shown as a rate: it would jump. */
const SMALLEST_BIN_SHARE = 0.5;

/** Samples or tokens a second in each bin; a last bin that only just began is left out. */
export function ratesOverTime(history: RunHistory, count: HistoryCount): readonly number[] {
  const { counts, start_ns: startNs, bin_ns: binNs, end_ns: endNs } = history;
  return counts[count].flatMap((inBin, bin) => {
    const coveredNs = Math.min(binNs, endNs - startNs - bin * binNs);
    return bin > 0 && coveredNs < SMALLEST_BIN_SHARE * binNs ? [] : [inBin / (coveredNs / NS_PER_SECOND)];
  });
}
