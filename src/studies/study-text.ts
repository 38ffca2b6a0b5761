import { countedText } from '../core/quantity-text.ts';
import { alignColumns } from '../core/text-table.ts';
import { estimateText, FIGURE_KEYS, type FigureKey, FIGURES } from './figures.ts';
import type { Estimate } from './run-means.ts';
import { repeatTable } from './repeat-text.ts';
import type { CellResult, StudyPoint, StudyResult } from './study-result.ts';

const SHOWN: readonly FigureKey[] = [
  'requests_per_second',
  'output_tokens_per_second',
  'tokens_per_second_per_user',
  'ttft_p50_ns',
  'ttft_p99_ns',
  'error_share',
  'joules_per_output_token',
  'cost_per_million_output_tokens',
];

/** What `*` and `~` at the end of a row stand for. */
const FRONT_LEGEND =
  '* on the Pareto front of throughput against tokens/s per user; ~ may be, within the intervals';

/** A study for the terminal: a row for each combination, then what it came to. Lines of text. */
export function studyText(study: StudyResult): readonly string[] {
  const { factors, points, conclusions } = study;
  if (study.kind === 'repeat')
    return [
      ...repeatTable(study.cells.filter(({ state }) => state === 'done')),
      ...stateLines(study.cells),
      ...(conclusions.length === 0 ? [] : ['', ...conclusions]),
    ];
  const shown = SHOWN.filter((key) => points.some(({ figures }) => figures[key] !== undefined));
  const hasSlos = points.some(({ slo }) => slo !== null);
  const hasFront = points.filter(({ byUser }) => byUser !== null).length > 1;
  const head = [
    ...factors.map(({ name }) => name),
    ...(study.gpus === undefined ? [] : ['tok/s/GPU']),
    ...shown.map((key) => FIGURES[key].short),
    ...(hasSlos ? ['SLOs'] : []),
    ...['runs', 'verdict', ...(hasFront ? [''] : [])],
  ];
  const rows = points.map((point) => [
    ...point.values,
    ...(study.gpus === undefined ? [] : [cellText('output_tokens_per_second', point.throughput)]),
    ...shown.map((key) => cellText(key, point.figures[key])),
    ...(hasSlos ? [point.slo ?? '–'] : []),
    ...[runsText(point), point.verdict ?? '–', ...(hasFront ? [frontMark(point)] : [])],
  ]);
  return [
    ...(points.length === 0 ? [] : alignColumns([head, ...rows])),
    ...(hasFront ? ['', FRONT_LEGEND] : []),
    ...stateLines(study.cells),
    ...(conclusions.length === 0 ? [] : ['', ...conclusions]),
  ];
}

/** Which cells have no result, or no decided SLOs, and why; nothing when all have them. */
export function stateLines(cells: readonly CellResult[]): readonly string[] {
  const missing = cells.filter(({ state }) => state === 'missing').length;
  const skipped = cells.filter(({ state }) => state === 'skipped');
  const lines = [
    ...cells
      .filter(({ state }) => state === 'failed')
      .map(({ cell, reason }) => `failed: ${cell.id}: ${reason ?? ''}`),
    ...cells
      .filter(({ state, reason }) => state === 'done' && reason !== null)
      .map(({ cell, reason }) => `SLOs undecided: ${cell.id}: ${reason}`),
    ...(skipped.length === 0
      ? []
      : [`${countedText(skipped.length, 'cell')} skipped: ${skipped[0]!.reason ?? 'not needed'}`]),
    ...(missing === 0 ? [] : [`${countedText(missing, 'cell')} not measured yet`]),
  ];
  return lines.length === 0 ? [] : ['', ...lines];
}

/** A study as CSV: a line for each cell with everything that was measured; columns of intervals end in `_low` and `_high`. */
export function studyCsv({ factors, cells }: StudyResult): string {
  const head = [
    'cell',
    ...factors.map(({ name }) => name),
    ...['repeat', 'state', 'started_at', 'verdict', 'slos'],
    ...FIGURE_KEYS.flatMap((key) => [key, `${key}_low`, `${key}_high`]),
  ];
  const rows = cells.map(({ cell, state, startedAt, verdict, slos, figures }) => [
    cell.id,
    ...cell.values,
    ...[String(cell.repeat), state, startedAt ?? '', verdict ?? ''],
    slos.map(({ slo, outcome }) => `${slo}: ${outcome}`).join('; '),
    ...FIGURE_KEYS.flatMap((key) => csvEstimate(figures[key])),
  ]);
  return [head, ...rows].map((row) => `${row.map(csvText).join(',')}\n`).join('');
}

function csvEstimate(estimate: Estimate | undefined): readonly string[] {
  if (estimate === undefined) return ['', '', ''];
  return [estimate.value, estimate.low, estimate.high].map((value) => (value === null ? '' : String(value)));
}

/** As RFC 4180 has it; a text that a spreadsheet would take for a formula is none behind a quote. */
function csvText(text: string): string {
  const safe = /^[=+@\t\r]|^-(?![\d.])/.test(text) ? `'${text}` : text;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}

function cellText(key: FigureKey, estimate: Estimate | null | undefined): string {
  return estimate === null || estimate === undefined ? '–' : estimateText(key, estimate);
}

function runsText({ runs, cells }: StudyPoint): string {
  return runs === cells.length ? String(runs) : `${runs} of ${cells.length}`;
}

/** `*` on the front, `~` maybe. */
function frontMark({ byUser }: StudyPoint): string {
  return byUser === 'on' ? '*' : byUser === 'maybe' ? '~' : '';
}
