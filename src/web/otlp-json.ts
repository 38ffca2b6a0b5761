import type { HistogramPoint, Labels, MetricFamily } from './exported-metrics.ts';
import { CUMULATIVE, type OtlpContext } from './otlp-metrics.ts';

/** The same request as `encodeOtlpMetrics`, in OTLP's JSON encoding: names in lower camel case, 64-bit integers as text. */
export function otlpMetricsJson(families: readonly MetricFamily[], context: OtlpContext): object {
  const { version } = context;
  return {
    resourceMetrics: [
      {
        resource: { attributes: attributes({ 'service.name': 'inferometer', 'service.version': version }) },
        scopeMetrics: [
          {
            scope: { name: 'inferometer', version },
            metrics: families
              .filter(({ points }) => points.length > 0)
              .map((family) => metricJson(family, context)),
          },
        ],
      },
    ],
  };
}

function metricJson(family: MetricFamily, context: OtlpContext): object {
  const { name, help, unit } = family;
  const head = { name, description: help, unit };
  if (family.kind === 'histogram') {
    const dataPoints = family.points.map((point) => histogramJson(point, context));
    return { ...head, histogram: { aggregationTemporality: CUMULATIVE, dataPoints } };
  }
  const dataPoints = family.points.map(({ labels, value }) => ({
    ...times(context),
    asDouble: value,
    attributes: attributes(labels),
  }));
  return family.kind === 'gauge'
    ? { ...head, gauge: { dataPoints } }
    : { ...head, sum: { aggregationTemporality: CUMULATIVE, isMonotonic: true, dataPoints } };
}

function histogramJson({ labels, edges, counts, count, sum }: HistogramPoint, context: OtlpContext): object {
  // Ours are cumulative, theirs are not.
  const below = [0, ...counts];
  return {
    ...times(context),
    count: String(count),
    sum,
    bucketCounts: [...counts, count].map((reached, i) => String(reached - below[i]!)),
    explicitBounds: edges,
    attributes: attributes(labels),
  };
}

function times({ startUnixNs, nowUnixNs }: OtlpContext) {
  return { startTimeUnixNano: String(startUnixNs), timeUnixNano: String(nowUnixNs) };
}

function attributes(labels: Labels): readonly object[] {
  return Object.entries(labels).map(([key, value]) => ({ key, value: { stringValue: value } }));
}
