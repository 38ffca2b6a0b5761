import type { ChartLayout, ChartLine, ChartOption, ChartRun, ChartValue } from './chart.ts';
import { formatter, type FormatterName } from './formatters.ts';
import { DASHES, RUN_SYMBOLS, type ChartTheme } from './theme.ts';

const DEFAULT_WIDTH = 800;
/** Margins of the plot, px: the same in all charts, so that their time axes stand one below the other. */
export const PLOT_MARGINS = { left: 66, right: 26, top: 12, bottom: 28 } as const;
const LEGEND_LINE_HEIGHT = 22;
const TITLE_HEIGHT = 30;
/** The sample of a line in the legend, px; longer behind a symbol, where its dashes would not be seen. */
const LEGEND_LINE_WIDTH = 20;
const LEGEND_LINE_WIDTH_WITH_SYMBOL = 40;
/** What an entry takes beside that and its text, and a letter of it, px. */
const LEGEND_ENTRY_MARGIN = 25;
const LETTER_WIDTH = 7;
const LEGEND_GAP = 20;

/** A series in the legend: by its line, or by a swatch of that colour. */
export type LegendEntry = string | { readonly name: string; readonly swatch: string };

export function widthOf(layout: ChartLayout): number {
  return layout.width ?? DEFAULT_WIDTH;
}

/** How one line looks. With one run lines differ by colour and dash; with several runs the colour is the run's. */
export interface LineLook {
  readonly colour: string;
  readonly dash: readonly number[];
  /** Set on a few points only; undefined: none. */
  readonly symbol: string | undefined;
}

export function lineLook(
  theme: ChartTheme,
  at: { readonly run: number; readonly runs: number; readonly line: number; readonly lines: number },
): LineLook {
  const ofRun = at.runs > 1;
  const dashIndex = ofRun && at.lines === 1 ? at.run : at.line;
  return {
    colour: cycle(theme.colours, ofRun ? at.run : at.line),
    dash: cycle<readonly number[]>(DASHES, dashIndex),
    symbol: ofRun && at.lines > 1 ? cycle<string>(RUN_SYMBOLS, at.run) : undefined,
  };
}

function cycle<T>(values: readonly T[], index: number): T {
  return values[index % values.length]!;
}

/** A line of points; y is null where there is none. */
export function lineSeries(name: string, points: ChartLine['points'], look: LineLook): ChartOption {
  return {
    type: 'line',
    name,
    data: withSymbols(points, look.symbol),
    symbol: look.symbol ?? 'none',
    symbolSize: 7,
    lineStyle: { color: look.colour, width: 1.75, type: look.dash.length === 0 ? 'solid' : look.dash },
    itemStyle: { color: look.colour },
    emphasis: { disabled: true },
  };
}

const SYMBOLS_A_LINE = 8;

/** A point without neighbours makes no line and gets a dot; where runs have symbols, a few points bear them. */
function withSymbols(points: ChartLine['points'], symbol: string | undefined): ChartValue[] {
  const every = Math.max(1, Math.ceil(points.length / SYMBOLS_A_LINE));
  return points.map((point, i): ChartValue => {
    const isAlone =
      point[1] !== null && (points[i - 1]?.[1] ?? null) === null && (points[i + 1]?.[1] ?? null) === null;
    if (isAlone) return { value: point, symbol: symbol ?? 'circle' };
    if (symbol === undefined) return point;
    return i % every === Math.floor(every / 2) ? point : { value: point, symbol: 'none' };
  });
}

/** Where the plot of a chart begins, px from the top: below title, legend and what is written above the plot. */
export function plotTop(
  layout: ChartLayout,
  legend: readonly LegendEntry[],
  { aboveHeight = 0, hasSymbols = false }: { readonly aboveHeight?: number; readonly hasSymbols?: boolean },
): number {
  return PLOT_MARGINS.top + titleHeight(layout) + legendHeight(legend, layout, hasSymbols) + aboveHeight;
}

