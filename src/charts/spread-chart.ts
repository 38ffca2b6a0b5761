import { logAxis, logTicks, valueAxis, VALUE_FORMATTERS } from './axes.ts';
import type { Chart, ChartLayout, ChartOption, ChartValue, Quantity } from './chart.ts';
import { DASHES, type ChartTheme } from './theme.ts';
import { frameOption, lineSeries } from './frame.ts';

/** A value and from where to where it may lie; null where an end is not known. */
export interface Spread {
  readonly value: number;
  readonly low: number | null;
  readonly high: number | null;
}

export interface SpreadMark {
  readonly x: Spread;
  readonly y: Spread;
  /** Filled, else hollow. */
  readonly isFilled: boolean;
}

/** Marks that are drawn in one colour, and joined by a line in their order. */
export interface SpreadGroup {
  readonly name: string;
  readonly marks: readonly SpreadMark[];
}

export interface SpreadChartSpec {
  readonly id: string;
  readonly title: string;
  readonly description: string;
  readonly summary: string;
  /** `isLinear`: whatever the values. */
  readonly x: { readonly name: string; readonly quantity: Quantity; readonly isLinear?: boolean };
  readonly y: { readonly quantity: Quantity };
  readonly groups: readonly SpreadGroup[];
  /** A line of its own, such as a Pareto front; already in steps. */
  readonly line?: { readonly name: string; readonly points: readonly (readonly [number, number])[] };
}

/** Between the labels of the axis and its name, px; and what both take below the plot. */
const NAME_GAP = 28;
const BOTTOM = 52;
const MARK_SIZE = 9;
/** How far above the highest value an axis reaches for the sake of intervals. */
const HEADROOM = 1.25;
/** Values that reach over more than this factor are drawn on a logarithmic axis. */
const LOG_FROM = 8;

/**
 * Marks with their intervals in both directions. The marks are the last series, in the order of the groups and of their marks, so that
 * whoever draws them can tell one from another. Pure.
 */
export function spreadChart(spec: SpreadChartSpec, theme: ChartTheme, layout: ChartLayout = {}): Chart {
  const { id, title, description, summary, groups, line } = spec;
  const marks = groups.flatMap((group) => group.marks);
  const colour = (index: number) => theme.colours[index % theme.colours.length]!;
  const joined = groups.map((group, i) =>
    lineSeries(
      group.name,
      group.marks.map(({ x, y }) => [x.value, y.value] as const),
      { colour: colour(i), dash: DASHES[i % DASHES.length]!, symbol: undefined },
    ),
  );
  const front = line && {
    ...lineSeries(line.name, line.points, { colour: theme.markLine, dash: [5, 3], symbol: undefined }),
    z: 1,
  };
  const series = [
    bars(
      marks.flatMap(({ x, y }) => barOf(x, (value) => [value, y.value])),
      theme,
    ),
    bars(
      marks.flatMap(({ x, y }) => barOf(y, (value) => [x.value, value])),
      theme,
    ),
    ...joined,
    ...(front === undefined ? [] : [front]),
    markSeries(groups, colour, theme),
  ];
  const option = frameOption({
    ...{ theme, title, layout, series },
    xAxis: {
      ...axisOf(
        spec.x.quantity,
        marks.map(({ x }) => x),
        theme,
        spec.x.isLinear,
      ),
      ...nameOf(spec.x.name, theme),
    },
    yAxis: axisOf(
      spec.y.quantity,
      marks.map(({ y }) => y),
      theme,
    ),
    legend: [
      ...(groups.length > 1 ? groups.map(({ name }) => name) : []),
      ...(line === undefined ? [] : [line.name]),
    ],
    valueFormatter: VALUE_FORMATTERS[spec.y.quantity],
  });
  return {
    ...{ id, title, description, summary, quantity: spec.y.quantity },
    lines: groups.map(({ name, marks: own }) => ({
      name,
      points: own.map(({ x, y }) => [x.value, y.value] as const),
    })),
    option: { ...option, grid: { ...(option.grid as ChartOption), bottom: BOTTOM } },
  };
}

function markSeries(
  groups: readonly SpreadGroup[],
  colour: (index: number) => string,
  theme: ChartTheme,
): ChartOption {
  const data = groups.flatMap(({ marks }, i) =>
    marks.map(({ x, y, isFilled }): ChartValue => ({
      value: [x.value, y.value],
      itemStyle: {
        color: isFilled ? colour(i) : theme.background,
        borderColor: colour(i),
        borderWidth: 2,
        opacity: 1,
      },
    })),
  );
  return { type: 'scatter', name: 'points', data, symbolSize: MARK_SIZE, z: 4, emphasis: { disabled: true } };
}

function bars(data: readonly ChartValue[], theme: ChartTheme): ChartOption {
  return {
    ...{ type: 'line', name: 'intervals', data, symbol: 'none', connectNulls: false, z: 1 },
    lineStyle: { color: theme.axisLine, width: 1, opacity: 0.7 },
    emphasis: { disabled: true },
  };
}

/** A bar, and a gap behind it. */
function barOf(
  { low, high }: Spread,
  at: (value: number) => readonly [number, number],
): readonly ChartValue[] {
  if (low === null || high === null) return [];
  return [at(low), at(high), [at(high)[0], null]];
}

function axisOf(
  quantity: Quantity,
  spreads: readonly Spread[],
  theme: ChartTheme,
  isLinear = false,
): ChartOption {
  const values = spreads.map(({ value }) => value);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  if (!isLinear && least > 0 && most > LOG_FROM * least) return logAxis(quantity, least, most, theme);
  // A wide interval is cut off rather than that it presses the values together.
  const reach = most * HEADROOM;
  const isBeyond = spreads.some(({ high }) => high !== null && high > reach);
  return { ...valueAxis(quantity, most, theme), ...(isBeyond ? { max: logTicks(reach, reach).high } : {}) };
}

function nameOf(name: string, theme: ChartTheme): ChartOption {
  return {
    name,
    nameLocation: 'middle',
    nameGap: NAME_GAP,
    nameTextStyle: { color: theme.mutedText, fontSize: 12 },
  };
}

/**
 * The corners of the steps of a front, from the least x to the greatest: between two points it holds what the one of them does that is as good in
 * x. `isLowerBetter`: of x; of y more is better.
 */
export function frontSteps(
  points: readonly (readonly [number, number])[],
  isLowerBetter: boolean,
): readonly (readonly [number, number])[] {
  const sorted = points.toSorted(([a], [b]) => a - b);
  return sorted.flatMap((point, i) => {
    const next = sorted[i + 1];
    if (next === undefined) return [point];
    return [point, isLowerBetter ? ([next[0], point[1]] as const) : ([point[0], next[1]] as const)];
  });
}
