import type { Chart, ChartLayout, ChartRun } from '../charts/chart.ts';
import { bandText } from '../charts/client-part.ts';
import { distributionCharts } from '../charts/distribution-charts.ts';
import type { ChartTheme } from '../charts/theme.ts';
import { timeCharts } from '../charts/time-charts.ts';
import { figure, type ChartAt } from './figure.ts';
import { markup, NOTHING, trusted, type Markup } from './markup.ts';
import { PAGE_THEME } from './page-theme.ts';
import { seriesDataText } from './series-data.ts';
import type { SvgPainter } from './svg-painter.ts';

const WIDE = { className: 'wide', width: 1040 };
const NARROW = { className: 'narrow', width: 360 };
const TIME_HEIGHT = 180;
/** Between the two: it is shown at its half of a screen as well as on a phone. */
const HALF = { className: 'half', width: 440 };
const HALF_HEIGHT = 230;

/** Distributions and history of one or several runs as figures; nothing of what their snapshots do not tell. */
export function distributionSection(runs: readonly ChartRun[], paint: SvgPainter): Markup {
  const figures = figuresOf(distributionCharts, runs, (chartAt) =>
    figure(chartAt, { widths: [HALF], height: HALF_HEIGHT, readout: false }, paint),
  );
  if (figures.length === 0) return NOTHING;
  return markup`<section id="distributions">
    <h2>Distributions</h2>
    <div class="pair">${figures}</div>
  </section> `;
}

/** The values of a moment can be read off where there is one run: several need not have bins of one length. */
export function timeSection(runs: readonly ChartRun[], paint: SvgPainter): Markup {
  const [run] = runs;
  const isInteractive = runs.length === 1;
  const figures = figuresOf(timeCharts, runs, (chartAt) =>
    figure(chartAt, { widths: [WIDE, NARROW], height: TIME_HEIGHT, readout: isInteractive }, paint),
  );
  if (figures.length === 0 || run?.history === undefined) return NOTHING;
  if (!isInteractive) {
    return markup`<section id="over-time" class="time">
      <h2>Over time</h2>
      <p class="muted">All on one axis, each run from its own start.</p>
      ${figures}
    </section> `;
  }
  const { start_ns: startNs, end_ns: endNs } = run.history;
  const bands = bandText(run.history);
  const data = seriesDataText(timeCharts(runs, PAGE_THEME), (endNs - startNs) / 1e9);
  return markup`<section id="over-time" class="time" tabindex="0" aria-label="Charts over time">
    <h2>Over time</h2>
    <p class="muted">
      All on one axis, from the start of the run: a spike that the client’s own charts do not share is the
      server’s.${bands === undefined ? '' : ` ${bands}`}
      <span class="screen"
        >Point at a moment, or move with the arrow keys, to read the values in all of them; drag over a stretch,
        or press + and −, to look closer.</span
      >
    </p>
    <p class="zoom screen" hidden>
      <span>Shown: <output></output></span>
      <button type="button">Whole run</button>
    </p>
    ${figures}
    <script type="application/json" id="series">
      ${trusted(data)}
    </script>
  </section> `;
}

type Charts = (runs: readonly ChartRun[], theme: ChartTheme, layout: ChartLayout) => readonly Chart[];

/** A figure for each chart of the runs; the charts of each width are made once. */
function figuresOf(
  charts: Charts,
  runs: readonly ChartRun[],
  draw: (chartAt: ChartAt) => Markup,
): readonly Markup[] {
  const made = new Map<number, readonly Chart[]>();
  const at = (width: number) => {
    const found = made.get(width) ?? charts(runs, PAGE_THEME, { width });
    made.set(width, found);
    return found;
  };
  return at(WIDE.width).map((_, i) => draw((width) => at(width)[i]!));
}
