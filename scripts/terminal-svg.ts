/** Turns what `tmux capture-pane -e` prints (text with SGR colours) into an SVG of a terminal. */

const CELL_WIDTH = 8.4;
const LINE_HEIGHT = 18;
const PADDING = 16;
const COLOURS: Readonly<Record<number, string>> = {
  30: '#484f58',
  31: '#ff7b72',
  32: '#3fb950',
  33: '#d29922',
  34: '#58a6ff',
  35: '#bc8cff',
  36: '#39c5cf',
  37: '#b1bac4',
  90: '#6e7681',
};
/** Those of the 256 the dashboard uses. */
const INDEXED_COLOURS: Readonly<Record<number, string>> = {
  36: '#00af87',
  74: '#5fafd7',
  175: '#d787af',
  202: '#ff5f00',
  214: '#ffaf00',
  245: '#8a8a8a',
};
const FOREGROUND = '#e6edf3';
const BACKGROUND = '#0d1117';

interface Style {
  readonly colour: string;
  readonly bold: boolean;
  readonly dim: boolean;
}

const PLAIN: Style = { colour: FOREGROUND, bold: false, dim: false };

export function terminalSvg(text: string, title: string): string {
  const lines = text.trimEnd().split('\n');
  let style = PLAIN;
  let widestColumns = 0;
  const rows = lines.map((line, row) => {
    let column = 0;
    const spans: string[] = [];
    for (const part of line.split(/(\u001b\[[\d;]*m)/)) {
      const codes = /^\u001b\[([\d;]*)m$/.exec(part);
      if (codes !== null) {
        style = styleAfter(style, codes[1]!.split(';').map(Number));
        continue;
      }
      if (part.trim() !== '') spans.push(span(part, column, style));
      column += part.length;
    }
    widestColumns = Math.max(widestColumns, column);
    return `<text y="${PADDING + (row + 0.75) * LINE_HEIGHT}">${spans.join('')}</text>`;
  });
  const width = Math.ceil(widestColumns * CELL_WIDTH + 2 * PADDING);
  const height = lines.length * LINE_HEIGHT + 2 * PADDING;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escaped(title)}">`,
    `<rect width="100%" height="100%" rx="8" fill="${BACKGROUND}"/>`,
    `<g font-family="ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="14" xml:space="preserve">`,
    ...rows,
    '</g></svg>\n',
  ].join('\n');
}

function styleAfter(style: Style, codes: readonly number[]): Style {
  // 38;5;n is one colour of 256.
  if (codes.length >= 3) {
    const at = codes.findIndex((code, i) => code === 38 && codes[i + 1] === 5);
    if (at !== -1) {
      const colour = INDEXED_COLOURS[codes[at + 2]!] ?? FOREGROUND;
      const others = [...codes.slice(0, at), ...codes.slice(at + 3)];
      return { ...styleAfter(style, others), colour };
    }
  }
  return codes.reduce<Style>((now, code) => {
    if (code === 0) return PLAIN;
    if (code === 1) return { ...now, bold: true };
    if (code === 2) return { ...now, dim: true };
    if (code === 22) return { ...now, bold: false, dim: false };
    if (code === 39) return { ...now, colour: FOREGROUND };
    return COLOURS[code] === undefined ? now : { ...now, colour: COLOURS[code] };
  }, style);
}

function span(text: string, column: number, { colour, bold, dim }: Style): string {
  const lead = text.length - text.trimStart().length;
  const shown = text.trim();
  const x = PADDING + (column + lead) * CELL_WIDTH;
  const weight = bold ? ' font-weight="bold"' : '';
  const opacity = dim ? ' opacity="0.6"' : '';
  // The length is fixed so that columns line up whatever font the reader has.
  return `<tspan x="${x.toFixed(1)}" textLength="${(shown.length * CELL_WIDTH).toFixed(1)}" lengthAdjust="spacingAndGlyphs" fill="${colour}"${weight}${opacity}>${escaped(shown)}</tspan>`;
}

function escaped(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/"/g, '&quot;');
}
