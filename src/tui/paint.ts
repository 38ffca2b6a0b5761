import { visibleLine } from '../core/visible-text.ts';

/** What a piece of text is, not what it looks like: how it is painted depends on the terminal. */
export type Tone = 'plain' | 'strong' | 'quiet' | 'good' | 'warn' | 'bad' | 'chart' | 'mark';

export interface Span {
  readonly text: string;
  readonly tone: Tone;
}

/** One row of the screen. */
export type Line = readonly Span[];

/** Colours a terminal can show: none, the 16 of its theme, 256. */
export type ColourDepth = 'none' | '16' | '256';

/** SGR parameters. Without colours weight alone tells things apart; the 256 are those of Okabe and Ito, told apart by colour-blind eyes. */
const PALETTES: Readonly<Record<ColourDepth, Readonly<Record<Tone, string>>>> = {
  none: { plain: '', strong: '1', quiet: '2', good: '1', warn: '1', bad: '1;7', chart: '', mark: '1' },
  '16': { plain: '', strong: '1', quiet: '2', good: '32', warn: '33', bad: '1;31', chart: '36', mark: '35' },
  '256': {
    ...{ plain: '', strong: '1', quiet: '38;5;245', good: '38;5;36', warn: '38;5;214', bad: '1;38;5;202' },
    ...{ chart: '38;5;74', mark: '38;5;175' },
  },
};

/** All text of the screen passes here, and none of it does anything to the terminal. */
export function span(text: string, tone: Tone = 'plain'): Span {
  return { text: visibleLine(text), tone };
}

export function lineWidth(line: Line): number {
  return line.reduce((sum, { text }) => sum + textWidth(text), 0);
}

/** In code points: right for all but wide characters, which only a user's own words may hold. */
export function textWidth(text: string): number {
  return [...text].length;
}

/** The line in at most `width` columns; one that is longer ends in `…`. */
export function clip(line: Line, width: number): Line {
  if (lineWidth(line) <= width) return line;
  const kept: Span[] = [];
  let left = Math.max(0, width - 1);
  for (const { text, tone } of line) {
    const characters = [...text];
    kept.push(span(characters.slice(0, left).join(''), tone));
    left -= characters.length;
    if (left < 0) break;
  }
  return width > 0 ? [...kept, span('…', kept.at(-1)?.tone ?? 'plain')] : [];
}

/** The line in exactly `width` columns. */
export function fit(line: Line, width: number): Line {
  const clipped = clip(line, width);
  const blanks = width - lineWidth(clipped);
  return blanks > 0 ? [...clipped, span(' '.repeat(blanks))] : clipped;
}

/** `left` and `right` at the two ends of `width` columns; where both don't fit, `right` is left out. */
export function spread(left: Line, right: Line, width: number): Line {
  const blanks = width - lineWidth(left) - lineWidth(right);
  return blanks >= 2 ? [...left, span(' '.repeat(blanks)), ...right] : clip(left, width);
}

/** Columns of lines side by side, each in exactly `width` columns. */
export function besides(columns: readonly (readonly Line[])[], width: number, gap: number): Line[] {
  const height = Math.max(0, ...columns.map((lines) => lines.length));
  return Array.from({ length: height }, (_, row) =>
    columns.flatMap((lines, column) => [
      ...(column === 0 ? [] : [span(' '.repeat(gap))]),
      ...fit(lines[row] ?? [], width),
    ]),
  );
}

export function plainText(line: Line): string {
  return line
    .map(({ text }) => text)
    .join('')
    .trimEnd();
}

/** The line as a terminal of that depth wants it. */
export function paint(line: Line, depth: ColourDepth): string {
  const palette = PALETTES[depth];
  return line
    .map(({ text, tone }) => {
      const code = palette[tone];
      return code === '' || text.trim() === '' ? text : `\u001b[${code}m${text}\u001b[0m`;
    })
    .join('')
    .trimEnd();
}

/** What a terminal shows, from the bits a colour takes there (`getColorDepth`, which knows NO_COLOR, FORCE_COLOR and TERM). */
export function colourDepth(bits: number): ColourDepth {
  if (bits < 4) return 'none';
  return bits < 8 ? '16' : '256';
}

/** Text that somebody wrote, in one line. */
export function inOneLine(text: string): string {
  return text.replace(/\s+/g, ' ').trim();
}
