import type { Chart } from '../charts/chart.ts';
import { frontSteps, spreadChart, type SpreadChartSpec, type SpreadGroup } from '../charts/spread-chart.ts';
import { countedText } from '../core/quantity-text.ts';
import { combinationText } from '../studies/designs.ts';
import { factorNumber } from '../studies/factor.ts';
import { estimateRangeText, FIGURE_KEYS, type FigureKey, FIGURES } from '../studies/figures.ts';
import type { FrontPlace } from '../studies/pareto-front.ts';
import type { Estimate } from '../studies/run-means.ts';
import { stateLines } from '../studies/study-text.ts';
import { type CellResult, studyPoints, type StudyPoint, type StudyResult } from '../studies/study-result.ts';
import { figure } from './figure.ts';
import { markup, NOTHING, trusted, type Markup } from './markup.ts';
import { PAGE_THEME } from './page-theme.ts';
import { STUDY_SCRIPT } from './study-script.ts';
import type { SvgPainter } from './svg-painter.ts';
import { wholePage } from './whole-page.ts';

const WIDTH = 440;
const HEIGHT = 290;
/** Beyond, a legend explains nothing. */
const MOST_GROUPS = 7;
const FRONT_TEXT: Readonly<Record<FrontPlace, string>> = { on: 'on the front', maybe: 'may be', off: '–' };

const STYLE = `
.study tr[data-point] { cursor: pointer; }
.study [data-point] { transition: opacity .12s; }
.picking svg [data-point]:not(.picked) { opacity: .25; }
svg [data-point] { cursor: pointer; outline: none; }
svg [data-point].picked { stroke: var(--text); stroke-width: .5; }
tr.picked > * { background: var(--card); }
tr.picked > th:first-child { box-shadow: inset 3px 0 var(--series-0); }
.study td small { display: block; }
.study td.runs { white-space: normal; min-width: 90px; }
.conclusions { font-size: 16px; }
.conclusions p { margin: 4px 0; }
`;

/** A study as one file that needs nothing else: what it came to, the Pareto fronts, each figure over each setting, and the table. Linked by a script. */
export function studyPage(result: StudyResult, paint: SvgPainter): string {
  const study = result.kind === 'repeat' ? byRun(result) : result;
  const { name, createdAt, version, cells, conclusions } = study;
  const lacks = stateLines(cells).filter((line) => line !== '');
  return wholePage({
    title: name,
    subtitle: `${KIND_NAMES[study.kind]} of ${countedText(cells.length, 'run')} · begun ${createdAt}`,
    body: markup`<style>${trusted(STYLE)}</style>
      <div class="study">
        ${conclusions.length === 0 ? NOTHING : markup`<section class="conclusions">${conclusions.map((text) => markup`<p>${text}</p>`)}</section>`}
        ${lacks.length === 0 ? NOTHING : markup`<section class="muted">${lacks.map((text) => markup`<p>${text}</p>`)}</section>`}
        ${study.kind === 'repeat' ? NOTHING : chartSection('fronts', 'Pareto fronts', frontCharts(study), paint)}
        ${chartSection('settings', study.kind === 'repeat' ? 'Run by run' : 'By setting', settingCharts(study), paint)} ${tableSection(study)}
      </div>`,
    version,
    isInteractive: true,
    script: STUDY_SCRIPT,
  });
}

/** Repeats of one combination, each as one of its own: a drift is seen from run to run. */
function byRun(study: StudyResult): StudyResult {
  const cells = study.cells.map((result) => ({
    ...result,
    cell: { ...result.cell, values: [String(result.cell.repeat)] },
  }));
  const combinations = cells.map(({ cell }) => cell.values);
  return {
    ...{ ...study, cells, points: studyPoints(combinations, cells, study.gpus) },
    factors: [{ name: 'run', values: combinations.map(([run]) => run!) }],
  };
}

const KIND_NAMES: Readonly<Record<StudyResult['kind'], string>> = {
  sweep: 'Sweep',
  capacity: 'Search for the capacity',
  repeat: 'Repeat',
  quick: 'Quick look',
};

/** A chart, and for each of its marks the number of the point that it shows. */
interface LinkedChart {
  readonly spec: SpreadChartSpec;
  readonly points: readonly number[];
}

function chartSection(id: string, title: string, charts: readonly LinkedChart[], paint: SvgPainter): Markup {
  if (charts.length === 0) return NOTHING;
  return markup`<section id="${id}">
    <h2>${title}</h2>
    <div class="pair">
      ${charts.map(({ spec, points }) => linkedFigure(spreadChart(spec, PAGE_THEME, { width: WIDTH }), points, paint))}
    </div>
  </section> `;
}