/** What all charts have in common around their axes and series. */
export function frameOption(parts: {
  readonly theme: ChartTheme;
  readonly title: string;
  readonly layout: ChartLayout;
  readonly xAxis: ChartOption;
  readonly yAxis: ChartOption;
  readonly series: readonly ChartOption[];
  /** Names of the series in the legend; one needs none. */
  readonly legend: readonly LegendEntry[];
  /** Of what is written between legend and plot, px. */
  readonly aboveHeight?: number;
  readonly valueFormatter: FormatterName;
}): ChartOption {
  const { theme, layout, xAxis, yAxis, series, legend } = parts;
  const { left, right, bottom } = PLOT_MARGINS;
  const hasSymbols = series.some(({ symbol }) => typeof symbol === 'string' && symbol !== 'none');
  return {
    animation: false,
    textStyle: { color: theme.text, fontFamily: FONT_FAMILY },
    grid: {
      left,
      right,
      top: plotTop(layout, legend, { aboveHeight: parts.aboveHeight ?? 0, hasSymbols }),
      bottom,
      outerBoundsMode: 'none',
    },
    title: {
      ...{ show: layout.titled === true, text: parts.title, left: 8, top: 6, padding: 0 },
      textStyle: { color: theme.text, fontSize: 15 },
    },
    legend: {
      show: legend.length > 1,
      // Without a browser ECharts takes letters for narrower than they are, so where a line ends is told.
      data: legendLines(legend, layout, hasSymbols).flatMap((line, i): ChartValue[] => [
        ...(i === 0 ? [] : ['\n']),
        ...line.map(legendEntry),
      ]),
      ...{
        left,
        right,
        top: titleHeight(layout),
        padding: [2, 0],
        itemGap: LEGEND_GAP,
        itemWidth: hasSymbols ? LEGEND_LINE_WIDTH_WITH_SYMBOL : LEGEND_LINE_WIDTH,
        itemHeight: 9,
      },
      textStyle: { color: theme.text, fontSize: 12 },
      inactiveColor: theme.gridLine,
      icon: 'inherit',
      // Without symbols the sample of a line bears none either.
      ...(hasSymbols ? {} : { itemStyle: { opacity: 0 } }),
    },
    tooltip: {
      trigger: 'axis',
      confine: true,
      backgroundColor: theme.background,
      borderColor: theme.axisLine,
      textStyle: { color: theme.text, fontSize: 12 },
      valueFormatter: formatter(parts.valueFormatter),
      axisPointer: { lineStyle: { color: theme.axisLine } },
    },
    xAxis,
    yAxis,
    series,
  };
}

/** Of the reader's system. Without quotes: ECharts puts it into an attribute of SVG as it is. */
export const FONT_FAMILY = 'system-ui, DejaVu Sans, Liberation Sans, Arial, sans-serif';

function titleHeight({ titled = false }: ChartLayout): number {
  return titled ? TITLE_HEIGHT : 0;
}

function legendEntry(entry: LegendEntry): ChartValue {
  if (typeof entry === 'string') return entry;
  return { name: entry.name, icon: 'roundRect', itemStyle: { color: entry.swatch, opacity: 1 } };
}

function legendHeight(entries: readonly LegendEntry[], layout: ChartLayout, hasSymbols: boolean): number {
  if (entries.length < 2) return 0;
  return legendLines(entries, layout, hasSymbols).length * LEGEND_LINE_HEIGHT;
}

/** The entries line by line. */
function legendLines(
  entries: readonly LegendEntry[],
  layout: ChartLayout,
  hasSymbols: boolean,
): readonly (readonly LegendEntry[])[] {
  const lineWidth = hasSymbols ? LEGEND_LINE_WIDTH_WITH_SYMBOL : LEGEND_LINE_WIDTH;
  const width = widthOf(layout) - PLOT_MARGINS.left - PLOT_MARGINS.right;
  const lines: LegendEntry[][] = [[]];
  let used = 0;
  for (const entry of entries) {
    const name = typeof entry === 'string' ? entry : entry.name;
    const needed = LEGEND_ENTRY_MARGIN + lineWidth + LETTER_WIDTH * name.length;
    if (used > 0 && used + needed > width) {
      lines.push([]);
      used = 0;
    }
    lines.at(-1)!.push(entry);
    used += needed;
  }
  return lines;
}

/** Names of runs, made different where two are the same. */
export function distinctNames(runs: readonly Pick<ChartRun, 'name'>[]): string[] {
  const seen = new Map<string, number>();
  return runs.map(({ name }) => {
    const count = (seen.get(name) ?? 0) + 1;
    seen.set(name, count);
    return count === 1 ? name : `${name} (${count})`;
  });
}

/** The name of a line in legend and tooltip: what differs. */
export function seriesName(run: string, line: string, runs: number, lines: number): string {
  if (runs === 1) return line;
  return lines === 1 ? run : `${run} ${line}`;
}
