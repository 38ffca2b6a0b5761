import { type ClientBounds, readClientBounds } from '../core/client-bounds.ts';
import type { JudgedMetric } from '../core/judged-metrics.ts';
import type { OwnSeries } from './report.ts';
import { percentileOf, type SeriesReport } from './series-report.ts';

/** How far a percentile may be off for the client, ns. */
export interface FigureBound {
  readonly percentile: number;
  readonly valueNs: number;
  /** Values beyond it. */
  readonly valuesBeyond: number;
  /** The client may have added so much, and have left out so much. */
  readonly addedNs: number;
  readonly missingNs: number;
}

/** The bounds of the percentiles shown of a metric. */
export interface MetricBounds {
  readonly metric: JudgedMetric;
  readonly figures: readonly FigureBound[];
}

/** What a run measured of its own error. */
export interface ClientErrorBounds {
  readonly told: ClientBounds;
  readonly metrics: readonly MetricBounds[];
  /** In closed loop, the share by which late reads may have lowered the throughput; null where requests come by a plan. */
  readonly throughputShare: number | null;
}

/** The percentiles a table shows. */
const SHOWN_PERCENTILES = [50, 90, 99];

interface BoundedSeries extends Pick<OwnSeries, 'chunkGap'> {
  readonly ttft: SeriesReport;
  readonly tpot: SeriesReport;
  readonly latency: SeriesReport;
}

/** From the extras of a snapshot; null when lateness was not measured. */
export function clientErrorBounds(
  extras: { readonly [key: string]: unknown },
  { ttft, tpot, chunkGap, latency }: BoundedSeries,
  isOpenLoop: boolean,
): ClientErrorBounds | null {
  const told = readClientBounds(extras);
  if (told === null) return null;
  const bounded = [
    { metric: 'ttft', name: 'ttft_ns', series: ttft },
    { metric: 'tpot', name: 'tpot_ns', series: tpot },
    { metric: 'chunk_gap', name: 'chunk_delta_ns', series: chunkGap },
    { metric: 'latency', name: 'sample_latency_ns', series: latency },
  ] as const;
  const meanNs = latency.kind === 'values' ? latency.average : null;
  return {
    told,
    metrics: bounded.flatMap(({ metric, name, series }) => {
      const figures = figuresOf(told, name, series);
      return figures.length === 0 ? [] : [{ metric, figures }];
    }),
    throughputShare:
      isOpenLoop || meanNs === null || meanNs === 0 ? null : told.completion_late_mean_ns / meanNs,
  };
}

function figuresOf(told: ClientBounds, name: string, series: SeriesReport): readonly FigureBound[] {
  return SHOWN_PERCENTILES.flatMap((percentile) => {
    const valueNs = percentileOf(series, percentile);
    const pair = told.series[name]?.[`${percentile}.0`];
    if (valueNs === null || pair === undefined || series.kind === 'empty') return [];
    const [addedNs, missingNs] = pair;
    return [
      {
        percentile,
        valueNs,
        valuesBeyond: series.count * (1 - percentile / 100),
        // No value is negative.
        addedNs: Math.min(addedNs, valueNs),
        // Where too few values lie beyond, the latest read that any probe met limits it.
        missingNs: missingNs ?? told.late_max_ns,
      },
    ];
  });
}
