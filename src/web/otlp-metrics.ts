import type { HistogramPoint, Labels, MetricFamily, MetricPoint } from './exported-metrics.ts';
import { ProtobufWriter } from './protobuf-writer.ts';

/** `AGGREGATION_TEMPORALITY_CUMULATIVE`: numbers since the start, as Prometheus has them. */
export const CUMULATIVE = 2;

export interface OtlpContext {
  readonly version: string;
  /** Wall clock, ns since 1970: when the numbers began and when they were taken. */
  readonly startUnixNs: bigint;
  readonly nowUnixNs: bigint;
}

/**
 * An `ExportMetricsServiceRequest` of OTLP 1.x (opentelemetry/proto/metrics/v1): one resource `inferometer`, one scope, the families as
 * sums, gauges and histograms.
 */
export function encodeOtlpMetrics(families: readonly MetricFamily[], context: OtlpContext): Uint8Array {
  const { version } = context;
  return new ProtobufWriter()
    .message(1, (resourceMetrics) =>
      resourceMetrics
        .message(1, (resource) =>
          writeAttributes(resource, 1, { 'service.name': 'inferometer', 'service.version': version }),
        )
        .message(2, (scopeMetrics) => {
          scopeMetrics.message(1, (scope) => scope.string(1, 'inferometer').string(2, version));
          for (const family of families) {
            if (family.points.length > 0)
              scopeMetrics.message(2, (metric) => writeFamily(metric, family, context));
          }
        }),
    )
    .finish();
}

function writeFamily(metric: ProtobufWriter, family: MetricFamily, context: OtlpContext): void {
  const { name, help, unit } = family;
  metric.string(1, name).string(2, help).string(3, unit);
  switch (family.kind) {
    case 'gauge':
      metric.message(5, (gauge) => writeNumbers(gauge, family.points, context));
      return;
    case 'counter':
      metric.message(7, (sum) => {
        writeNumbers(sum, family.points, context);
        sum.varint(2, CUMULATIVE).varint(3, 1);
      });
      return;
    case 'histogram':
      metric.message(9, (histogram) => {
        for (const point of family.points)
          histogram.message(1, (data) => writeHistogram(data, point, context));
        histogram.varint(2, CUMULATIVE);
      });
  }
}

function writeNumbers(parent: ProtobufWriter, points: readonly MetricPoint[], context: OtlpContext): void {
  for (const { labels, value } of points) {
    parent.message(1, (point) => {
      writeTimes(point, context).double(4, value);
      writeAttributes(point, 7, labels);
    });
  }
}

function writeHistogram(
  point: ProtobufWriter,
  { labels, edges, counts, count, sum }: HistogramPoint,
  context: OtlpContext,
): void {
  // Ours are cumulative, theirs are not.
  const below = [0, ...counts];
  const perBucket = [...counts, count].map((reached, i) => BigInt(reached - below[i]!));
  writeTimes(point, context)
    .fixed64(4, BigInt(count))
    .double(5, sum)
    .packedFixed64(6, perBucket)
    .packedDoubles(7, edges);
  writeAttributes(point, 9, labels);
}

function writeTimes(point: ProtobufWriter, { startUnixNs, nowUnixNs }: OtlpContext): ProtobufWriter {
  return point.fixed64(2, startUnixNs).fixed64(3, nowUnixNs);
}

function writeAttributes(parent: ProtobufWriter, field: number, labels: Labels): void {
  for (const [key, text] of Object.entries(labels)) {
    parent.message(field, (pair) => pair.string(1, key).message(2, (value) => value.string(1, text)));
  }
}
