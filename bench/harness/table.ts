import { type BenchLine, type BenchResult, type Goal, isSkipped, verdictOf } from './bench.ts';
import type { Spread } from './spread.ts';

export const TABLE_HEAD = ['what', 'measured', 'beside it', 'ratio', 'goal', ''] as const;

/** The cells of a line, as in {@link TABLE_HEAD}. */
export function cellsOf(line: BenchLine): readonly string[] {
  if (isSkipped(line)) return [line.what, `skipped: ${line.skipped}`, '', '', '', ''];
  const { what, value, unit, peer, goal } = line;
  return [
    what,
    `${spreadText(value)} ${unit}`,
    peer === undefined ? '' : `${peer.name}: ${spreadText(peer.value)}`,
    peer === undefined ? '' : spreadText(peer.ratio),
    goal === undefined ? '' : goalText(goal, line),
    verdictOf(line),
  ];
}

/** The lines as a table for a terminal. */
export function tableText(lines: readonly BenchLine[]): string {
  const rows = [TABLE_HEAD, ...lines.map(cellsOf)];
  const widths = TABLE_HEAD.map((_, column) =>
    Math.max(...rows.map((row) => (row[1]!.startsWith('skipped') && column > 0 ? 0 : row[column]!.length))),
  );
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** Median, lowest and highest: `131k (120k–140k)`. */
export function spreadText({ median, min, max, rounds }: Spread): string {
  return rounds === 1 ? numberText(median) : `${numberText(median)} (${numberText(min)}–${numberText(max)})`;
}

/** Three significant digits, with k and M. */
export function numberText(value: number): string {
  const size = Math.abs(value);
  if (size >= 1e6) return `${threeDigits(value / 1e6)}M`;
  if (size >= 1e4) return `${threeDigits(value / 1e3)}k`;
  return threeDigits(value);
}

function goalText({ of, bound, value }: Goal, { peer, unit }: BenchResult): string {
  const sign = bound === 'at least' ? '≥' : '≤';
  return of === 'ratio' ? `${sign} ${value} × ${peer!.name}` : `${sign} ${numberText(value)} ${unit}`;
}

function threeDigits(value: number): string {
  const size = Math.abs(value);
  const decimals = size >= 99.95 || size === 0 ? 0 : size >= 9.995 ? 1 : size >= 0.1 ? 2 : 4;
  return String(Number(value.toFixed(decimals)));
}