/** The marks of a spread chart are its last series; what ECharts calls them becomes the number of their point. */
function linkedFigure(chart: Chart, points: readonly number[], paint: SvgPainter): Markup {
  const last = (chart.option.series as readonly unknown[]).length - 1;
  const linked: SvgPainter = (option, size) =>
    paint(option, size).replace(
      new RegExp(`ecmeta_series_index="${last}" ecmeta_data_index="(\\d+)"`, 'g'),
      (_, index: string) => `data-point="${points[Number(index)]!}"`,
    );
  return figure(
    () => chart,
    { widths: [{ className: 'half', width: WIDTH }], height: HEIGHT, readout: false },
    linked,
  );
}

function frontCharts(study: StudyResult): readonly LinkedChart[] {
  const unit = study.gpus === undefined ? 'Output tokens/s' : 'Output tokens/s per GPU';
  return [
    frontChart(study, {
      id: 'front-user',
      title: `${unit} against tokens/s per user`,
      description: 'Up: more throughput; right: faster for each user (1 / TPOT p90).',
      x: { name: 'tokens/s per user', quantity: 'number' },
      key: 'tokens_per_second_per_user',
      place: ({ byUser }) => byUser,
    }),
    frontChart(study, {
      id: 'front-ttft',
      title: `${unit} against TTFT p90`,
      description: 'Up: more throughput; left: a faster first token.',
      x: { name: 'TTFT p90', quantity: 'duration' },
      key: 'ttft_p90_ns',
      place: ({ byTtft }) => byTtft,
    }),
  ].flatMap((chart) => chart ?? []);
}

interface FrontSpec extends Pick<SpreadChartSpec, 'id' | 'title' | 'description' | 'x'> {
  readonly key: FigureKey;
  readonly place: (point: StudyPoint) => FrontPlace | null;
}

/** A dashed line joins the front; hollow marks are not on it. */
function frontChart(
  study: StudyResult,
  { key, place, description, ...spec }: FrontSpec,
): LinkedChart | undefined {
  const drawn = study.points.flatMap((point, index) => {
    const x = point.figures[key];
    return point.throughput === null || x === undefined ? [] : [{ point, index, x, y: point.throughput }];
  });
  if (drawn.length < 2) return undefined;
  const groups = groupsOf(study, drawn);
  const front = drawn.filter(({ point }) => place(point) === 'on');
  return {
    points: groups.flatMap(({ items }) => items.map(({ index }) => index)),
    spec: {
      ...spec,
      description: `${description} Bars: 95 % intervals. Filled: on the front.`,
      summary: `On the front: ${front.map(({ point }) => combinationText(study.factors, point.values)).join('; ')}.`,
      y: { quantity: 'number' },
      groups: groups.map(({ name, items }): SpreadGroup => ({
        name,
        marks: items.map(({ point, x, y }) => ({ x, y, isFilled: place(point) === 'on' })),
      })),
      line: {
        name: 'Pareto front',
        points: frontSteps(
          front.map(({ x, y }) => [x.value, y.value] as const),
          key === 'ttft_p90_ns',
        ),
      },
    },
  };
}

const SETTING_FIGURES: readonly FigureKey[] = [
  ...(['output_tokens_per_second', 'requests_per_second', 'tokens_per_second_per_user'] as const),
  ...(['ttft_p90_ns', 'tpot_p90_ns', 'latency_p99_ns'] as const),
  ...(['joules_per_output_token', 'cost_per_million_output_tokens'] as const),
];

/** Each figure over the first factor that is a number, with a line for each combination of the others. */
function settingCharts(study: StudyResult): readonly LinkedChart[] {
  const axis = study.factors.findIndex(
    ({ values }) => values.length > 1 && !values.some((value) => Number.isNaN(factorNumber(value))),
  );
  if (axis === -1) return [];
  const { name } = study.factors[axis]!;
  return SETTING_FIGURES.flatMap((key): readonly LinkedChart[] => {
    const drawn = study.points.flatMap((point, index) => {
      const y = point.figures[key];
      const at = factorNumber(point.values[axis]!);
      return y === undefined ? [] : [{ point, index, x: { value: at, low: null, high: null }, y }];
    });
    if (drawn.length < 2 || drawn.every(({ y }) => y.value === 0)) return [];
    const groups = groupsOf(study, drawn, axis);
    const { title, unit } = FIGURES[key];
    return [
      {
        points: groups.flatMap(({ items }) => items.map(({ index }) => index)),
        spec: {
          ...{
            id: `setting-${key.replaceAll('_', '-')}`,
            title,
            description: `Over ${name}. Bars: 95 % intervals.`,
          },
          summary: drawn
            .map(({ point, y }) => `${point.values.join(', ')}: ${estimateRangeText(key, y)}`)
            .join('; '),
          x: { name, quantity: 'number' },
          y: { quantity: unit === 'ns' ? 'duration' : 'number' },
          groups: groups.map((group): SpreadGroup => ({
            name: group.name,
            marks: group.items.map(({ x, y }) => ({ x, y, isFilled: true })),
          })),
        },
      },
    ];
  });
}

