import { MARK_SYMBOLS, markText } from '../charts/mark-text.ts';
import type { RunHistory } from '../core/run-history.ts';
import { clockText } from '../live/lines.ts';
import { inOneLine, lineWidth, span, type Line } from './paint.ts';

const LABEL: Line = [span('Marks      ', 'quiet')];

/** The latest marks that fit, oldest first; undefined before there is one. */
export function markLine(history: RunHistory | undefined, width: number): Line | undefined {
  if (history === undefined || history.marks.length === 0) return undefined;
  let line: Line = [];
  for (const mark of history.marks.toReversed()) {
    const told: Line = [
      span(MARK_SYMBOLS[mark.kind], 'mark'),
      span(` ${clockText(mark.at_ns - history.start_ns)} ${inOneLine(markText(mark))}`),
    ];
    const longer = line.length === 0 ? told : [...told, span('  '), ...line];
    if (line.length > 0 && lineWidth(LABEL) + lineWidth(longer) > width) break;
    line = longer;
  }
  return [...LABEL, ...line];
}
