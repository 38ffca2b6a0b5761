import { durationText, numberText, percentText, settingText } from '../core/quantity-text.ts';
import type { DifferenceJudgement } from './simultaneous-intervals.ts';
import type { MetricKey, ResampledMetric } from './resample.ts';
import type { SeriesKey } from './run-values.ts';

const SERIES_LABELS: Readonly<Record<SeriesKey, string>> = {
  ttft_ns: 'TTFT',
  tpot_ns: 'TPOT',
  chunk_gap_ns: 'Mean chunk gap',
  latency_ns: 'Latency',
  response_ttft_ns: 'Response TTFT',
  response_latency_ns: 'Response latency',
};

/** What a metric is called: `TTFT p99`. */
export function metricLabel(key: MetricKey): string {
  switch (key) {
    case 'samples_per_second':
      return 'Requests per second';
    case 'output_tokens_per_second':
      return 'Output tokens per second';
    case 'error_share':
      return 'Errors';
    default: {
      const dot = key.indexOf('.');
      return `${SERIES_LABELS[key.slice(0, dot) as SeriesKey]} ${key.slice(dot + 1)}`;
    }
  }
}

/** A value of a metric in its unit. */
export function metricText(key: ResampledMetric['key'], value: number): string {
  if (key === 'error_share') return percentText(value);
  return key.includes('_ns.') ? durationText(value) : numberText(value);
}

/** A difference with its sign: in per cent, for shares in percentage points. */
export function differenceText(key: MetricKey, difference: number): string {
  return `${signedText(difference)} ${key === 'error_share' ? 'pp' : '%'}`;
}

/** Both ends of an interval of differences. */
export function intervalText(key: MetricKey, low: number, high: number): string {
  return `${signedText(low)} … ${differenceText(key, high)}`;
}

/** A margin or confidence as somebody set it: `3 %`. */
export function marginText(share: number): string {
  return `${settingText(Number((share * 100).toPrecision(6)))} %`;
}

/** What a judgement says to a person, `margin` as in 0.03. */
export function judgementText(judgement: DifferenceJudgement, margin: number): string {
  const within = marginText(margin);
  switch (judgement) {
    case 'worse':
      return 'worse';
    case 'better':
      return 'better';
    case 'equivalent':
      return `same within ±${within}`;
    case 'slightly_worse':
      return `worse, perhaps by less than ${within}`;
    case 'slightly_better':
      return `better, perhaps by less than ${within}`;
    case 'indistinct':
      return 'no difference shown';
    case 'as_asked':
      return 'not judged: the loads differ';
  }
}

/** Share of 1 as signed per cent: `+5.9`, `−0.31`, `0`. */
function signedText(share: number): string {
  const percent = share * 100;
  if (Math.abs(percent) < 0.005) return '0';
  const text = Math.abs(percent) < 1 ? Math.abs(percent).toFixed(2) : numberText(Math.abs(percent));
  return `${percent < 0 ? '−' : '+'}${text}`;
}
