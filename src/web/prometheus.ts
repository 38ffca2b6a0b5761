import { Registry, type Metric } from 'prom-client';
import type { HistogramPoint, Labels, MetricFamily } from './exported-metrics.ts';

export const PROMETHEUS_CONTENT_TYPE = Registry.PROMETHEUS_CONTENT_TYPE;

interface TextValue {
  readonly metricName: string;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

/**
 * The families in the text format of Prometheus, written by prom-client. Its own Counter and Histogram only count what they observe
 * themselves; ours were counted by the aggregator, so a metric of its registry is made of the numbers at hand.
 */
export function prometheusText(families: readonly MetricFamily[]): Promise<string> {
  const registry = new Registry();
  for (const family of families) {
    if (family.points.length > 0) registry.registerMetric(metricOf(family));
  }
  return registry.metrics();
}

function metricOf(family: MetricFamily): Metric {
  const { name, help, kind: type } = family;
  const values: readonly TextValue[] =
    family.kind === 'histogram'
      ? family.points.flatMap((point) => histogramValues(name, point))
      : family.points.map(({ labels, value }) => ({ metricName: name, labels, value }));
  // All that its registry asks of a metric.
  const metric = { name, help, type, get: () => Promise.resolve({ name, help, type, values }) };
  return metric as unknown as Metric;
}

function histogramValues(name: string, { labels, edges, counts, count, sum }: HistogramPoint): TextValue[] {
  const bucket = (le: string | number, value: number): TextValue => {
    return { metricName: `${name}_bucket`, labels: { ...labels, le }, value };
  };
  const of = (part: string, own: Labels, value: number): TextValue => {
    return { metricName: `${name}_${part}`, labels: own, value };
  };
  return [
    ...edges.map((edge, i) => bucket(edge, counts[i]!)),
    bucket('+Inf', count),
    of('sum', labels, sum),
    of('count', labels, count),
  ];
}
