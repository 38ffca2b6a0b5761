import { countedText, countText } from '../core/quantity-text.ts';
import type { ClientBounds } from '../core/client-bounds.ts';
import type { RateInterval, Throughput } from '../core/throughput.ts';
import { intervalKeepsLimit, type Interval, keepsLimit } from '../rules/limit.ts';
import type { Slo, SloFigure } from '../rules/slo.ts';
import type { SloOutcome, SloVerdict } from '../rules/slo-verdict.ts';
import { EVENTS_PER_BATCH, FEWEST_BATCHES } from '../stats/batch-means.ts';
import { percentileKey } from '../stats/percentile-key.ts';
import { fewestForInterval } from '../stats/quantile-interval.ts';
import { wilsonInterval } from '../stats/wilson-interval.ts';
import type { SampleAccount } from './sample-account.ts';
import type { SteadyFigures } from './steady-state.ts';
import { estimateOf, type SeriesReport } from './series-report.ts';
import type { Verdict } from './verdict.ts';

/** What SLOs are judged by. */
export interface SloFacts {
  readonly series: (name: string) => SeriesReport;
  readonly throughput: Throughput | null;
  readonly samples: SampleAccount;
  readonly bounds: ClientBounds | null;
  /** In closed loop, the share by which late reads may have lowered the throughput. */
  readonly loweredShare: number | null;
  readonly verdict: Verdict;
}

/** A figure, where it lies, and why there is no more to say of it. */
interface Measured {
  readonly value: number | null;
  readonly interval: Interval;
  readonly withClient: Interval;
  /** Why an end of the interval is missing, or the value; null when all are there. */
  readonly lack: string | null;
}

const NOWHERE: Interval = { low: null, high: null };

/** How a run stands to its SLOs, in their order. */
export function judgeSlos(slos: readonly Slo[], facts: SloFacts): readonly SloVerdict[] {
  return slos.map((slo) => judgeSlo(slo, facts));
}

/** The same over the steady state: its percentiles and its failures. None where there is none. */
export function judgeSteadySlos(
  slos: readonly Slo[],
  facts: SloFacts,
  figures: SteadyFigures | null,
): readonly SloVerdict[] {
  if (figures === null) return [];
  const { issued, succeeded, errored, ttft, tpot, latency } = figures;
  const steady: Readonly<Record<string, SeriesReport>> = {
    ...{ ttft_ns: ttft, tpot_ns: tpot, sample_latency_ns: latency },
  };
  return judgeSlos(slos, {
    ...facts,
    series: (name) => steady[name] ?? facts.series(name),
    samples: { ...facts.samples, issued, succeeded, errored, cancelledByPlan: 0 },
  });
}

function judgeSlo(slo: Slo, facts: SloFacts): SloVerdict {
  const { text, unit, limit } = slo;
  const { value, interval, withClient, lack } = measure(slo.figure, facts);
  const isKept = value === null ? undefined : intervalKeepsLimit(interval, limit);
  const isKeptByServer = value === null ? undefined : intervalKeepsLimit(withClient, limit);
  const untrusted = isKeptByServer === true ? untrustedReason(slo, facts.verdict) : null;
  const outcome: SloOutcome =
    isKeptByServer === undefined || untrusted !== null ? 'undecided' : isKeptByServer ? 'met' : 'missed';
  const straddles =
    isKept === undefined
      ? 'the limit lies within the interval'
      : 'the limit lies within what the client may have added or left out';
  return {
    slo: text,
    outcome,
    unit,
    value,
    holds: value === null ? null : keepsLimit(value, limit),
    interval,
    withClient,
    reason: outcome === 'undecided' ? (untrusted ?? (isKept === undefined ? lack : null) ?? straddles) : null,
  };
}

const UNTRUSTED = 'the result is invalid: see the verdict';

/** Numbers that must not be quoted can't show that a limit was kept. */
function untrustedReason({ figure, judged }: Slo, { findings, metrics }: Verdict): string | null {
  const own = metrics.find(({ metric }) => metric === judged);
  if (own !== undefined) return own.level === 'invalid' ? UNTRUSTED : null;
  // That many samples failed is no reason to doubt how many did.
  const isAbout = (check: string) => figure.kind !== 'error_share' || check !== 'samples_errored';
  const isInvalid = findings.some(
    ({ level, check, metrics: of }) => level === 'invalid' && of === undefined && isAbout(check),
  );
  return isInvalid ? UNTRUSTED : null;
}

function measure(figure: SloFigure, facts: SloFacts): Measured {
  switch (figure.kind) {
    case 'percentile':
      return measurePercentile(figure.series, figure.percentile, facts);
    case 'rate':
      return measureRate(figure.of, facts);
    case 'error_share':
      return measureErrors(facts.samples);
  }
}

/** By order statistics; what a late reader may have added or left out moves either end. */
function measurePercentile(name: string, percentile: number, { series: of, bounds }: SloFacts): Measured {
  const series = of(name);
  const estimate = estimateOf(series, percentile);
  if (series.kind === 'empty' || estimate === null) return unmeasured('nothing of that kind was measured');
  const { value, low = null, high = null } = estimate;
  const [added, missing] = bounds?.series[name]?.[percentileKey(percentile)] ?? [0, 0];
  const needed = fewestForInterval(percentile);
  return {
    value,
    interval: { low, high },
    withClient: {
      low: low === null ? null : Math.max(0, low - added),
      high: high === null ? null : high + (missing ?? bounds!.late_max_ns),
    },
    lack:
      low !== null && high !== null
        ? null
        : series.count < needed
          ? `p${percentile} needs at least ${countText(needed)} values for an interval (got ${countText(series.count)})`
          : 'this run has no intervals',
  };
}

/** By means of batches. Late reads lower the throughput of a closed loop, and never raise it. */
function measureRate(
  of: 'requests' | 'output_tokens',
  { throughput, loweredShare, ...facts }: SloFacts,
): Measured {
  if (throughput === null) return unmeasured('the run was too short for a measured window');
  if (of === 'output_tokens' && facts.series('osl').kind === 'empty')
    return unmeasured('no output tokens were counted');
  const [value, found] =
    of === 'requests'
      ? [throughput.succeeded_per_second, throughput.succeeded_per_second_interval]
      : [throughput.output_tokens_per_second, throughput.output_tokens_per_second_interval];
  const interval: RateInterval | null = found ?? null;
  if (interval === null) {
    const lack =
      found === undefined
        ? 'an earlier version recorded no interval'
        : `a rate needs at least ${FEWEST_BATCHES * EVENTS_PER_BATCH} successful samples for an interval (got ${countText(throughput.succeeded)})`;
    return { value, interval: NOWHERE, withClient: NOWHERE, lack };
  }
  const { low, high } = interval;
  return {
    value,
    interval: { low, high },
    withClient: { low, high: high * (1 + (loweredShare ?? 0)) },
    lack: null,
  };
}

/** By Wilson's interval, of the samples that ended by themselves or by plan. */
function measureErrors({ succeeded, cancelledByPlan, errored }: SampleAccount): Measured {
  const ended = succeeded + cancelledByPlan + errored;
  if (ended === 0) return unmeasured(`${countedText(0, 'sample')} ended`);
  const interval = wilsonInterval(errored, ended);
  return { value: errored / ended, interval, withClient: interval, lack: null };
}

function unmeasured(lack: string): Measured {
  return { value: null, interval: NOWHERE, withClient: NOWHERE, lack };
}
