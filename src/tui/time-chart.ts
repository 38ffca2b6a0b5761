import type { RunHistory } from '../core/run-history.ts';
import { clockText } from '../live/lines.ts';
import { barLevel, bars, gather, valuesAColumn, type Gather } from './bars.ts';
import { span, textWidth, type Line } from './paint.ts';
import { MARK_SYMBOLS } from '../charts/mark-text.ts';

/** One quantity over the bins of a history. */
export interface PlottedSeries {
  readonly values: readonly (number | null)[];
  readonly how: Gather;
  /** A line to compare the bars with, such as the rate asked for. */
  readonly wanted?: readonly (number | null)[];
}

/** A quantity as bars from the start of the run to now, `height` rows high with the time axis, and the marks on it. */
export function timeChart(
  { values, how, wanted = [] }: PlottedSeries,
  history: RunHistory,
  { width, height }: { readonly width: number; readonly height: number },
): Line[] {
  const shown = gather(values, width, how);
  const compared = gather(wanted, width, 'mean');
  const highest = Math.max(0, ...[...shown, ...compared].map((value) => value ?? 0));
  const barRows = Math.max(1, height - 1);
  const levels = compared.map((value) => barLevel(value, barRows, highest));
  const rows = bars(shown, barRows, highest).map((text, row): Line => {
    const below = (barRows - 1 - row) * 8;
    const overlaid = [...text].map((bar, column) => {
      const level = levels[column] ?? 0;
      return bar === ' ' && level > below && level <= below + 8 ? '╌' : bar;
    });
    return [span(overlaid.join(''), 'chart')];
  });
  return [...rows, timeAxis(history, width)];
}

/** The column of each mark where {@link timeChart} and spark lines of that width show it. */
export function markColumns(history: RunHistory, width: number): ReadonlyMap<number, string> {
  const { marks, start_ns: startNs, bin_ns: binNs } = history;
  const columnNs = binNs * valuesAColumn(binCount(history), width);
  return new Map(
    marks.map(({ at_ns: atNs, kind }) => [
      Math.min(width - 1, Math.max(0, Math.floor((atNs - startNs) / columnNs))),
      MARK_SYMBOLS[kind],
    ]),
  );
}

/** A row of dots with the marks on it, and the time at its ends. */
export function timeAxis(history: RunHistory, width: number): Line {
  const { start_ns: startNs, end_ns: endNs } = history;
  const used = Math.ceil(binCount(history) / valuesAColumn(binCount(history), width));
  const end = clockText(endNs - startNs);
  const endAt = Math.min(width - textWidth(end), used);
  const symbols = markColumns(history, width);
  const line: Line[number][] = [];
  for (let column = 0; column < Math.max(0, endAt); column++) {
    const symbol = symbols.get(column);
    line.push(symbol === undefined ? span('┈', 'quiet') : span(symbol, 'mark'));
  }
  return width < textWidth(end) ? [] : [...merged(line), span(end, 'quiet')];
}

function binCount({ counts }: RunHistory): number {
  return counts.issued.length;
}

/** Neighbours of one tone in one span. */
function merged(line: Line): Line {
  const spans: { text: string; tone: Line[number]['tone'] }[] = [];
  for (const { text, tone } of line) {
    const last = spans.at(-1);
    if (last?.tone === tone) last.text += text;
    else spans.push({ text, tone });
  }
  return spans;
}