interface Drawn {
  readonly point: StudyPoint;
  readonly index: number;
  readonly x: Estimate;
}

/** What is joined by a line: points that differ in one factor alone, in its order. */
function groupsOf<T extends Drawn>(
  { factors }: StudyResult,
  drawn: readonly T[],
  axis = factors.findIndex(({ values }) => values.length > 1),
): readonly { readonly name: string; readonly items: readonly T[] }[] {
  const others = factors.filter((_, i) => i !== axis);
  const nameOf = ({ point }: T) =>
    combinationText(
      others,
      point.values.filter((_, i) => i !== axis),
    ) || 'all';
  const order = ({ point }: T) => factors[axis]?.values.indexOf(point.values[axis]!) ?? 0;
  const groups = [...Map.groupBy(drawn, nameOf)].map(([name, items]) => ({
    name,
    items: items.toSorted((a, b) => order(a) - order(b)),
  }));
  return groups.length > MOST_GROUPS ? [{ name: 'all', items: drawn }] : groups;
}

function tableSection(study: StudyResult): Markup {
  const { factors, points, gpus } = study;
  const shown = FIGURE_KEYS.filter((key) => points.some(({ figures }) => figures[key] !== undefined));
  const hasSlos = points.some(({ slo }) => slo !== null);
  const rows = points.map(
    (point, index) =>
      markup`<tr data-point="${index}" tabindex="0">
        ${point.values.map((value, i) => (i === 0 ? markup`<th scope="row">${value}</th>` : markup`<td>${value}</td>`))}
        ${gpus === undefined ? NOTHING : estimateCell('output_tokens_per_second', point.throughput)}
        ${shown.map((key) => estimateCell(key, point.figures[key]))}
        ${hasSlos ? markup`<td class="outcome ${point.slo ?? ''}">${point.slo ?? '–'}</td>` : NOTHING}
        <td>${point.byUser === null ? '–' : FRONT_TEXT[point.byUser]}</td>
        <td>${point.byTtft === null ? '–' : FRONT_TEXT[point.byTtft]}</td>
        <td class="runs">${point.cells.map(cellLink)}</td>
      </tr> `,
  );
  return markup`<section id="points">
    <h2>All combinations</h2>
    <p class="muted">Small: 95 % intervals; over the runs where a combination has several. Each run leads to its report.</p>
    <div class="scroll" tabindex="0" role="region" aria-label="All combinations">
      <table>
        <thead>
          <tr>
            ${factors.map(({ name }) => markup`<th>${name}</th>`)}
            ${gpus === undefined ? NOTHING : markup`<th>Output tokens/s per GPU</th>`}
            ${shown.map((key) => markup`<th>${FIGURES[key].title}</th>`)}${hasSlos ? markup`<th>SLOs</th>` : NOTHING}
            <th>Front by user</th>
            <th>Front by TTFT</th>
            <th>Runs</th>
          </tr>
        </thead>
        <tbody>
          ${rows}
        </tbody>
      </table>
    </div>
  </section>`;
}

function estimateCell(key: FigureKey, estimate: Estimate | null | undefined): Markup {
  if (estimate === null || estimate === undefined) return markup`<td>–</td>`;
  const [value, range] = estimateRangeText(key, estimate).split(' (');
  return markup`<td>${value!}${range === undefined ? NOTHING : markup`<small>${range.slice(0, -1)}</small>`}</td>`;
}

/** With the verdict of the run as its colour. */
function cellLink({ cell, state, verdict, reportFile = 'report.html' }: CellResult): Markup {
  if (state !== 'done') return markup`<span class="muted">${cell.repeat}: ${state}</span> `;
  return markup`<a class="${verdict ?? 'note'}" href="cells/${encodeURIComponent(cell.id)}/${reportFile}" title="${verdict ?? 'no verdict'}">${cell.repeat}</a> `;
}
