import { numberText } from '../../core/quantity-text.ts';
import type { PastRun } from '../run-library.ts';
import { fetchComparison, fetchRun } from './api.ts';
import { differenceCard } from './difference-card.ts';
import { RunCharts } from './run-charts.ts';
import { DataTable, element } from './dom.ts';
import type { Page } from './page.ts';
import { valueText } from './run-tables.ts';
import { ownNameText, whenText } from './runs-page.ts';
import type { ThemeSwitch } from './theme.ts';
import { levelText } from './verdict-card.ts';

/** Two or more runs laid over each other in the same charts, and their numbers side by side. */
export class ComparePage implements Page {
  readonly title = 'Compare';
  readonly #charts: RunCharts;
  readonly element = element(
    'div',
    { class: 'page compared' },
    element('p', { class: 'muted' }, 'Reading the runs …'),
  );

  constructor(names: readonly string[], theme: ThemeSwitch) {
    this.#charts = new RunCharts(theme);
    void this.#load(names);
  }

  close(): void {
    this.#charts.close();
  }

  /** Takes seconds where runs are long: the numbers are there meanwhile. */
  async #judge(names: readonly string[], place: HTMLElement): Promise<void> {
    try {
      const comparison = await fetchComparison(names);
      place.replaceChildren(...comparison.comparisons.map((pair) => differenceCard(pair, comparison)));
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      place.replaceChildren(element('p', { class: 'card muted' }, `Not compared by samples: ${why}`));
    }
  }

  async #load(names: readonly string[]): Promise<void> {
    try {
      const runs = await Promise.all(names.map(fetchRun));
      const labels = runs.map(({ entry }, i) =>
        [letterOf(i), ownNameText(entry), whenText(entry)].filter((part) => part !== undefined).join(' · '),
      );
      const judged = element(
        'div',
        { class: 'page', role: 'status' },
        element('p', { class: 'muted' }, 'Comparing the runs by their samples …'),
      );
      void this.#judge(names, judged);
      this.element.replaceChildren(
        element(
          'section',
          { class: 'head' },
          element('h1', {}, `${runs.length} runs compared`),
          element('span', { class: 'muted' }, labels.join(', ')),
        ),
        judged,
        element('section', { class: 'card' }, tableOf(runs, labels)),
        ...this.#charts.parts,
      );
      this.#charts.show(
        runs.map(({ update: { view, history, distributions } }, i) => ({
          ...{ name: letterOf(i), history, distributions },
          maxima: Object.fromEntries(view.rows.map(({ series, max }) => [series, max])),
        })),
      );
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error);
      this.element.replaceChildren(
        element(
          'div',
          { class: 'card empty' },
          element('h1', {}, 'These runs cannot be shown'),
          element('p', {}, why),
        ),
      );
    }
  }
}

const letterOf = (index: number) => String.fromCharCode('A'.charCodeAt(0) + index);

/** What is less rounds to no change. */
const SMALLEST_PERCENT = 0.05;
const QUANTILES = ['p50', 'p99'] as const;

/** Numbers side by side; the second run and later ones with their difference to the first. */
function tableOf(runs: readonly PastRun[], labels: readonly string[]): HTMLElement {
  const table = new DataTable(
    'Side by side',
    ['', ...labels].map((label) => ({ label })),
  );
  const text = (label: string, of: (run: PastRun) => string) => [label, ...runs.map(of)];
  const number = (label: string, of: (run: PastRun) => number | null, show: (value: number) => string) => {
    const first = of(runs[0]!);
    return [
      label,
      ...runs.map((run, i) => {
        const value = of(run);
        if (value === null) return '–';
        return i === 0 || first === null ? show(value) : `${show(value)}  ${changeText(value, first)}`;
      }),
    ];
  };
  const rates = runs.some(({ entry }) => entry.samplesPerSecond !== null);
  // A run that failed has no values of what another one measured; those of the fullest stand in their usual order.
  const rows = runs.map(({ update }) => update.view.rows).toSorted((a, b) => b.length - a.length);
  const series = [...new Map(rows.flat().map((row) => [row.series, row])).values()];
  table.show([
    text('Verdict', ({ update }) => (update.verdict === undefined ? '–' : levelText(update.verdict.level))),
    text('Model', ({ entry }) => entry.model ?? '–'),
    text('Load', ({ entry }) => entry.load ?? '–'),
    ...(rates
      ? [
          number(
            'Rate',
            ({ entry }) => entry.samplesPerSecond,
            (value) => `${numberText(value)}/s`,
          ),
        ]
      : []),
    number(
      'Output tokens',
      ({ entry }) => entry.outputTokensPerSecond,
      (value) => `${numberText(value)}/s`,
    ),
    ...series.flatMap(({ series: name, label, unit }) =>
      QUANTILES.map((quantile) =>
        number(
          `${label} ${quantile}`,
          ({ update }) => update.view.rows.find((row) => row.series === name)?.[quantile] ?? null,
          (value) => valueText({ unit }, value),
        ),
      ),
    ),
  ]);
  return table.element;
}

/** How much more or less than the first: `+12.0 %`. */
function changeText(value: number, first: number): string {
  if (first === 0) return '';
  const percent = (value / first - 1) * 100;
  if (Math.abs(percent) < SMALLEST_PERCENT) return '(=)';
  return `(${percent < 0 ? '−' : '+'}${numberText(Math.abs(percent))}\u00a0%)`;
}
