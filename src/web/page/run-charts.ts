import type { Chart, ChartRun } from '../../charts/chart.ts';
import { bandText } from '../../charts/client-part.ts';
import { distributionCharts } from '../../charts/distribution-charts.ts';
import { timeCharts } from '../../charts/time-charts.ts';
import { ChartBoard } from './chart-board.ts';
import { element, setText } from './dom.ts';
import type { ThemeSwitch } from './theme.ts';

/** One time axis for all charts over time, so that a spike can be followed from one to the other. */
const TIME_GROUP = 'time';
const SERIES_OF_ID = /^(?:histogram|percentiles)-(.+)$/;

/** All charts of one or several runs: over time, and the distribution of one series that is chosen. */
export class RunCharts {
  readonly #time: ChartBoard;
  readonly #distributions: ChartBoard;
  readonly #choice = element('select', { id: 'series', 'aria-label': 'Distribution of' });
  readonly #chooser = element(
    'section',
    { class: 'head' },
    element('h2', {}, 'Distribution of'),
    this.#choice,
  );
  readonly #bands = element('p', { class: 'muted', id: 'bands' });
  readonly parts: readonly HTMLElement[];

  constructor(theme: ThemeSwitch) {
    this.#time = new ChartBoard(theme, timeCharts, TIME_GROUP);
    this.#distributions = new ChartBoard(theme, (...wanted) => this.#chosen(distributionCharts(...wanted)));
    this.#chooser.hidden = true;
    this.#choice.addEventListener('change', () => this.#distributions.draw());
    this.#bands.hidden = true;
    this.parts = [this.#bands, this.#time.element, this.#chooser, this.#distributions.element];
  }

  show(runs: readonly ChartRun[]): void {
    const [run] = runs;
    // Several runs laid over each other have no room for it.
    const bands = runs.length === 1 && run?.history !== undefined ? bandText(run.history) : undefined;
    this.#bands.hidden = bands === undefined;
    setText(this.#bands, bands ?? '');
    this.#time.show(runs);
    this.#distributions.show(runs);
  }

  close(): void {
    this.#time.close();
    this.#distributions.close();
  }

  /** Those of the series chosen; offers each series there is a chart of. */
  #chosen(charts: readonly Chart[]): readonly Chart[] {
    const offered = new Map(charts.map(({ id, title }) => [seriesOf(id), title.split(':')[0]!]));
    const shown = [...this.#choice.options].map(({ value }) => value).join();
    if (shown !== [...offered.keys()].join()) {
      const { value } = this.#choice;
      this.#choice.replaceChildren(
        ...[...offered].map(([id, label]) => element('option', { value: id }, label)),
      );
      if (offered.has(value)) this.#choice.value = value;
    }
    this.#chooser.hidden = offered.size === 0;
    return charts.filter(({ id }) => seriesOf(id) === this.#choice.value);
  }
}

function seriesOf(id: string): string {
  return SERIES_OF_ID.exec(id)?.[1] ?? id;
}
