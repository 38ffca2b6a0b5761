import {
  BOUNDED_PERCENTILES,
  boundNs,
  FEWEST_PROBES,
  type BoundedPercentile,
  type RunHistory,
} from '../core/run-history.ts';
import type { ChartLine, ChartOption } from './chart.ts';
import type { LegendEntry } from './frame.ts';
import type { ChartTheme } from './theme.ts';

const CLIENTS_PART = 'client’s part';
const WHERE_KNOWN = `${CLIENTS_PART}, where known`;
const OPACITY = 0.28;
/** A run that goes on has not told of its last bins yet. */
const BINS_UNDER_WAY = 2;

export type Band = NonNullable<ChartLine['band']>;

/** How far the client's own lateness may have moved a percentile in each bin; undefined where nothing is known of any. */
export function bandOf(
  { series }: RunHistory,
  name: string,
  percentile: BoundedPercentile,
): Band | undefined {
  const figures = series[name]?.[percentile];
  const bound = series[name]?.bounds?.[percentile];
  if (figures === undefined || bound === undefined) return undefined;
  const ns = (codes: readonly (number | null)[] | undefined, bin: number, otherwise: number | null) => {
    const code = codes === undefined ? undefined : (codes[bin] ?? null);
    return code === undefined ? otherwise : code === null ? null : boundNs(code);
  };
  return figures.map((figure, bin) => {
    const [added, missing] = [ns(bound.added, bin, null), ns(bound.missing, bin, 0)];
    if (figure === null || added === null || missing === null) return null;
    return [Math.max(0, figure - added), figure + missing];
  });
}

interface BandedLine extends ChartLine {
  readonly band: Band;
}

/**
 * A band as series without lines: an area on top of an invisible one, cut off at `most`. A point between two without a band gets a width of
 * its own.
 */
export function bandSeries(
  { name, points, band }: BandedLine,
  { colour, most }: { readonly colour: string; readonly most: number },
  legend: Exclude<LegendEntry, string>,
): readonly ChartOption[] {
  const width = points.length < 2 ? 1 : points[1]![0] - points[0]![0];
  const ranges = band.flatMap((range, at): (readonly [x: number, range: Band[number]])[] => {
    const [x] = points[at]!;
    const isAlone = range !== null && !band[at - 1] && !band[at + 1];
    return isAlone ? [-1, 1].map((side) => [x + (side * width) / 3, range]) : [[x, range]];
  });
  const common = {
    ...{ type: 'line', name: legend.name, stack: `${name} band`, stackStrategy: 'all' },
    ...{ symbol: 'none', silent: true, tooltip: { show: false }, emphasis: { disabled: true } },
    lineStyle: { width: 0 },
    itemStyle: { color: colour },
  };
  return [
    { ...common, data: ranges.map(([x, range]) => [x, range && lowOf(range)]) },
    {
      ...common,
      data: ranges.map(([x, range]) => [x, range && rounded(Math.min(most, range[1]) - lowOf(range))]),
      areaStyle: { color: colour, opacity: OPACITY },
    },
  ];
}

/** Above 0, which no logarithmic axis can show. */
function lowOf([low, high]: readonly [number, number]): number {
  return rounded(Math.min(high, Math.max(1, low)));
}

/** In the legend of a chart with bands: whether they are all there. */
export function bandLegend(lines: readonly BandedLine[], theme: ChartTheme) {
  const hasGap = lines.some(({ points, band }) =>
    points.slice(0, -BINS_UNDER_WAY).some(([, value], at) => value !== null && band[at] === null),
  );
  return { name: hasGap ? WHERE_KNOWN : CLIENTS_PART, swatch: theme.band } satisfies LegendEntry;
}

/** What the bands are, for a person; undefined where there is none. */
export function bandText(history: RunHistory): string | undefined {
  const hasBand = Object.keys(history.series).some((name) =>
    BOUNDED_PERCENTILES.some((percentile) => bandOf(history, name, percentile) !== undefined),
  );
  if (!hasBand) return undefined;
  return (
    `The band around a line, the ${CLIENTS_PART}, is where the true percentile may lie, given how late the client read. ` +
    `A bin with fewer than ${FEWEST_PROBES} probes has none.`
  );
}

function rounded(value: number): number {
  return Number(value.toPrecision(6));
}
