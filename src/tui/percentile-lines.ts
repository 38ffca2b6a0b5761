import { countText, durationText } from '../core/quantity-text.ts';
import type { SeriesName } from '../core/metric-catalogue.ts';
import type { RunHistory } from '../core/run-history.ts';
import type { LiveRow } from '../live/view-model.ts';
import { withSparks } from './count-lines.ts';
import { span, textWidth, type Line } from './paint.ts';

const LABEL_WIDTH = 16;
const CELL_WIDTH = 9;
/** In order of interest: where there is no room, the last ones are left out. */
const COLUMNS = [
  ['p50', 'p50'],
  ['p90', 'p90'],
  ['p99', 'p99'],
  ['p99.9', 'p999'],
  ['max', 'max'],
] as const satisfies readonly (readonly [string, keyof LiveRow])[];
/** Marks the series whose distribution is shown. */
const POINTER = '▸';

/** The percentiles so far, a series a line, with its median over time; the head line first. None before there are values. */
export function percentileLines(
  rows: readonly LiveRow[],
  history: RunHistory | undefined,
  selected: SeriesName,
  width: number,
): Line[] {
  if (rows.length === 0) return [];
  const columns = COLUMNS.slice(0, Math.max(1, Math.floor((width - LABEL_WIDTH - 1) / CELL_WIDTH)));
  const head = columns.map(([name]) => name.padStart(CELL_WIDTH)).join('');
  const hasSparks = width >= 75 && history !== undefined;
  return [
    [span(`${' '.repeat(LABEL_WIDTH + 1)}${head}${hasSparks ? ' p50 over time' : ''}`, 'quiet')],
    ...rows.map((row) => {
      const isSelected = row.series === selected;
      const words: Line = [
        span(isSelected ? POINTER : ' ', 'strong'),
        span(row.label.padEnd(LABEL_WIDTH), isSelected ? 'strong' : 'plain'),
        ...columns.map(([, column]) => span(cell(row[column], row.unit))),
      ];
      return withSparks(words, history?.series[row.series]?.p50 ?? [], width);
    }),
  ];
}

function cell(value: number, unit: LiveRow['unit']): string {
  const text = Number.isFinite(value) ? (unit === 'ns' ? durationText(value) : countText(value)) : '–';
  return ' '.repeat(Math.max(1, CELL_WIDTH - textWidth(text))) + text;
}
