import type { UntilSoFar, UntilStatus } from '../core/until.ts';
import { NS_PER_SECOND } from '../core/time.ts';
import type { RunHistory } from '../core/run-history.ts';
import type { Throughput } from '../core/throughput.ts';
import type { HdrHistogram } from '../stats/hdr.ts';
import { sequenceRanks } from '../stats/quantile-sequence.ts';
import { RateLooks } from '../stats/rate-looks.ts';
import type { UntilRule } from '../rules/until-rule.ts';
import type { RunMetrics } from './run-metrics.ts';

/** What a rate is looked at in. */
export interface RateSource {
  readonly throughput: Throughput | undefined;
  /** Called when it is time for a look. */
  readonly history: () => Pick<RunHistory, 'start_ns' | 'bin_ns' | 'counts'> | undefined;
}

/**
 * How well the figures of a run are known that may end it, by intervals that hold whenever one looks: `quantile-sequence.ts` for percentiles, `rate-looks.ts` for
 * rates. A look costs some 50 µs a rule, of which there are four a second at most.
 */
export class UntilTracker {
  readonly #rules: readonly UntilRule[];
  readonly #series: Readonly<Partial<Record<string, { readonly hdr: HdrHistogram }>>>;
  readonly #looks: ReadonlyMap<UntilRule, RateLooks>;

  constructor(rules: readonly UntilRule[], { series }: Pick<RunMetrics, 'series'>) {
    this.#rules = rules;
    this.#series = series;
    this.#looks = new Map(
      rules.filter(({ figure }) => figure.kind === 'rate').map((rule) => [rule, new RateLooks()]),
    );
  }

  /** `measuredNs`: since the first measured sample was issued. */
  soFar(measuredNs: number, rates: RateSource): UntilSoFar {
    return { measured_ns: measuredNs, rules: this.#rules.map((rule) => this.#statusOf(rule, rates)) };
  }

  #statusOf(rule: UntilRule, rates: RateSource): UntilStatus {
    const { figure } = rule;
    return figure.kind === 'rate'
      ? rateStatus(rule, this.#looks.get(rule)!, figure.of, rates)
      : percentileStatus(rule, this.#series[figure.series]?.hdr, figure.percentile);
  }
}

/** The ends are those of the buckets of the live histogram, which makes an interval wider by a tenth of a percent at most. */
function percentileStatus(rule: UntilRule, hdr: HdrHistogram | undefined, percentile: number): UntilStatus {
  if (hdr === undefined || hdr.count === 0) return statusOf(rule, null, null, null, 0);
  const { lower, upper } = sequenceRanks(hdr.count, percentile);
  const low = lower === undefined ? null : hdr.bucketAtRank(lower - 1).lowest;
  const high = upper === undefined ? null : hdr.bucketAtRank(upper - 1).highest;
  return statusOf(rule, hdr.quantiles([percentile])[0]!, low, high, hdr.count);
}

function rateStatus(
  rule: UntilRule,
  looks: RateLooks,
  of: 'requests' | 'output_tokens',
  { throughput, history }: RateSource,
): UntilStatus {
  // The latest part: after a pause the load was built up anew.
  const part = throughput?.parts.at(-1);
  if (part === undefined) return statusOf(rule, null, null, null, 0);
  const seconds = (part.end_ns - part.start_ns) / NS_PER_SECOND;
  const told = looks.isDue(seconds) ? history() : undefined;
  if (told !== undefined) looks.offer(amountsIn(part, of, told), told.bin_ns / NS_PER_SECOND);
  const { latest } = looks;
  if (latest === undefined) return statusOf(rule, null, null, null, seconds);
  return statusOf(rule, latest.rate, latest.low, latest.high, latest.seconds);
}

function statusOf(
  { text, unit, tolerance }: UntilRule,
  value: number | null,
  low: number | null,
  high: number | null,
  of: number,
): UntilStatus {
  const isKnown = value !== null && low !== null && high !== null;
  const isTight = isKnown && low >= value * (1 - tolerance) && high <= value * (1 + tolerance);
  return { rule: text, unit: unit as UntilStatus['unit'], value, low, high, is_tight: isTight, of };
}

/**
 * What came in each whole bin of a part of the measured window. Tokens count when their response is complete: those of responses that are still
 * coming would be missing from the end of the window.
 */
function amountsIn(
  part: Throughput['parts'][number],
  of: 'requests' | 'output_tokens',
  { start_ns: startNs, bin_ns: binNs, counts }: NonNullable<ReturnType<RateSource['history']>>,
): readonly number[] {
  const from = Math.max(0, Math.ceil((part.start_ns - startNs) / binNs));
  const to = Math.max(from, Math.floor((part.end_ns - startNs) / binNs));
  return (of === 'requests' ? counts.succeeded : counts.output_tokens).slice(from, to);
}
