import { countText, durationText } from '../core/quantity-text.ts';
import type { RunHistory, ServerQuantity } from '../core/run-history.ts';
import { NS_PER_MS } from '../core/time.ts';

/** Who a slow period is due to; `unknown`: the servers tell too little. */
export const SLOW_CAUSES = ['client', 'network', 'server_queue', 'server_compute', 'unknown'] as const;
export type SlowCause = (typeof SLOW_CAUSES)[number];

/** A stretch of a run in which the first token took much longer than it mostly did. */
export interface SlowPeriod {
  /** ns since the run's origin. */
  readonly fromNs: number;
  readonly toNs: number;
  readonly cause: SlowCause;
  /** The highest median TTFT of a bin in it, and what that mostly was in the run. */
  readonly ttftNs: number;
  readonly usualNs: number;
  /** What speaks for the cause, in words. */
  readonly evidence: string;
}

/** A median TTFT of so many times the usual one is slow, … */
const SLOW_RATIO = 1.5;
/** … if it is longer by this, too. */
const LEAST_EXCESS_NS = 5 * NS_PER_MS;
/** What explains so much of the excess is its cause. */
const EXPLAINING_SHARE = 0.5;
/** Computing that takes so many times as long as usual, where only that can be compared. */
const SLOW_COMPUTE_RATIO = 1.3;
/** The usual TTFT is that of the faster bins: a run may be slow for much of its time. */
const USUAL_SHARE = 0.25;

/** The slow periods of a run with metrics of its servers, in order; none for one without. */
export function slowPeriods(history: RunHistory | undefined): readonly SlowPeriod[] {
  const { ttft_ns: ttft, sample_latency_ns: latency } = history?.series ?? {};
  const medians = (ttft ?? latency)?.p50;
  if (history?.server === undefined || medians === undefined) return [];
  const told = medians.filter((value) => value !== null).toSorted((a, b) => a - b);
  const usualNs = told[Math.floor(USUAL_SHARE * told.length)];
  if (usualNs === undefined) return [];
  const isSlow = medians.map(
    (value) => value !== null && value >= SLOW_RATIO * usualNs && value - usualNs >= LEAST_EXCESS_NS,
  );
  const usual = new UsualServer(history, isSlow);
  const periods: SlowPeriod[] = [];
  for (const [bin, slow] of isSlow.entries()) {
    if (!slow) continue;
    const fromNs = history.start_ns + bin * history.bin_ns;
    const toNs = fromNs + history.bin_ns;
    const ttftNs = medians[bin]!;
    const { cause, evidence } = causeOf(history, usual, bin, ttftNs - usualNs);
    const last = periods.at(-1);
    if (last?.toNs === fromNs && last.cause === cause) {
      const isWorse = ttftNs > last.ttftNs;
      periods[periods.length - 1] = {
        ...last,
        ...{ toNs, ttftNs: Math.max(ttftNs, last.ttftNs), evidence: isWorse ? evidence : last.evidence },
      };
    } else periods.push({ fromNs, toNs, cause, ttftNs, usualNs, evidence });
  }
  return periods;
}

/** `12.0 s to 18.0 s after the start: server queue (…)`. */
export function slowPeriodText(
  { fromNs, toNs, cause, ttftNs, usualNs, evidence }: SlowPeriod,
  startNs: number,
): string {
  return (
    `${durationText(fromNs - startNs)} to ${durationText(toNs - startNs)}: ${cause.replace('_', ' ')} ` +
    `(median TTFT up to ${durationText(ttftNs)}, usually ${durationText(usualNs)}; ${evidence})`
  );
}

/** What the servers told in the bins that are not slow. */
class UsualServer {
  readonly #history: RunHistory;
  readonly #isSlow: readonly boolean[];

  constructor(history: RunHistory, isSlow: readonly boolean[]) {
    this.#history = history;
    this.#isSlow = isSlow;
  }

  /** The median; null where nothing was told. */
  of(quantity: ServerQuantity): number | null {
    const values = this.#history
      .server![quantity].filter(
        (value, bin) => value !== null && this.#isSlow[bin] !== true && this.#isSlow[bin - 1] !== true,
      )
      .map((value) => value!)
      .toSorted((a, b) => a - b);
    return values[values.length >> 1] ?? null;
  }
}

function causeOf(
  history: RunHistory,
  usual: UsualServer,
  bin: number,
  excessNs: number,
): { readonly cause: SlowCause; readonly evidence: string } {
  const excessMs = excessNs / NS_PER_MS;
  const { client } = history;
  const lateMs = client.late_p99_ms?.[bin] ?? client.event_loop_delay_max_ms[bin] ?? 0;
  if (lateMs >= EXPLAINING_SHARE * excessMs)
    return { cause: 'client', evidence: `the client read up to ${durationText(lateMs * NS_PER_MS)} late` };
  const of = (quantity: ServerQuantity) => growth(history.server![quantity], bin, usual.of(quantity));
  const [queue, compute, waiting] = [of('queue_ms'), of('compute_ms'), of('waiting')];
  const computed = compute && {
    ...compute,
    isCause:
      compute.now - compute.usual >= EXPLAINING_SHARE * excessMs ||
      compute.now >= SLOW_COMPUTE_RATIO * compute.usual,
  };
  const isQueued =
    queue === null
      ? waiting !== null && waiting.now - waiting.usual >= Math.max(1, waiting.usual)
      : queue.now - queue.usual >= EXPLAINING_SHARE * excessMs;
  // A server that computes slowly has a queue, too: what grew by more counts.
  const isComputeMore =
    computed?.isCause === true && queue !== null && computed.now - computed.usual > queue.now - queue.usual;
  if (isQueued && !isComputeMore) {
    const waited = waiting === null ? '' : `, ${countText(Math.round(waiting.now))} waiting there`;
    return {
      cause: 'server_queue',
      evidence:
        queue === null
          ? `${countText(Math.round(waiting!.now))} requests waiting there, usually ${countText(Math.round(waiting!.usual))}`
          : `${times(queue)} in its queue${waited}`,
    };
  }
  if (computed?.isCause === true)
    return { cause: 'server_compute', evidence: `${times(computed)} computing` };
  if (computed === null)
    return { cause: 'unknown', evidence: 'the server does not tell how long it computes' };
  return {
    cause: 'network',
    evidence: `neither the client nor the server took longer: ${times(computed)} computing`,
  };
}

interface Growth {
  readonly now: number;
  readonly usual: number;
}

/** A look tells of the time before it, so the one after the bin counts too. */
function growth(values: readonly (number | null)[], bin: number, usual: number | null): Growth | null {
  const told = [values[bin], values[bin + 1]].filter((value) => value !== null && value !== undefined);
  return told.length === 0 || usual === null ? null : { now: Math.max(...told), usual };
}

function times({ now, usual }: Growth): string {
  return `${durationText(now * NS_PER_MS)} (usually ${durationText(usual * NS_PER_MS)})`;
}
