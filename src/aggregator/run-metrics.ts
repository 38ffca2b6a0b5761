import {
  COUNTERS,
  SERIES,
  type ConversationSeriesName,
  type CounterName,
  type SeriesName,
  type StreamingSeriesName,
  type TextSeriesName,
} from '../core/metric-catalogue.ts';
import type { ResponseKind } from '../core/response-kind.ts';
import type { MetricsRegistry } from '../metrics/registry.ts';
import type { CounterSampler, SeriesSampler } from '../metrics/sampler.ts';
import type { SeriesOptions } from '../metrics/series-options.ts';

export interface RunMetricsOptions {
  /** Whether answers are streamed; when they aren't, the series about chunks don't exist. */
  readonly streaming: boolean;
  /** Whether requests are turns of conversations. Default false: the series about those don't exist. */
  readonly conversations?: boolean | undefined;
  /** What responses hold. Default text; else the series about output tokens don't exist. */
  readonly responseKind?: ResponseKind | undefined;
  /** Whether tail latencies carry MLPerf early-stopping bounds. Default false. */
  readonly earlyStopping?: boolean;
  /** How series keep and show their values; defaults as in {@link SeriesOptions}. */
  readonly series?: Pick<
    SeriesOptions,
    'significantFigures' | 'bucketCount' | 'percentiles' | 'rawBudgetBytes'
  >;
  /** Existing directory for raw values past the budget. Without it they stay in memory. */
  readonly spillDirectory?: string;
}

type OptionalSeriesName = StreamingSeriesName | ConversationSeriesName | TextSeriesName;

/** Every metric of the catalogue that this run has. */
export interface RunMetrics {
  readonly counters: Readonly<Record<CounterName, CounterSampler>>;
  readonly series: Readonly<Record<Exclude<SeriesName, OptionalSeriesName>, SeriesSampler>> &
    Readonly<Partial<Record<OptionalSeriesName, SeriesSampler>>>;
}

/** Registers the catalogue's metrics, in its order. Throws as the registry does when a name is taken. */
export function registerRunMetrics(registry: MetricsRegistry, options: RunMetricsOptions): RunMetrics {
  const counters = COUNTERS.map(({ name }) => [name, registry.registerCounter(name)] as const);
  const { streaming, conversations = false, responseKind = 'text' } = options;
  const series = SERIES.filter(
    ({ streamingOnly, conversationsOnly, textOnly }) =>
      (streaming || !streamingOnly) &&
      (conversations || !conversationsOnly) &&
      (responseKind === 'text' || !textOnly),
  ).map((metric) => {
    const sampler = registry.registerSeries(metric.name, {
      ...options.series,
      valueKind: metric.valueKind,
      hdrLow: metric.hdrLow,
      hdrHigh: metric.hdrHigh,
      earlyStopping: metric.tailLatency && options.earlyStopping === true,
      ...(options.spillDirectory === undefined ? {} : { spillDirectory: options.spillDirectory }),
    });
    return [metric.name, sampler] as const;
  });
  return {
    counters: Object.fromEntries(counters) as RunMetrics['counters'],
    series: Object.fromEntries(series) as RunMetrics['series'],
  };
}
