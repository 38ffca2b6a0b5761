import { durationText, numberText, percentText } from '../core/quantity-text.ts';
import { NS_PER_SECOND } from '../core/time.ts';
import { wilsonInterval } from '../stats/wilson-interval.ts';
import type { Estimate } from './run-means.ts';

/** A figure that a study compares its cells by. */
interface FigureSpec {
  readonly title: string;
  /** For the head of a column. */
  readonly short: string;
  readonly unit: 'rate' | 'ns' | 'share' | 'number';
}

/** In the order of tables. Times in ns, shares of 1, rates a second. */
export const FIGURES = {
  requests_per_second: { title: 'Requests/s', short: 'req/s', unit: 'rate' },
  output_tokens_per_second: { title: 'Output tokens/s', short: 'out tok/s', unit: 'rate' },
  tokens_per_second_per_user: { title: 'Tokens/s per user', short: 'tok/s/user', unit: 'rate' },
  ttft_p50_ns: { title: 'TTFT p50', short: 'TTFT p50', unit: 'ns' },
  ttft_p90_ns: { title: 'TTFT p90', short: 'TTFT p90', unit: 'ns' },
  ttft_p99_ns: { title: 'TTFT p99', short: 'TTFT p99', unit: 'ns' },
  tpot_p50_ns: { title: 'TPOT p50', short: 'TPOT p50', unit: 'ns' },
  tpot_p90_ns: { title: 'TPOT p90', short: 'TPOT p90', unit: 'ns' },
  latency_p50_ns: { title: 'Latency p50', short: 'latency p50', unit: 'ns' },
  latency_p99_ns: { title: 'Latency p99', short: 'latency p99', unit: 'ns' },
  error_share: { title: 'Errors', short: 'errors', unit: 'share' },
  mean_in_flight: { title: 'Mean in flight', short: 'in flight', unit: 'number' },
  joules_per_output_token: { title: 'Joules per output token', short: 'J/token', unit: 'number' },
  cost_per_million_output_tokens: {
    title: 'Cost per million output tokens',
    short: 'cost/Mtok',
    unit: 'number',
  },
} as const satisfies Record<string, FigureSpec>;

export type FigureKey = keyof typeof FIGURES;
export const FIGURE_KEYS = Object.keys(FIGURES) as readonly FigureKey[];

/** What was measured of a run, by figure; what it lacks is absent. */
export type Figures = { readonly [key in FigureKey]?: Estimate };

/** As people read it. */
export function figureValueText(key: FigureKey, value: number): string {
  const { unit } = FIGURES[key];
  if (unit === 'ns') return durationText(value);
  return unit === 'share' ? percentText(value) : numberText(value);
}

/** `42.0 (39.1–44.8)`; without an interval the value alone. */
export function estimateRangeText(key: FigureKey, { value, low, high }: Estimate): string {
  const text = figureValueText(key, value);
  if (low === null || high === null) return text;
  return `${text} (${figureValueText(key, low)}–${figureValueText(key, high)})`;
}

/** `42.0 ±7 %`, by the longer side of the interval; without one, and where a share says little, the value alone. */
export function estimateText(key: FigureKey, { value, low, high }: Estimate): string {
  const text = figureValueText(key, value);
  if (low === null || high === null || !(value > 0) || FIGURES[key].unit === 'share') return text;
  return `${text} ±${((100 * Math.max(value - low, high - value)) / value).toFixed(0)} %`;
}

/** The figures in a result_summary.json. What is missing or odd is left out; never throws. */
export function figuresOfSummary(summary: unknown): Figures {
  const { ttft, tpot, latency, throughput, samples, energy, cost } = fieldsOf(summary);
  const rates = fieldsOf(throughput);
  const entries: readonly (readonly [FigureKey, Estimate | undefined])[] = [
    ['requests_per_second', rateOf(rates, 'succeeded_per_second')],
    ['output_tokens_per_second', tokenRateOf(rates)],
    ['tokens_per_second_per_user', perUser(quantileOf(tpot, '90.0'))],
    ['ttft_p50_ns', quantileOf(ttft, '50.0')],
    ['ttft_p90_ns', quantileOf(ttft, '90.0')],
    ['ttft_p99_ns', quantileOf(ttft, '99.0')],
    ['tpot_p50_ns', quantileOf(tpot, '50.0')],
    ['tpot_p90_ns', quantileOf(tpot, '90.0')],
    ['latency_p50_ns', quantileOf(latency, '50.0')],
    ['latency_p99_ns', quantileOf(latency, '99.0')],
    ['error_share', errorShareOf(samples)],
    ['mean_in_flight', alone(rates.mean_in_flight)],
    ['joules_per_output_token', alone(fieldsOf(energy).joules_per_output_token)],
    ['cost_per_million_output_tokens', alone(fieldsOf(cost).per_million_output_tokens)],
  ];
  return Object.fromEntries(entries.filter(([, estimate]) => estimate !== undefined));
}

/** 1 / TPOT p90: nine in ten responses stream at least this fast. The slow end of one is the fast end of the other. */
function perUser(tpot: Estimate | undefined): Estimate | undefined {
  if (tpot === undefined || !(tpot.value > 0)) return undefined;
  const rate = (ns: number | null) => (ns === null || !(ns > 0) ? null : NS_PER_SECOND / ns);
  return { value: NS_PER_SECOND / tpot.value, low: rate(tpot.high), high: rate(tpot.low) };
}

function quantileOf(series: unknown, key: string): Estimate | undefined {
  const { value, ci_low: low, ci_high: high } = fieldsOf(fieldsOf(fieldsOf(series).quantiles)[key]);
  return isNumber(value) ? { value, low: numberOrNull(low), high: numberOrNull(high) } : undefined;
}

function rateOf(rates: Fields, name: string): Estimate | undefined {
  const value = rates[name];
  const { low, high } = fieldsOf(rates[`${name}_interval`]);
  return isNumber(value) ? { value, low: numberOrNull(low), high: numberOrNull(high) } : undefined;
}

/** None where no output tokens were counted, as with embeddings. */
function tokenRateOf(rates: Fields): Estimate | undefined {
  const rate = rateOf(rates, 'output_tokens_per_second');
  return rate === undefined || rate.value > 0 ? rate : undefined;
}

function errorShareOf(samples: unknown): Estimate | undefined {
  const { succeeded, errored, cancelled_by_plan: cancelled } = fieldsOf(samples);
  if (!isNumber(succeeded) || !isNumber(errored)) return undefined;
  const ended = succeeded + errored + (isNumber(cancelled) ? cancelled : 0);
  return ended === 0 ? undefined : { value: errored / ended, ...wilsonInterval(errored, ended) };
}

function alone(value: unknown): Estimate | undefined {
  return isNumber(value) ? { value, low: null, high: null } : undefined;
}

type Fields = Readonly<Record<string, unknown>>;

export function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? (value as Fields) : {};
}

function isNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function numberOrNull(value: unknown): number | null {
  return isNumber(value) ? value : null;
}
