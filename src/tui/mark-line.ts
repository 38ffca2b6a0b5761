import type { RunHistory, RunMark } from '../core/run-history.ts';
import { settingText } from '../core/quantity-text.ts';
import { clockText } from '../live/lines.ts';
import { harmless, lineWidth, span, type Line } from './paint.ts';
import { MARK_SYMBOLS } from './run-series.ts';

const LABEL: Line = [span('Marks      ', 'quiet')];

/** The latest marks that fit, oldest first; undefined before there is one. */
export function markLine(history: RunHistory | undefined, width: number): Line | undefined {
  if (history === undefined || history.marks.length === 0) return undefined;
  let line: Line = [];
  for (const mark of history.marks.toReversed()) {
    const told: Line = [
      span(MARK_SYMBOLS[mark.kind], 'mark'),
      span(` ${clockText(mark.at_ns - history.start_ns)} ${markText(mark)}`),
    ];
    const longer = line.length === 0 ? told : [...told, span('  '), ...line];
    if (line.length > 0 && lineWidth(LABEL) + lineWidth(longer) > width) break;
    line = longer;
  }
  return [...LABEL, ...line];
}

function markText({ kind, value, text }: RunMark): string {
  switch (kind) {
    case 'phase':
    case 'note':
      return harmless(text);
    case 'rate':
      return value === null ? 'rate' : `rate ${settingText(value)}/s`;
    case 'concurrency':
      return value === null ? 'concurrency' : `concurrency ${settingText(value)}`;
    default:
      return kind;
  }
}
