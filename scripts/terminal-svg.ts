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
    const bars: string[] = [];
    for (const part of line.split(/(\u001b\[[\d;]*m)/)) {
      const codes = /^\u001b\[([\d;]*)m$/.exec(part);
      if (codes !== null) {
        style = styleAfter(style, codes[1]!.split(';').map(Number));
        continue;
      }
      for (const { 0: token, 1: blocks, index } of part.matchAll(TOKENS)) {
        if (blocks === undefined) spans.push(span(token, column + index, style));
        else bars.push(...[...blocks].map((block, i) => bar(block, column + index + i, row, style)));
      }
      column += part.length;
    }
    widestColumns = Math.max(widestColumns, column);
    return `${bars.join('')}<text y="${PADDING + (row + 0.75) * LINE_HEIGHT}">${spans.join('')}</text>`;
  });
  const width = Math.ceil(widestColumns * CELL_WIDTH + 2 * PADDING);
  const height = lines.length * LINE_HEIGHT + 2 * PADDING;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${escaped(title)}">`,
    `<rect width="100%" height="100%" rx="8" fill="${BACKGROUND}"/>`,
    `<g font-family="ui-monospace, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="14">`,
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

/** Blocks of U+2581 to U+2588, or words a space apart: where more spaces stand the place is told, for viewers collapse them. */
const TOKENS = /([\u2581-\u2588]+)|[^\s\u2581-\u2588]+(?: [^\s\u2581-\u2588]+)*/g;

function span(text: string, column: number, { colour, bold, dim }: Style): string {
  const x = PADDING + column * CELL_WIDTH;
  const weight = bold ? ' font-weight="bold"' : '';
  const opacity = dim ? ' opacity="0.6"' : '';
  // The length is fixed so that columns line up whatever font the reader has.
  return `<tspan x="${x.toFixed(1)}" textLength="${(text.length * CELL_WIDTH).toFixed(1)}" lengthAdjust="spacingAndGlyphs" fill="${colour}"${weight}${opacity}>${escaped(text)}</tspan>`;
}

/** A block as a rectangle: letters would leave seams between the lines. */
function bar(block: string, column: number, row: number, { colour, dim }: Style): string {
  const height = (LINE_HEIGHT * (block.charCodeAt(0) - 0x2580)) / 8;
  const [x, y] = [PADDING + column * CELL_WIDTH, PADDING + (row + 1) * LINE_HEIGHT - height];
  const opacity = dim ? ' opacity="0.6"' : '';
  // A little wider than its cell, against seams between columns.
  return `<rect x="${x.toFixed(1)}" y="${y}" width="${CELL_WIDTH + 0.2}" height="${height}" fill="${colour}"${opacity}/>`;
}

function escaped(text: string): string {
  return text.replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/"/g, '&quot;');
}
