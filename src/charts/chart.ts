import type { LogDistribution, RunHistory } from '../core/run-history.ts';

/** What an option is made of: plain JSON, no functions; `undefined` keys do not occur. */
export type ChartValue =
  string | number | boolean | null | readonly ChartValue[] | { readonly [key: string]: ChartValue };

/** What an axis measures: ns, a plain number, a share of 1. */
export type Quantity = 'duration' | 'number' | 'share';

/** An ECharts option as plain JSON. Formatters are named; `resolveFormatters` puts functions in their place. */
export type ChartOption = { readonly [key: string]: ChartValue };

/** A line as numbers: x as on the axis, y null where there is no value. */
export interface ChartLine {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number | null])[];
  /** Of each point, between which values the true one lies; null where that is not known. */
  readonly band?: readonly (readonly [low: number, high: number] | null)[];
}

/** A drawing of one or several runs. */
export interface Chart {
  /** Stable, lower case with dashes: `ttft`, `histogram-ttft`. */
  readonly id: string;
  /** With the unit where the axis does not show it. */
  readonly title: string;
  /** What is drawn and how to read it, in a sentence. */
  readonly description: string;
  /** What is to be seen, run by run, for who cannot look: `p99 up to 230 ms`. */
  readonly summary: string;
  /** What the y axis measures. */
  readonly quantity: Quantity;
  readonly lines: readonly ChartLine[];
  readonly option: ChartOption;
  /** Of a chart over time: where the plot begins, px from the top of the drawing, and what the labels of marks take above it. */
  readonly plot?: { readonly top: number; readonly labelsHeight: number };
}

/** One run to draw. */
export interface ChartRun {
  /** Shown when several runs are laid over each other. */
  readonly name: string;
  /** Undefined for a run of an earlier version: it has no charts over time. */
  readonly history: RunHistory | undefined;
  readonly distributions: { readonly [series: string]: LogDistribution };
  /** Its steady state, ns since the run's origin; shown where it is drawn alone. */
  readonly steady?: { readonly fromNs: number; readonly toNs: number } | undefined;
  /** Exact maxima of series, where known: the end of a curve of percentiles. */
  readonly maxima?: { readonly [series: string]: number };
}

/** What the place where a chart is shown asks of it. */
export interface ChartLayout {
  /** Width of the drawing, px. Default 800. Decides how many labels there are and how many lines the legend takes. */
  readonly width?: number;
  /** Draw the title too, for an image that stands alone. Default false. */
  readonly titled?: boolean;
}
