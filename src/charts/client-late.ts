import type { RunHistory } from '../core/run-history.ts';
import { STALL_SHARE_OF_MEDIAN } from '../core/stall-share.ts';
import { NS_PER_MS, NS_PER_SECOND } from '../core/time.ts';
import type { ChartOption, ChartValue } from './chart.ts';
import type { LegendEntry } from './frame.ts';
import type { ChartTheme } from './theme.ts';

const CLIENT_LATE = 'client late';
/** From this share of a time on, lateness of the client shows in it; the verdict draws the line at the same. */
const LATE_SHARE = 0.05;
/** What lateness is held against where a chart shows no time itself, and what that is called. */
const MEASURES = [
  { name: 'ttft_ns', word: 'TTFT' },
  { name: 'sample_latency_ns', word: 'latency' },
];
/** The times that end with a read. */
export const LATE_AGAINST: readonly string[] = ['ttft_ns', 'chunk_delta_ns', 'sample_latency_ns'];
/** Of the bar at the top of the plot, px. */
const BAR_HEIGHT = 4;

export interface LateSpan {
  readonly fromSeconds: number;
  readonly toSeconds: number;
}

/**
 * When the client itself was late: the bins in which it read 1 % of what came later than a twentieth of the median of `series` (of TTFT, or
 * latency, without one), neighbors taken together. What rises there may be the client's doing. In a history without probes, the
 * bins in which the event loop of an engine worker was late by more than half the median.
 */
export function lateSpans(history: RunHistory, series?: string): readonly LateSpan[] {
  const { late_p99_ms: late, event_loop_delay_max_ms: delays } = history.client;
  const isMeasured = hasProbes(history);
  const ownNs = isMeasured ? medianOf(history, series) : undefined;
  const medianNs = ownNs ?? measureOf(history)?.medianNs ?? Infinity;
  const limitMs = ((isMeasured ? LATE_SHARE : STALL_SHARE_OF_MEDIAN) * medianNs) / NS_PER_MS;
  const seconds = (bin: number) => {
    const ns = Math.min(bin * history.bin_ns, history.end_ns - history.start_ns);
    return ns / NS_PER_SECOND;
  };
  const spans: LateSpan[] = [];
  (isMeasured ? late! : delays).forEach((lateMs, bin) => {
    if (lateMs === null || !(lateMs > limitMs)) return;
    const span = { fromSeconds: seconds(bin), toSeconds: seconds(bin + 1) };
    const last = spans.at(-1);
    if (last?.toSeconds === span.fromSeconds)
      spans[spans.length - 1] = { ...span, fromSeconds: last.fromSeconds };
    else spans.push(span);
  });
  return spans;
}

/** A series without data: a tint over the spans, and a bar at the top of the plot, `top` px, for who cannot tell tints apart. */
export function lateSeries(spans: readonly LateSpan[], top: number, theme: ChartTheme): ChartOption {
  return {
    type: 'line',
    name: CLIENT_LATE,
    data: [],
    silent: true,
    tooltip: { show: false },
    itemStyle: { color: theme.late },
    lineStyle: { width: 0 },
    markArea: {
      silent: true,
      data: spans.flatMap(({ fromSeconds, toSeconds }): ChartValue[] => [
        [{ xAxis: fromSeconds, itemStyle: { color: theme.late, opacity: 0.14 } }, { xAxis: toSeconds }],
        [
          { xAxis: fromSeconds, y: top, itemStyle: { color: theme.late } },
          { xAxis: toSeconds, y: top + BAR_HEIGHT },
        ],
      ]),
    },
  };
}

/** In the legend of each chart over time, where there are spans. */
export function lateLegend(theme: ChartTheme): LegendEntry {
  return { name: CLIENT_LATE, swatch: theme.late };
}

/** What is marked and what follows from it, for a person; undefined where nothing is. */
export function lateText(history: RunHistory): string | undefined {
  const measure = measureOf(history);
  if (measure === undefined) return undefined;
  if (hasProbes(history)) {
    if (LATE_AGAINST.every((name) => lateSpans(history, name).length === 0)) return undefined;
    return (
      `Where “${CLIENT_LATE}” is marked, the client read 1 % of what came later than a twentieth of the median of what the chart shows: ` +
      'what rises there may be the client’s.'
    );
  }
  if (lateSpans(history).length === 0) return undefined;
  return (
    `Where “${CLIENT_LATE}” is marked, the event loop of an engine worker was late by more than half the median ${measure.word}: ` +
    'what rises there may be the client’s.'
  );
}

function hasProbes({ client }: RunHistory): boolean {
  return client.late_p99_ms?.some((lateMs) => lateMs !== null) === true;
}

/** Undefined when nothing was measured. */
function measureOf(history: RunHistory) {
  for (const { name, word } of MEASURES) {
    const medianNs = medianOf(history, name);
    if (medianNs !== undefined) return { word, medianNs };
  }
  return undefined;
}

/** The median of the medians of the bins. */
function medianOf({ series }: RunHistory, name: string | undefined): number | undefined {
  if (name === undefined) return undefined;
  const medians = (series[name]?.p50 ?? []).filter((value) => value !== null).toSorted((a, b) => a - b);
  return medians[Math.floor(medians.length / 2)];
}
