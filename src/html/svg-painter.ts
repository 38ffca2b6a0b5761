import type { ChartOption } from '../charts/chart.ts';
import { resolveFormatters } from '../charts/formatters.ts';

export interface DrawingSize {
  /** px. */
  readonly width: number;
  readonly height: number;
}

/** Draws a chart as an SVG document, in some ms. */
export type SvgPainter = (option: ChartOption, size: DrawingSize) => string;

/**
 * Loads what draws, once a process (about 50 ms): the one file of ECharts with what our charts need in it, since its modules take ten
 * times as long to load.
 */
export async function loadSvgPainter(): Promise<SvgPainter> {
  const { default: echarts } = await import('echarts/dist/echarts.common.min.js');
  return (option, { width, height }) => {
    const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width, height });
    try {
      chart.setOption(resolveFormatters(option));
      return chart.renderToSVGString();
    } finally {
      chart.dispose();
    }
  };
}
