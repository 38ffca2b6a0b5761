import { countedText, countText, durationText, numberText } from '../../core/quantity-text.ts';
import type { RunEntry, StudyRow } from '../run-library.ts';
import { fetchRuns, fetchStudies } from './api.ts';
import { type TrendRun, trendCharts } from '../../charts/trend-charts.ts';
import { ChartBoard } from './chart-board.ts';
import { zoneText } from './clock-text.ts';
import { copyBar } from './copy-bar.ts';
import { DataTable, element, scroller, setText } from './dom.ts';
import type { Page } from './page.ts';
import {
  NEWEST_FIRST,
  orderOf,
  orderOptions,
  orderText,
  RUN_COLUMNS,
  type RunsOrder,
  runsTable,
  sortedRuns,
} from './runs-order.ts';
import type { ThemeSwitch } from './theme.ts';
import { levelText } from './verdict-card.ts';

const REFRESH_MS = 5000;

/** The list of runs, newest first, with search and a choice of those to compare. */
export class RunsPage implements Page {
  readonly title = 'Runs';
  readonly #search = element('input', {
    ...{ type: 'search', placeholder: 'Search: model, tag, verdict, date …', 'aria-label': 'Search runs' },
    ...{ id: 'search', spellcheck: 'false', autocomplete: 'off' },
  });
  readonly #compare = element('button', { type: 'button', class: 'button strong', id: 'compare' });
  readonly #note = element('p', { class: 'muted', role: 'status' });
  readonly #body = element('tbody');
  readonly #head = element('tr');
  /** On a narrow window, where rows are cards and heads are not seen. */
  readonly #order = element('select', { id: 'order', 'aria-label': 'Sort by' });
  #sort: RunsOrder = NEWEST_FIRST;
  readonly #chosen = new Set<string>();
  readonly #refresh: number;
  readonly element: HTMLElement;
  #runs: readonly RunEntry[] = [];
  #shown = '';
  #found: readonly RunEntry[] = [];
  readonly #trend: ChartBoard;
  readonly #studies = new DataTable('Studies', [
    { label: 'study' },
    { label: 'kind' },
    { label: 'runs' },
    { label: 'answer', isText: true },
  ]);
  readonly #studiesNote = element('p', { class: 'muted', role: 'status' });
  readonly #studiesCard = element('section', { class: 'card' }, this.#studiesNote, this.#studies.element);

  constructor(theme: ThemeSwitch) {
    this.#trend = new ChartBoard(theme, (_, chartTheme, layout) =>
      trendCharts(trendOf(sortedRuns(this.#found, NEWEST_FIRST)), chartTheme, layout),
    );
    const list = element(
      'div',
      { class: 'card' },
      element(
        'div',
        { class: 'toolbar' },
        element('h1', {}, 'Runs'),
        this.#search,
        this.#order,
        this.#compare,
      ),
      element(
        'div',
        { class: 'toolbar' },
        this.#note,
        copyBar(() => runsTable(this.#found)),
      ),
      scroller('Runs', element('table', { class: 'stacked' }, element('thead', {}, this.#head), this.#body)),
      element('p', { class: 'muted hint' }, `Times of day are in ${zoneText()}.`),
    );
    this.element = element('div', { class: 'page' }, list, this.#studiesCard, this.#trend.element);
    this.#studiesCard.hidden = true;
    this.#search.addEventListener('input', () => this.#show());
    this.#order.append(...orderOptions());
    this.#order.addEventListener('change', () => this.#sortBy(orderOf(this.#order.value)));
    this.#showHead();
    this.#compare.addEventListener('click', () => this.compare());
    this.#refresh = window.setInterval(() => void this.#load(), REFRESH_MS);
    void this.#load();
    this.#showChoice();
  }

  focusSearch(): void {
    this.#search.focus();
  }

  /** Opens the comparison of the runs chosen, when there are two or more. */
  compare(): void {
    if (this.#chosen.size < 2) return;
    location.hash = `#/compare/${[...this.#chosen].map(encodeURIComponent).join('/')}`;
  }

  close(): void {
    clearInterval(this.#refresh);
    this.#trend.close();
  }

  async #load(): Promise<void> {
    // Apart: the runs are there to see whatever the studies are.
    await Promise.all([this.#loadRuns(), this.#loadStudies()]);
  }

  async #loadRuns(): Promise<void> {
    try {
      this.#runs = await fetchRuns();
      this.#show();
    } catch (error) {
      setText(this.#note, `Couldn't load the run list: ${reasonText(error)}`);
    }
  }

  async #loadStudies(): Promise<void> {
    try {
      const studies = await fetchStudies();
      this.#studies.show(studies.map(studyCells));
      setText(this.#studiesNote, '');
      this.#studiesCard.hidden = studies.length === 0;
    } catch (error) {
      setText(this.#studiesNote, `Couldn't load the studies: ${reasonText(error)}`);
      this.#studiesCard.hidden = false;
    }
  }

  #show(): void {
    const words = this.#search.value
      .toLowerCase()
      .split(/\s+/)
      .filter((word) => word !== '');
    const found = sortedRuns(
      this.#runs.filter((run) => {
        const text = searchText(run);
        return words.every((word) => text.includes(word));
      }),
      this.#sort,
    );
    const total = this.#runs.length;
    setText(
      this.#note,
      total === 0
        ? 'No runs here yet.'
        : words.length === 0
          ? countedText(total, 'run')
          : `${countText(found.length)} of ${countedText(total, 'run')}`,
    );
    const shown = JSON.stringify(found);
    if (shown === this.#shown) return;
    this.#shown = shown;
    this.#body.replaceChildren(...found.map((run) => this.#row(run)));
    this.#found = found;
    // There is nothing of a single run in it: the list is what is drawn.
    this.#trend.show([{ name: '', history: undefined, distributions: {} }]);
    this.#trend.draw();
  }

  #sortBy(order: RunsOrder): void {
    this.#sort = order;
    this.#showHead();
    this.#show();
  }

  #showHead(): void {
    const { column, isDescending } = this.#sort;
    this.#order.value = orderText(this.#sort);
    this.#head.replaceChildren(
      ...RUN_COLUMNS.map(({ label, isText, hint }, i) => {
        const isSorted = i === column;
        const arrow = isSorted ? (isDescending ? ' ▼' : ' ▲') : '';
        const button = element('button', { type: 'button', class: 'sort', title: hint }, `${label}${arrow}`);
        button.addEventListener('click', () => {
          this.#sortBy({ column: i, isDescending: isSorted ? !isDescending : !isText || i === 0 });
          this.#head.querySelectorAll('button')[i]?.focus();
        });
        const order = isSorted ? (isDescending ? 'descending' : 'ascending') : undefined;
        return element(
          'th',
          { scope: 'col', class: isText ? 'left' : undefined, 'aria-sort': order },
          button,
        );
      }),
    );
  }

  #row(run: RunEntry): HTMLElement {
    const { name, verdict } = run;
    const choice = element('input', { type: 'checkbox', 'aria-label': `Compare ${name}` });
    choice.checked = this.#chosen.has(name);
    choice.addEventListener('change', () => {
      if (choice.checked) this.#chosen.add(name);
      else this.#chosen.delete(name);
      this.#showChoice();
    });
    const ownName = ownNameText(run);
    const link = element(
      'a',
      { href: `#/run/${encodeURIComponent(name)}` },
      whenText(run),
      ownName === undefined ? null : element('span', { class: 'own-name' }, ownName),
      tagsText(run) === '' ? null : element('span', { class: 'own-name' }, tagsText(run)),
    );
    const level =
      verdict === null
        ? element('span', { class: 'muted' }, run.state?.replace('_', ' ') ?? '–')
        : element('span', { class: 'level', 'data-level': verdict }, levelText(verdict));
    return element(
      'tr',
      {},
      element('th', { scope: 'row', class: 'whole' }, element('span', {}, choice, link)),
      cell('Model', run.model ?? '–', 'left wide'),
      cell('Load', run.load ?? '–', 'left'),
      cell('Verdict', level, 'left'),
      cell('Samples', samplesText(run)),
      cell('Rate', run.samplesPerSecond === null ? '–' : `${numberText(run.samplesPerSecond)}/s`),
      cell('Tokens', run.outputTokensPerSecond === null ? '–' : `${numberText(run.outputTokensPerSecond)}/s`),
      cell('TTFT p50', timeText(run.ttftP50Ns)),
      cell('TTFT p99', timeText(run.ttftP99Ns)),
      cell('Latency p99', timeText(run.latencyP99Ns)),
    );
  }

  #showChoice(): void {
    const { size } = this.#chosen;
    setText(this.#compare, size < 2 ? 'Choose runs to compare' : `Compare ${size} runs`);
    this.#compare.disabled = size < 2;
  }
}

function reasonText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** Names the program makes up itself; they say no more than when a run was. */
const MADE_UP_NAME = /^\d{8}T\d{6}Z-[0-9a-f]+$/;

/** The name somebody gave a run's directory; undefined where {@link whenText} says as much. */
export function ownNameText({ startedAt, name }: Pick<RunEntry, 'startedAt' | 'name'>): string | undefined {
  return startedAt === null || MADE_UP_NAME.test(name) ? undefined : name;
}

/** When a run was, in the viewer's own time zone. */
export function whenText({ startedAt, name }: Pick<RunEntry, 'startedAt' | 'name'>): string {
  if (startedAt === null) return name;
  const [date, time] = [
    new Date(startedAt).toLocaleDateString('sv'),
    new Date(startedAt).toLocaleTimeString('sv'),
  ];
  return `${date} ${time}`;
}

function cell(label: string, content: string | Node, kind?: 'left' | 'left wide'): HTMLElement {
  return element('td', { class: kind, 'data-label': label }, content);
}

function searchText(run: RunEntry): string {
  const { name, runId, model, load, verdict, state, endpoints, samplesPerSecond, notes } = run;
  return [
    tagsText(run),
    notes,
    name,
    runId,
    model,
    load,
    verdict,
    state,
    ...endpoints,
    whenText(run),
    samplesPerSecond,
  ]
    .join(' ')
    .toLowerCase();
}

/** `gpu=h100 night=yes`. */
export function tagsText({ tags }: Pick<RunEntry, 'tags'>): string {
  return Object.entries(tags)
    .map(([name, text]) => `${name}=${text}`)
    .join(' ');
}

function studyCells({ name, kind, cells, cellsDone, conclusions }: StudyRow): readonly string[] {
  const done = cellsDone === cells ? countText(cells) : `${countText(cellsDone)} of ${countText(cells)}`;
  return [name, kind, done, conclusions.join(' ')];
}

/** More runs make a thicket. */
const MOST_IN_TREND = 200;

/** The newest of a list that has them first. */
function trendOf(runs: readonly RunEntry[]): readonly TrendRun[] {
  return runs
    .slice(0, MOST_IN_TREND)
    .toReversed()
    .map((run) => ({
      group: run.model ?? 'unknown model',
      figures: {
        'output-tokens': run.outputTokensPerSecond,
        'ttft-p99': run.ttftP99Ns,
        'latency-p99': run.latencyP99Ns,
        requests: run.samplesPerSecond,
      },
    }));
}

function samplesText({ samples, failed }: RunEntry): string {
  if (samples === null) return '–';
  return failed === null || failed === 0
    ? countText(samples)
    : `${countText(samples)}, ${countText(failed)} failed`;
}

function timeText(ns: number | null): string {
  return ns === null ? '–' : durationText(ns);
}
