import type { LogDistribution, RunHistory } from '../core/run-history.ts';
import { metricOfName, type SeriesName } from '../core/metric-catalogue.ts';
import { countText } from '../core/quantity-text.ts';
import type { LiveUpdate } from '../live/live-update.ts';
import { amountText, type AmountUnit } from './amount-text.ts';
import { besides, clip, span, type Line } from './paint.ts';
import type { ScreenSize } from './content.ts';
import { histogram, leftOutText } from './histogram.ts';
import { ratesOverTime } from './run-series.ts';
import { timeChart, type PlottedSeries } from './time-chart.ts';

const PANEL_WIDTH = 39;
const GAP = 2;
const PANEL_HEIGHT = 9;
/** Below that a panel says nothing. */
export const SMALLEST_PANEL_HEIGHT = 3;

/** A plot with its title, drawn to whatever size there is. */
interface Panel {
  readonly title: Line;
  readonly draw: (size: ScreenSize) => Line[];
}

/** As many plots as there is room for, most important first: the chosen series, then the run over time, then other distributions. */
export function panelLines(update: LiveUpdate, selected: SeriesName, { width, height }: ScreenSize): Line[] {
  const panels = panelsOf(update, selected);
  if (height < SMALLEST_PANEL_HEIGHT || panels.length === 0) return [];
  const columns = Math.min(panels.length, Math.max(1, Math.floor((width + GAP) / (PANEL_WIDTH + GAP))));
  const rows = Math.min(Math.ceil(panels.length / columns), Math.max(1, Math.floor(height / PANEL_HEIGHT)));
  const panelWidth = Math.floor((width - GAP * (columns - 1)) / columns);
  return Array.from({ length: rows }, (_, row) => {
    const panelHeight = Math.floor((height * (row + 1)) / rows) - Math.floor((height * row) / rows);
    const drawn = panels
      .slice(row * columns, (row + 1) * columns)
      .map(({ title, draw }) => [
        clip(title, panelWidth),
        ...draw({ width: panelWidth, height: panelHeight - (row < rows - 1 ? 2 : 1) }),
        ...(row < rows - 1 ? [[]] : []),
      ]);
    return besides(drawn, panelWidth, GAP);
  }).flat();
}

function panelsOf(update: LiveUpdate, selected: SeriesName): Panel[] {
  const { view, distributions, history } = update;
  const known = view.rows.map(({ series }) => series);
  const names = [...known.filter((name) => name === selected), ...known.filter((name) => name !== selected)];
  const spreads = names.flatMap((name) => distributionPanel(update, name, distributions[name]));
  const times = history === undefined ? [] : names.flatMap((name) => seriesPanel(update, name, history));
  const runs = history === undefined ? [] : runPanels(history);
  const [rates, inFlight, ...others] = runs;
  return [
    ...spreads.slice(0, 1),
    ...times.slice(0, 1),
    ...[rates, inFlight].flatMap((panel) => panel ?? []),
    ...spreads.slice(1, 4),
    ...others,
    ...times.slice(1, 4),
    ...spreads.slice(4),
    ...times.slice(4),
  ];
}

function distributionPanel(
  { view }: LiveUpdate,
  name: SeriesName,
  distribution: LogDistribution | undefined,
): Panel[] {
  const row = view.rows.find(({ series }) => series === name);
  if (row === undefined || distribution === undefined) return [];
  const leftOut = leftOutText(distribution);
  return [
    {
      title: [
        span(row.label, 'strong'),
        span(`  ${countText(row.count)} values${leftOut === '' ? '' : `, ${leftOut}`}`, 'quiet'),
      ],
      draw: (size) => histogram(distribution, row, row.unit, size),
    },
  ];
}

function seriesPanel({ view }: LiveUpdate, name: SeriesName, history: RunHistory): Panel[] {
  const row = view.rows.find(({ series }) => series === name);
  const values = history.series[name]?.p99;
  if (row === undefined || values === undefined) return [];
  return [timePanel(`${row.label} p99`, row.unit, { values, how: 'max' }, history)];
}

/** The run over time, most important first. */
function runPanels(history: RunHistory): Panel[] {
  const { in_flight_max: inFlight, client } = history;
  const failed = ratesOverTime(history, 'errored');
  const tokens = ratesOverTime(history, 'output_tokens');
  const loopDelaysNs = client.event_loop_delay_max_ms.map((ms) => (ms === null ? null : ms * 1e6));
  return [
    timePanel(
      'Issued',
      'perSecond',
      { values: ratesOverTime(history, 'issued'), how: 'mean', wanted: ratesOverTime(history, 'due') },
      history,
    ),
    timePanel('In flight', 'samples', { values: inFlight, how: 'max' }, history),
    ...(hasAny(tokens)
      ? [timePanel('Output tokens', 'perSecond', { values: tokens, how: 'mean' }, history)]
      : []),
    ...(hasAny(failed) ? [timePanel('Failed', 'perSecond', { values: failed, how: 'mean' }, history)] : []),
    ...(hasAny(loopDelaysNs)
      ? [timePanel('Client late by', 'ns', { values: loopDelaysNs, how: 'max' }, history)]
      : []),
  ];
}

function hasAny(values: readonly (number | null)[]): boolean {
  return values.some((value) => value !== null && value > 0);
}

function timePanel(label: string, unit: AmountUnit, plotted: PlottedSeries, history: RunHistory): Panel {
  const known = plotted.values.filter((value) => value !== null);
  const now = known.at(-1);
  const summary =
    now === undefined ? '' : `  ${amountText(now, unit)}, max ${amountText(Math.max(...known), unit)}`;
  return {
    title: [span(label, 'strong'), span(summary, 'quiet')],
    draw: (size) => timeChart(plotted, history, size),
  };
}

/** The series a person may choose from, in order. */
export function selectableSeries(update: LiveUpdate | undefined): readonly SeriesName[] {
  const rows = update?.view.rows ?? [];
  return rows.map(({ series }) => series).filter((name) => metricOfName(name) !== undefined);
}
