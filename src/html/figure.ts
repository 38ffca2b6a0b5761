import type { Chart } from '../charts/chart.ts';
import { markup, trusted, type Markup } from './markup.ts';
import type { SvgPainter } from './svg-painter.ts';

/** Draws a chart at a width, px; the options depend on it. */
export type ChartAt = (width: number) => Chart;

export interface FigureOptions {
  /** One drawing for each width: `wide`, `narrow`; the style shows one of them. */
  readonly widths: readonly { readonly className: string; readonly width: number }[];
  /** px, without the labels of marks. */
  readonly height: number;
  /** Leave room for the values at the crosshair. */
  readonly readout: boolean;
}

/** A chart as a figure: title, what it shows, the drawing with its content in words for who cannot see it. */
export function figure(
  chartAt: ChartAt,
  { widths, height, readout }: FigureOptions,
  paint: SvgPainter,
): Markup {
  const { id, title, description, summary } = chartAt(widths[0]!.width);
  const drawings = widths.map(({ className, width }) => {
    const { option, plot } = chartAt(width);
    const svg = paint(option, { width, height: height + (plot?.labelsHeight ?? 0) });
    const label = `${title}. ${description} ${summary}`;
    const place = plot && { 'data-top': plot.top, 'data-labels': plot.labelsHeight };
    return trusted(
      inlineSvg(svg, `${id}-${className}`, { class: className, ...place, role: 'img', 'aria-label': label }),
    );
  });
  return markup`<figure id="${id}">
    <figcaption>
      <h3>${title}</h3>
      <p>${description}</p>
      ${readout ? markup`<p class="readout"></p>` : ''}
    </figcaption>
    ${drawings}
  </figure> `;
}

/** Attributes for events and updates, which a drawing that stands still does not need. */
const LIVE_ATTRIBUTES = / (?:ecmeta_\w+|class|pointer-events|xml:space)="[^"]*"/g;

/** The edges of bands. */
const INVISIBLE_LINES = /<path [^>]*fill="none"[^>]*stroke-width="0"[^>]*><\/path>\n?/g;

/** An SVG document as an element of a page: sized by the page, ids of its own, with these attributes. */
export function inlineSvg(
  svg: string,
  idPrefix: string,
  attributes: Readonly<Record<string, string | number>>,
): string {
  const [open = '', ...rest] = svg.split(/(?<=<svg[^>]*>)/);
  const [viewBox] = /viewBox="[^"]*"/.exec(open) ?? [''];
  const body = rest
    .join('')
    .replace(/<style[^>]*>[\s\S]*?<\/style>/g, '')
    .replace(INVISIBLE_LINES, '')
    .replace(LIVE_ATTRIBUTES, '')
    .replace(/ id="([^"]*)"/g, ` id="${idPrefix}-$1"`)
    .replace(/url\(#([^)]*)\)/g, `url(#${idPrefix}-$1)`);
  const said = Object.entries(attributes).map(([name, value]) => markup`${name}="${value}"`.markup);
  return `<svg ${said.join(' ')} ${viewBox}>${body}`;
}
