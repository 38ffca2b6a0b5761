import type { RunHistory } from '../core/run-history.ts';
import { STALL_SHARE_OF_MEDIAN } from '../core/stall-share.ts';
import { NS_PER_MS, NS_PER_SECOND } from '../core/time.ts';
import type { ChartOption, ChartValue } from './chart.ts';
import type { LegendEntry } from './frame.ts';
import type { ChartTheme } from './theme.ts';

const CLIENT_LATE = 'client late';
/** What is measured against: the shortest time there is a median of in most runs, else the whole latency. */
const MEASURES = [
  { name: 'ttft_ns', word: 'TTFT' },
  { name: 'sample_latency_ns', word: 'latency' },
];
/** Of the bar at the top of the plot, px. */
const BAR_HEIGHT = 4;

export interface LateSpan {
  readonly fromSeconds: number;
  readonly toSeconds: number;
}

/**
 * When the client itself was late: the bins in which the event loop of an engine worker was late by more than half the median TTFT
 * (of the latency, where there is no TTFT), neighbours taken together. What rises there may be the client's doing.
 */
export function lateSpans(history: RunHistory): readonly LateSpan[] {
  const limitMs = (STALL_SHARE_OF_MEDIAN * (measureOf(history)?.medianNs ?? Infinity)) / NS_PER_MS;
  const seconds = (bin: number) => {
    const ns = Math.min(bin * history.bin_ns, history.end_ns - history.start_ns);
    return ns / NS_PER_SECOND;
  };
  const spans: LateSpan[] = [];
  history.client.event_loop_delay_max_ms.forEach((delayMs, bin) => {
    if (delayMs === null || !(delayMs > limitMs)) return;
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
  if (measure === undefined || lateSpans(history).length === 0) return undefined;
  return (
    `Where “${CLIENT_LATE}” is marked, the event loop of an engine worker was late by more than half the median ${measure.word}: ` +
    'what rises there may be the client’s.'
  );
}

/** Undefined when nothing was measured. */
function measureOf({ series }: RunHistory) {
  for (const { name, word } of MEASURES) {
    const medians = (series[name]?.p50 ?? []).filter((value) => value !== null).toSorted((a, b) => a - b);
    if (medians.length > 0) return { word, medianNs: medians[Math.floor(medians.length / 2)]! };
  }
  return undefined;
}
