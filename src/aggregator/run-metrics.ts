import {
  COUNTERS,
  SERIES,
  type ConnectionSeriesName,
  type ConversationSeriesName,
  type CounterName,
  type KindSeriesName,
  type SeriesDescriptor,
  type SeriesName,
  type StreamingSeriesName,
} from '../core/metric-catalogue.ts';
import type { ResponseKind } from '../core/response-kind.ts';
import type { GroupDimension, GroupSeries } from '../core/sample-groups.ts';
import type { GoodRule } from '../rules/good-rule.ts';
import type { UntilRule } from '../rules/until-rule.ts';
import type { MetricsRegistry } from '../metrics/registry.ts';
import type { CounterSampler, SeriesSampler } from '../metrics/sampler.ts';
import type { SeriesOptions } from '../metrics/series-options.ts';

export interface RunMetricsOptions {
  /** Whether answers are streamed; when they aren't, the series about chunks don't exist. */
  readonly streaming: boolean;
  /** Whether requests are turns of conversations. Default false: the series about those don't exist. */
  readonly conversations?: boolean | undefined;
  /** What responses hold. Default text; the series about other kinds don't exist. */
  readonly responseKind?: ResponseKind | undefined;
  /** How the samples are divided; default: not at all. */
  readonly groups?: readonly GroupDimension[] | undefined;
  /** When a sample is good; default: nobody counts such samples. */
  readonly good?: GoodRule | undefined;
  /** How well figures are to be known before the run may end; default: it does not end for that. */
  readonly until?: readonly UntilRule[] | undefined;
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

type OptionalSeriesName =
  StreamingSeriesName | ConversationSeriesName | KindSeriesName | ConnectionSeriesName;

/** Every metric of the catalogue that this run has. */
export interface RunMetrics {
  readonly counters: Readonly<Record<CounterName, CounterSampler>>;
  readonly series: Readonly<Record<Exclude<SeriesName, OptionalSeriesName>, SeriesSampler>> &
    Readonly<Partial<Record<OptionalSeriesName, SeriesSampler>>>;
  /** Undefined where all samples are alike. */
  readonly groups: GroupMetrics | undefined;
  /** When a sample is good; undefined where nobody asked. */
  readonly good: GoodRule | undefined;
  /** How well figures are to be known before the run may end; undefined where it does not end for that. */
  readonly until: readonly UntilRule[] | undefined;
  /** One about connections, registered when it is first asked for: most runs have no value for some of them. */
  readonly connectionSeries: (name: ConnectionSeriesName) => SeriesSampler;
}

/** The groups of a run's samples; a series of one is registered with its first value. */
export interface GroupMetrics {
  readonly dimensions: readonly GroupDimension[];
  readonly seriesOf: (name: string, series: GroupSeries) => SeriesSampler;
}

const LIKE: Readonly<Record<GroupSeries, SeriesDescriptor>> = {
  ttft_ns: seriesNamed('ttft_ns'),
  tpot_ns: seriesNamed('tpot_ns'),
  latency_ns: seriesNamed('sample_latency_ns'),
};

function seriesNamed(name: SeriesName): SeriesDescriptor {
  return SERIES.find((series) => series.name === name)!;
}

/** Registers the catalogue's metrics, in its order. Throws as the registry does when a name is taken. */
export function registerRunMetrics(registry: MetricsRegistry, options: RunMetricsOptions): RunMetrics {
  const registerSeries = (name: string, metric: SeriesDescriptor) =>
    registry.registerSeries(name, {
      ...options.series,
      valueKind: metric.valueKind,
      hdrLow: metric.hdrLow,
      hdrHigh: metric.hdrHigh,
      earlyStopping: metric.tailLatency && options.earlyStopping === true,
      ...(options.spillDirectory === undefined ? {} : { spillDirectory: options.spillDirectory }),
    });
  const counters = COUNTERS.map(({ name }) => [name, registry.registerCounter(name)] as const);
  const { streaming, conversations = false, responseKind = 'text' } = options;
  const series = SERIES.filter(
    ({ streamingOnly, conversationsOnly, onlyKinds, connectionsOnly }) =>
      !connectionsOnly &&
      (streaming || !streamingOnly) &&
      (conversations || !conversationsOnly) &&
      (onlyKinds === null || onlyKinds.includes(responseKind)),
  ).map((metric) => [metric.name, registerSeries(metric.name, metric)] as const);
  const ofConnections = new Map<ConnectionSeriesName, SeriesSampler>();
  return {
    counters: Object.fromEntries(counters) as RunMetrics['counters'],
    series: Object.fromEntries(series) as RunMetrics['series'],
    groups:
      options.groups === undefined || options.groups.length === 0
        ? undefined
        : {
            dimensions: options.groups,
            seriesOf: (name, like) => registerSeries(name, { ...LIKE[like], tailLatency: false }),
          },
    good: options.good,
    until: options.until,
    connectionSeries: (name) => {
      const known = ofConnections.get(name);
      if (known !== undefined) return known;
      const registered = registerSeries(name, seriesNamed(name));
      ofConnections.set(name, registered);
      return registered;
    },
  };
}
